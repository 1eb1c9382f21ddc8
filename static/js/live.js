// Keeps the list true: asks for the rows that events name, changes cells in place, hands arrivals over, renews counts.
(function () {
  "use strict";
  const PAUSE_MS = 1000;
  // News that bring a row to its place in the order; anything else changes it where it stands.
  const NEWS = ["opened", "reopened", "letter", "power_back"];
  const named = new Map();
  let everything = false, busy = false, timer = 0, askedAt = 0;

  function known() { return Array.from(document.querySelectorAll("#rows > [data-code]"), function (row) { return row.dataset.code; }); }

  // The first event is asked about at once, those that follow within a second together.
  function plan() {
    if (timer || busy) { return; }
    timer = setTimeout(ask, Math.max(0, askedAt + PAUSE_MS - Date.now()));
  }

  async function ask() {
    timer = 0;
    busy = true;
    askedAt = Date.now();
    const main = document.getElementById("main"), kinds = new Map(named), whole = everything;
    named.clear();
    everything = false;
    const codes = whole ? Array.from(new Set([...known(), ...kinds.keys()])) : Array.from(kinds.keys());
    const address = new URL(main.dataset.url, location.href);
    address.searchParams.set("live", "1");
    address.searchParams.set("codes", codes.slice(0, 200).join(","));
    if (whole && !("later" in main.dataset)) { address.searchParams.set("first", "1"); }
    try {
      const answer = await fetch(address, { redirect: "error" });
      if (answer.ok && document.getElementById("main") === main) {
        put(new DOMParser().parseFromString(await answer.text(), "text/html"), codes, kinds);
      }
    } catch (error) {
      // The next event or the poll asks again; the line below the list says that the connection is lost.
      everything = true;
    }
    busy = false;
    if (named.size) { plan(); }
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
    renew(fresh);
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
    plan();
  });
  document.body.addEventListener("resync", function () { everything = true; plan(); });
})();
