// The menus of the filter and of the look: a box that narrows a long list of values, and choices that take effect at once.
(function () {
  "use strict";
  let reopens = "";

  document.addEventListener("input", function (event) {
    const menu = event.target.dataset.narrows && document.getElementById(event.target.dataset.narrows);
    if (!menu) { return; }
    const words = event.target.value.trim().toLocaleLowerCase();
    menu.querySelectorAll(".values .row").forEach(function (row) {
      const box = row.querySelector("input");
      row.hidden = !box.checked && !row.textContent.toLocaleLowerCase().includes(words);
    });
  });
  // Enter in the box is for the list, not for the form: it ticks the only value that is left.
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || !event.target.dataset.narrows) { return; }
    const left = event.target.form.querySelectorAll(".values .row:not([hidden]) input:not(:checked)");
    if (left.length === 1) { left[0].checked = true; } else { event.preventDefault(); }
  });

  // The look is chosen by trying: each choice is sent at once, and the menu stays.
  document.addEventListener("change", function (event) {
    const form = event.target.closest("form[data-look]");
    if (form) { form.requestSubmit(); }
  });
  document.addEventListener("submit", function (event) {
    if (event.target.matches("form[data-look]")) { reopens = event.target.closest("[popover]").id; }
  }, true);
  // htmx copies the place of an open menu to its successor as a style attribute, which the policy of the page forbids.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.target.id !== "main") { return; }
    event.target.querySelectorAll(".dk-menu[style]").forEach(function (menu) { menu.removeAttribute("style"); });
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.id !== "main") { return; }
    const menu = reopens && document.getElementById(reopens);
    if (menu) { menu.showPopover(); }
    reopens = "";
  });
})();
