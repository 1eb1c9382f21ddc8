// Nothing moves under the hand: rows that arrive wait in the pill while somebody is in the list, else they enter at once.
(function () {
  "use strict";
  // A row selected with the keyboard counts as a hand for so long after the last key or movement.
  const QUIET_MS = 60000;
  const MOST_ROWS = 150;
  const waiting = new Map(), leaving = new Set();
  const plural = new Intl.PluralRules(document.documentElement.lang);
  let over = false, movedAt = 0;

  const body = function () { return document.getElementById("rows"); };
  const find = function (code) { return body().querySelector("[data-code='" + CSS.escape(code) + "']"); };

  function handIsHere() {
    const scroll = document.getElementById("scroll");
    const scrolled = scroll.scrollTop > 0 || (getComputedStyle(scroll).overflowY === "visible" && scrollY > 0);
    const chosen = body().querySelector("[aria-current]") && Date.now() - movedAt < QUIET_MS;
    return over || scrolled || Boolean(chosen) || body().contains(document.activeElement);
  }

  // Keys are "<moment>~<id>"; instead of the moment stands "L<length>" where a clock stands still, or nothing. These come
  // after the others, whichever way the list goes (incidents/paging.py).
  function leg(place) { return place === "" ? 2 : place[0] === "L" ? 1 : 0; }
  function compare(one, other) {
    const [a, idA] = one.dataset.key.split("~"), [b, idB] = other.dataset.key.split("~");
    const sign = falling() ? -1 : 1;
    if (leg(a) !== leg(b)) { return leg(a) - leg(b); }
    return a === b ? sign * (Number(idA) - Number(idB)) : sign * (a < b ? -1 : 1);
  }
  function falling() { return "falling" in document.getElementById("main").dataset; }

  // Where the row belongs; null if that is on a later page.
  function place(row) {
    const rows = Array.from(body().children).filter(function (other) { return other !== row; });
    const next = rows.find(function (other) { return compare(row, other) < 0; });
    if (next) { return { before: next }; }
    return document.getElementById("next") ? null : { before: null };
  }

  function enter(row) {
    const old = find(row.dataset.code);
    if (old && old.hasAttribute("aria-current")) { row.setAttribute("aria-current", "true"); }
    const where = place(row);
    if (old) { old.remove(); }
    if (!where) { return; }
    body().insertBefore(row, where.before && where.before.isConnected ? where.before : null);
    row.classList.add("flash");
    htmx.process(row);
  }

  function trim() {
    while (body().children.length > MOST_ROWS) { body().lastElementChild.remove(); }
    const next = document.getElementById("next"), last = body().lastElementChild;
    if (next && last) {
      const address = new URL(next.href);
      address.searchParams.set("after", last.dataset.key);
      next.href = address;
    }
  }

  function flow() {
    Array.from(waiting.values()).sort(compare).reverse().forEach(enter);
    leaving.forEach(function (code) { const row = find(code); if (row) { row.remove(); } });
    waiting.clear();
    leaving.clear();
    trim();
    drawPill();
  }

  function drawPill() {
    const pill = document.getElementById("pill");
    const number = waiting.size, form = plural.select(number);
    pill.hidden = number === 0;
    pill.lastElementChild.textContent = (pill.dataset[form] || pill.dataset.many).replace(/\d+/, number);
  }

  // `rows` arrive or move to their place; `gone` leave. On a later page nothing enters: the pill leads to the first.
  window.deskArrivals = {
    take: function (rows, gone) {
      rows.forEach(function (row) { waiting.set(row.dataset.code, row); });
      gone.forEach(function (code) {
        waiting.delete(code);
        const row = find(code);
        if (row) { leaving.add(code); row.classList.add("gone"); }
      });
      if (!onFirstPage() || handIsHere()) { drawPill(); } else { flow(); }
    },
    // A row that waits is not drawn yet, but is known.
    has: function (code) { return waiting.has(code); },
    find: find,
    forget: function () { waiting.clear(); leaving.clear(); }
  };
  function onFirstPage() { return !("later" in document.getElementById("main").dataset); }

  function show() {
    if (onFirstPage()) { document.getElementById("scroll").scrollTop = 0; flow(); }
    else { location.assign(document.getElementById("main").dataset.url); }
  }
  document.addEventListener("click", function (event) { if (event.target.closest("#pill")) { show(); } });
  document.addEventListener("keydown", function (event) {
    if (event.code === "Period" && waiting.size && window.deskKeyIsFree(event)) { show(); }
  });
  document.addEventListener("pointerover", function (event) {
    const inside = event.pointerType === "mouse" && event.target.closest && event.target.closest("#main") !== null;
    if (over && !inside) { over = false; settle(); }
    over = inside;
  });
  // The whole column counts, so that the pill does not go before it is pressed.
  document.documentElement.addEventListener("pointerleave", function () { over = false; settle(); });
  ["pointermove", "keydown"].forEach(function (name) {
    document.addEventListener(name, function () { movedAt = Date.now(); }, { passive: true });
  });
  function settle() { if (onFirstPage() && (waiting.size || leaving.size) && !handIsHere()) { flow(); } }
  setInterval(settle, 5000);
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.id === "main") { window.deskArrivals.forget(); drawPill(); }
  });
})();
