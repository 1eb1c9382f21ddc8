// Choosing rows: x or the box chooses one, Shift a stretch, the box above all of the page; the bar works on what is chosen,
// its letters also on the row one stands on while nothing is chosen.
(function () {
  "use strict";
  const plural = new Intl.PluralRules(document.documentElement.lang);
  // The boxes of a row are drawn anew with every change of the row, so the choice is kept here.
  const chosen = new Set();
  let anchor = null;
  // The row one stands on, chosen for one deed only because nothing else was.
  let isLone = false;

  const rows = function () { return Array.from(document.querySelectorAll("#rows > [data-code]")); };
  const box = function (row) { return row.querySelector(".c-sel input"); };
  const current = function () { return document.querySelector("#rows > [aria-current]"); };

  function set(row, on) {
    if (on) { chosen.add(row.dataset.code); } else { chosen.delete(row.dataset.code); }
  }
  // Everything from the row that was chosen last to this one.
  function stretch(row, on) {
    const all = rows(), from = all.findIndex(function (each) { return each.dataset.code === anchor; }), to = all.indexOf(row);
    if (from < 0) { set(row, on); return; }
    all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach(function (each) { set(each, on); });
  }
  function only(code) {
    chosen.clear();
    chosen.add(code);
    isLone = true;
    draw();
  }
  function choose(row, on, withShift) {
    isLone = false;
    if (withShift) { stretch(row, on); } else { set(row, on); }
    anchor = row.dataset.code;
    draw();
  }
  function clear() { chosen.clear(); anchor = null; isLone = false; draw(); }

  function draw() {
    const all = rows().filter(box), here = new Set(all.map(function (row) { return row.dataset.code; }));
    chosen.forEach(function (code) { if (!here.has(code)) { chosen.delete(code); } });
    all.forEach(function (row) { box(row).checked = chosen.has(row.dataset.code); });
    const whole = document.getElementById("select-all"), count = document.getElementById("bulk-count");
    if (whole) {
      whole.checked = all.length > 0 && chosen.size === all.length;
      whole.indeterminate = chosen.size > 0 && !whole.checked;
    }
    if (count && chosen.size) {
      count.textContent = (count.dataset[plural.select(chosen.size)] || count.dataset.many).replace(/\d+/, chosen.size);
    }
  }

  document.addEventListener("click", function (event) {
    const row = event.target.closest("#rows > [data-code]"), cell = event.target.closest(".c-sel");
    if (!row || !box(row) || event.button) { return; }
    if (event.target === box(row)) {
      choose(row, box(row).checked, event.shiftKey);
      // By mouse the keys of the list go on working at once; by the space bar the box keeps the focus.
      if (event.detail) { box(row).blur(); }
    } else if (event.shiftKey && !cell) {
      event.preventDefault();
      choose(row, true, true);
    }
    // The list opens a row that is clicked: not by its box.
    if (cell || event.shiftKey) { event.stopPropagation(); }
  }, true);
  document.addEventListener("mousedown", function (event) {
    if (event.shiftKey && event.target.closest("#rows")) { event.preventDefault(); }
  });
  document.addEventListener("change", function (event) {
    if (event.target.id !== "select-all") { return; }
    rows().filter(box).forEach(function (row) { set(row, event.target.checked); });
    event.target.blur();
    draw();
  });
  document.addEventListener("click", function (event) { if (event.target.closest("#bulk-clear")) { clear(); } });

  // Before the list's own keys: while something is chosen, Esc lets go of it, and letters mean the bar.
  document.addEventListener("keydown", function (event) {
    // Enter in a field would press the form's first button, whichever that is: here a button is chosen by itself.
    if (event.key === "Enter" && event.target.closest(".c-sel,#bulk input")) { event.preventDefault(); return; }
    if (!window.deskKeyIsFree(event)) { return; }
    const isMeant = (chosen.size || (current() && box(current()))) && !event.shiftKey;
    const button = isMeant && document.querySelector("[data-bulk='" + CSS.escape(event.code) + "']");
    if (event.code === "KeyX" && current() && box(current())) {
      choose(current(), event.shiftKey || !chosen.has(current().dataset.code), event.shiftKey);
    } else if (event.key === "Escape" && chosen.size) {
      clear();
    } else if (button) {
      if (!chosen.size) { only(current().dataset.code); }
      button.click();
    } else { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // A menu that was opened for the row alone is closed without a deed: the row is let go.
  document.addEventListener("toggle", function (event) {
    if (isLone && event.newState === "closed" && event.target.closest("#bulk") && !document.querySelector("#bulk.htmx-request")) { clear(); }
  }, true);

  // What is done is chosen no longer; what was refused stays. The rows are asked for, with the event stream or without it.
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.id !== "bulk-answer") { return; }
    document.querySelectorAll("#bulk :popover-open").forEach(function (menu) { menu.hidePopover(); });
    const done = event.target.querySelector("[data-done]"), dialog = event.target.querySelector("dialog");
    if (!done) { return; }
    const touched = Array.from(chosen);
    isLone = false;
    done.dataset.done.split(" ").forEach(function (code) { chosen.delete(code); });
    document.querySelectorAll("#bulk-reason,#bulk-other").forEach(function (field) { field.value = ""; });
    draw();
    if (dialog) { dialog.showModal(); }
    touched.forEach(function (code) {
      document.body.dispatchEvent(new CustomEvent("incident", { detail: { code: code, kind: "own" } }));
    });
  });

  let watched = null;
  const watcher = new MutationObserver(draw);
  function watch() {
    const list = document.getElementById("rows");
    if (list === watched) { return; }
    watcher.disconnect();
    watched = list;
    if (list) { watcher.observe(list, { childList: true, subtree: true }); }
  }
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.id === "main") { clear(); watch(); }
  });
  // For whoever offers deeds elsewhere: what is chosen, by code; `only` chooses one row for one deed.
  window.deskSelection = { codes: function () { return Array.from(chosen); }, only: only };
  watch();
  // A browser may bring ticked boxes back from its history.
  rows().forEach(function (row) { if (box(row) && box(row).checked) { set(row, true); } });
  draw();
})();
