// Keeps the figures fresh without losing the reader's place, walks the hours by arrows, prints.
(function () {
  "use strict";
  const EVERY_MS = 60000;
  const CAN_FOCUS = "a[href],button,summary";
  let asked = Date.now();
  let place = null;
  let open = [];

  function figures() { return document.getElementById("figures"); }

  function renew() {
    const box = figures();
    if (!box || document.hidden || box.querySelector("details.dk-why[open]")) { return; }
    asked = Date.now();
    const query = new URLSearchParams(location.search);
    query.set("part", "figures");
    window.htmx.ajax("GET", location.pathname + "?" + query, { target: box, swap: "innerHTML" });
  }
  setInterval(renew, EVERY_MS);
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden && Date.now() - asked >= EVERY_MS) { renew(); }
  });

  // The focus stays on the same link of the same box, and what was unfolded stays so.
  document.addEventListener("htmx:beforeSwap", function (event) {
    const box = event.target;
    if (box.id !== "figures" && box.id !== "breakdown") { return; }
    open = Array.from(box.querySelectorAll("details[open][id]"), function (each) { return each.id; });
    const now = document.activeElement;
    const section = box.contains(now) && now.closest("section[id]");
    place = section ? { id: section.id, n: Array.from(section.querySelectorAll(CAN_FOCUS)).indexOf(now) } : null;
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.id !== "figures" && event.target.id !== "breakdown") { return; }
    open.forEach(function (id) {
      const each = document.getElementById(id);
      if (each) { each.open = true; }
    });
    const section = place && document.getElementById(place.id);
    const again = section && section.querySelectorAll(CAN_FOCUS)[place.n];
    if (again) { again.focus({ preventScroll: true }); }
    place = null;
  });

  // One hour is reached by Tab, the others by arrows.
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  document.addEventListener("keydown", function (event) {
    const step = STEPS[event.key];
    const cell = step && event.target.closest && event.target.closest(".db-heat td");
    if (!cell) { return; }
    event.preventDefault();
    let row = cell.parentNode, column = cell.cellIndex, link = null;
    while (row && !link) {
      column += step[1];
      if (step[0]) { row = step[0] < 0 ? row.previousElementSibling : row.nextElementSibling; }
      const next = row && row.cells[column];
      if (!next || column < 1) { return; }
      link = next.querySelector("a");
    }
    if (!link) { return; }
    event.target.tabIndex = -1;
    link.tabIndex = 0;
    link.focus();
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) { window.print(); }
  });
})();
