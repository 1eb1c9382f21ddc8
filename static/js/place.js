// Coming back to the list finds the same row and scroll position.
(function () {
  "use strict";
  const KEY = "desk-place";
  function scroller() {
    const scroll = document.getElementById("scroll");
    return getComputedStyle(scroll).overflowY === "visible" ? document.scrollingElement : scroll;
  }
  function address() {
    const here = new URL(location.href);
    here.searchParams.delete("open");
    return here.pathname + here.search;
  }
  // On a narrow screen the queues are a line that scrolls: the current one must be in sight.
  function reveal() {
    const tabs = document.getElementById("tabs"), tab = tabs.querySelector("[aria-current]");
    if (tab) { tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - 12; }
  }
  document.addEventListener("htmx:afterSettle", function (event) { if (event.target.id === "main") { reveal(); } });
  reveal();

  addEventListener("pagehide", function () {
    const row = document.querySelector("#rows > [aria-current]");
    const place = { address: address(), top: scroller().scrollTop, code: row ? row.dataset.code : "" };
    sessionStorage.setItem(KEY, JSON.stringify(place));
  });
  const place = JSON.parse(sessionStorage.getItem(KEY) || "null");
  if (!place || place.address !== address()) { return; }
  scroller().scrollTop = place.top;
  const row = place.code && document.querySelector("#rows > [data-code='" + CSS.escape(place.code) + "']");
  if (row && !document.querySelector("#rows > [aria-current]")) { row.setAttribute("aria-current", "true"); }
})();
