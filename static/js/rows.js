// Walking the list: a click or j/k selects a row and shows it beside the list, Enter opens the card, t takes it, c takes
// the next step; e and r open the card where its site is corrected and where it is answered.
(function () {
  "use strict";
  const WALK_MS = 120;
  const NARROWED = "[data-code]";
  // Places of the card that a key leads to; who only looks on has none of them.
  const IN_CARD = { KeyE: "#site-pole", KeyR: "reply/" };
  let timer = 0;

  const pane = document.getElementById("preview");
  function list() { return Array.from(document.querySelectorAll("#rows > " + NARROWED)); }
  function current() { return document.querySelector("#rows > [aria-current]"); }
  function paneIsShown() { return pane.getClientRects().length > 0; }
  function link(row) { return row.querySelector("a.subj"); }

  function select(row, later) {
    const before = current();
    if (before && before !== row) { before.removeAttribute("aria-current"); }
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
    clearTimeout(timer);
    if (paneIsShown()) { timer = setTimeout(show, later ? WALK_MS : 0, row); }
  }

  // The help names r only where letters can be sent.
  function leadsIntoCard(code) {
    return document.getElementById("bulk") && (code !== "KeyR" || document.querySelector("#help [data-reply]"));
  }

  // The pane may still show the row before: then nothing is pressed.
  function press(button) {
    const found = current() && pane.dataset.code === current().dataset.code && pane.querySelector("[data-code='" + CSS.escape(pane.dataset.code) + "'] " + button);
    if (found) { found.click(); }
  }

  function show(row) {
    const code = row.dataset.code;
    pane.dataset.code = code;
    htmx.ajax("GET", link(row).getAttribute("href") + "preview/", { target: "#preview", swap: "innerHTML" });
    const address = new URL(location.href);
    address.searchParams.set("open", code);
    history.replaceState(history.state, "", address);
    // The list may have come anew since the key was pressed.
    mark();
  }

  // A slow answer must not replace a later one.
  pane.addEventListener("htmx:beforeSwap", function (event) {
    if (event.target === pane && !event.detail.pathInfo.requestPath.includes("/" + pane.dataset.code + "/")) { event.detail.shouldSwap = false; }
  });

  function walk(step) {
    const rows = list();
    if (!rows.length) { return; }
    // From here on Enter means the row, not the link or button that was used last.
    document.activeElement.blur();
    const at = rows.indexOf(current());
    const to = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step));
    if (to !== at) { select(rows[to], true); }
  }

  document.addEventListener("click", function (event) {
    const row = event.target.closest("#rows > " + NARROWED);
    if (!row || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) { return; }
    if (String(getSelection()) || (event.target.closest("a") && !event.target.closest("a.subj"))) { return; }
    if (!paneIsShown()) {
      if (!event.target.closest("a")) { location.assign(link(row).href); }
      return;
    }
    event.preventDefault();
    select(row, false);
  });

  document.addEventListener("dblclick", function (event) {
    const row = event.target.closest("#rows > " + NARROWED);
    if (row && paneIsShown()) { location.assign(link(row).href); }
  });

  document.addEventListener("keydown", function (event) {
    if (!window.deskKeyIsFree(event)) { return; }
    const focused = event.target.closest("a,button,summary");
    if (event.code === "KeyJ" || event.key === "ArrowDown") { event.preventDefault(); walk(1); }
    else if (event.code === "KeyK" || event.key === "ArrowUp") { event.preventDefault(); walk(-1); }
    else if (event.key === "Enter" && !focused && current()) { location.assign(link(current()).href); }
    else if (event.code === "KeyT") { press("[data-take]"); }
    else if (event.code === "KeyC") { press("[data-next]"); }
    else if (IN_CARD[event.code] && current() && leadsIntoCard(event.code)) { location.assign(link(current()).href + IN_CARD[event.code]); }
    else if (event.key === "Escape" && current()) {
      current().removeAttribute("aria-current");
    }
  });

  // The pane follows what happens to the incident it shows, but never while somebody reads a menu or types in it.
  function refresh() {
    const row = current();
    if (row && paneIsShown() && !pane.querySelector(":popover-open,:focus-within,details[open]")) { show(row); }
  }
  document.body.addEventListener("incident", function (event) {
    if (event.detail.code === pane.dataset.code) { refresh(); }
  });
  // A step taken in the pane: the pane and the row are asked for anew, with the event stream or without it.
  document.addEventListener("htmx:afterRequest", function (event) {
    const form = event.detail.elt.closest("#preview form");
    if (!form || !event.detail.successful) { return; }
    const row = document.querySelector("#rows > [data-code='" + CSS.escape(pane.dataset.code) + "']");
    if (form.dataset.reads) { if (row) { row.classList.remove("unread"); } return; }
    document.activeElement.blur();
    pane.querySelectorAll(":popover-open").forEach(function (menu) { menu.hidePopover(); });
    refresh();
    document.body.dispatchEvent(new CustomEvent("incident", { detail: { code: pane.dataset.code, kind: "own" } }));
  });
  pane.addEventListener("click", function (event) {
    const button = event.target.closest("[data-copy]");
    if (button && navigator.clipboard) { navigator.clipboard.writeText(button.dataset.copy); }
  });

  // After another queue or page has come in, the row that stands in the pane is marked again.
  function mark() {
    const row = pane.dataset.code && document.querySelector("#rows > [data-code='" + CSS.escape(pane.dataset.code) + "']");
    if (row && !current()) { row.setAttribute("aria-current", "true"); }
  }
  document.addEventListener("htmx:afterSettle", function (event) { if (event.target.id === "main") { mark(); } });
  mark();
})();
