// The reckoning of a clock: opens below the clock it belongs to, prints, copies a link that was made.
(function () {
  "use strict";
  const GAP = 6, SHOWN_MS = 2000;
  let opener = null;

  const place = function () { return document.getElementById("clock-why"); };

  document.addEventListener("click", function (event) {
    const clock = event.target.closest("[data-clock-why]");
    if (clock) {
      opener = clock;
    } else if (event.target.closest(".dk-ck") && !String(getSelection())) {
      // The whole clock is as good as its name.
      const name = event.target.closest(".dk-ck").querySelector("[data-clock-why]");
      if (name) { name.click(); }
    }
    if (event.target.closest("[data-print]")) { window.print(); }
    const button = event.target.closest("[data-copy-address]");
    if (button) { copy(button, document.querySelector(button.dataset.copyAddress)); }
  });

  function copy(button, field) {
    field.select();
    navigator.clipboard.writeText(field.value).then(function () {
      const icon = button.querySelector("use"), before = icon.getAttribute("href");
      icon.setAttribute("href", before.replace(/#.*/, "#i-check"));
      setTimeout(function () { icon.setAttribute("href", before); }, SHOWN_MS);
    }, function () { field.focus(); });
  }

  document.addEventListener("htmx:afterSwap", function (event) {
    const box = place();
    if (!box || event.target !== box) { return; }
    if (!box.matches(":popover-open")) { box.showPopover(); }
    stand(box);
    const made = box.querySelector("[data-made]");
    if (made) { made.focus(); made.select(); } else { box.focus({ preventScroll: true }); }
  });

  // Below the clock, inside the window; on a narrow screen the whole width.
  function stand(box) {
    const at = (opener && opener.closest(".dk-ck") || document.body).getBoundingClientRect();
    const width = box.getBoundingClientRect().width;
    box.style.left = Math.max(GAP, Math.min(at.left, document.documentElement.clientWidth - width - GAP)) + "px";
    box.style.top = Math.max(GAP, Math.min(at.bottom + GAP, innerHeight - box.offsetHeight - GAP)) + "px";
  }

  // The header may have been drawn anew meanwhile: its clock of the same address is the one to return to.
  document.addEventListener("toggle", function (event) {
    if (event.target !== place() || event.newState !== "closed" || !opener) { return; }
    const again = document.querySelector("[hx-get='" + opener.getAttribute("hx-get") + "']");
    if (again && (document.activeElement === document.body || place().contains(document.activeElement))) { again.focus(); }
  }, true);
})();
