// Keeps the list true: asks for the rows that events name, changes cells in place, hands arrivals over, renews counts.
(function () {
  "use strict";
  const ROWS_MS = 250;
  const COUNTS_MS = 1000;
  const MOST_CODES = 200;
  // News that bring a row to its place in the order; anything else changes it where it stands.
  const NEWS = ["opened", "reopened", "letter", "power_back"];
  const WENT_BACK = performance.getEntriesByType("navigation").some(function (each) { return each.type === "back_forward"; });
  let named = new Map();
  let everything = false, counts = false, busy = false, timer = 0, askedAt = 0, countedAt = 0;

  function known() { return Array.from(document.querySelectorAll("#rows > [data-code]"), function (row) { return row.dataset.code; }); }

  // A first event is asked about at once, those that follow closely together; counts once a second at most.
  function plan() {
    if (busy || !(named.size || everything || counts)) { return; }
    const at = named.size || everything ? askedAt + ROWS_MS : countedAt + COUNTS_MS;
    clearTimeout(timer);
    timer = setTimeout(ask, Math.max(0, at - Date.now()));
  }

  function address(main, codes, whole, withCounts) {
    const question = new URL(main.dataset.url, location.href);
    question.searchParams.set("live", withCounts ? "counts" : "rows");
    question.searchParams.set("codes", codes.slice(0, MOST_CODES).join(","));
    if (whole && !("later" in main.dataset)) { question.searchParams.set("first", "1"); }
    // Once, and not of a page that "back" has brought: what was read on a card meanwhile is no event.
    if (whole && !WENT_BACK && main.dataset.mark) { question.searchParams.set("since", main.dataset.mark); }
    delete main.dataset.mark;
    return question;
  }

  async function ask() {
    const main = document.getElementById("main"), kinds = named, whole = everything;
    const codes = whole ? Array.from(new Set([...known(), ...kinds.keys()])) : Array.from(kinds.keys());
    const withCounts = counts && Date.now() - countedAt >= COUNTS_MS;
    named = new Map();
    everything = false;
    busy = true;
    askedAt = Date.now();
    if (withCounts) { counts = false; countedAt = askedAt; }
    const answer = await fetch(address(main, codes, whole, withCounts), { redirect: "manual" }).catch(function () { return null; });
    const text = answer && answer.ok ? await answer.text().catch(function () { return null; }) : null;
    busy = false;
    if (text === null) {
      // The next event or the poll asks again; the line below the list says that the connection is lost.
      everything = true;
      if (answer && answer.type === "opaqueredirect") { document.body.dispatchEvent(new CustomEvent("signed-out")); }
      return;
    }
    // Nothing happened since the page was drawn; and meanwhile another queue may have come in.
    if (answer.status !== 204 && document.getElementById("main") === main) { put(new DOMParser().parseFromString(text, "text/html"), codes, kinds); }
    plan();
  }

  function put(fresh, codes, kinds) {
    const arriving = [], found = new Set();
    fresh.querySelectorAll("#rows > [data-code]").forEach(function (row) {
      const code = row.dataset.code, old = window.deskArrivals.find(code);
      found.add(code);
      document.adoptNode(row);
      if (old) { change(old, row); }
      const isNews = NEWS.includes(kinds.get(code)) && old && old.dataset.key !== row.dataset.key;
      if (!old || isNews || window.deskArrivals.has(code)) { arriving.push(row); }
    });
    window.deskArrivals.take(arriving, codes.filter(function (code) { return !found.has(code); }));
    if (fresh.getElementById("queues")) { renew(fresh); }
  }

  // Only cells that differ are replaced, and flash once.
  function change(old, row) {
    const cells = Array.from(row.cells, function (cell) { return cell.cloneNode(true); });
    old.classList.toggle("unread", row.classList.contains("unread"));
    Array.from(old.cells).forEach(function (cell, number) {
      if (says(cell) === says(cells[number])) { return; }
      cell.replaceChildren(...cells[number].childNodes);
      cell.classList.remove("flash");
      requestAnimationFrame(function () { cell.classList.add("flash"); });
    });
  }
  // Clocks and ages run on by themselves: only what they count from is news.
  function says(cell) {
    const clock = cell.querySelector("[data-due]"), time = cell.querySelector("time");
    return clock ? clock.dataset.start + clock.dataset.due : time ? time.dateTime : cell.innerHTML;
  }

  function renew(fresh) {
    ["queues", "tabs"].forEach(function (id) {
      const old = document.getElementById(id), next = fresh.getElementById(id);
      if (!old || !next || old.contains(document.activeElement)) { return renewNumbers(old, next); }
      const left = old.scrollLeft;
      old.replaceChildren(...document.adoptNode(next).childNodes);
      old.scrollLeft = left;
      htmx.process(old);
    });
    const count = document.querySelector("h1 #count");
    if (count && count.textContent) { count.textContent = fresh.getElementById("count").textContent; }
    if (fresh.title) { document.title = fresh.title; }
  }
  function renewNumbers(old, next) {
    const numbers = next ? next.querySelectorAll(".n") : [];
    if (old) { old.querySelectorAll(".n").forEach(function (n, i) { if (numbers[i]) { n.textContent = numbers[i].textContent; } }); }
  }

  document.body.addEventListener("incident", function (event) {
    const before = named.get(event.detail.code);
    if (!NEWS.includes(before)) { named.set(event.detail.code, event.detail.kind); }
    counts = true;
    plan();
  });
  document.body.addEventListener("resync", function () { everything = counts = true; plan(); });
})();
