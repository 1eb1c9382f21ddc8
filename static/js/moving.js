// Moving letters: the dialog that asks where to, letters that left an open page, one conversation of several.
(function () {
  "use strict";
  const dialog = document.getElementById("move-dialog"), body = document.getElementById("move-body");

  // An answer with the form opens the dialog; one without it has done the deed, and what changed is on the card.
  document.body.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target !== body) { return; }
    const form = body.querySelector("form");
    if (!form) { dialog.close(); return; }
    document.querySelectorAll(".dk-menu:popover-open").forEach(function (menu) { menu.hidePopover(); });
    if (!dialog.open) { dialog.showModal(); }
    const field = form.elements["move-to"];
    field.focus();
    field.select();
  });
  dialog.addEventListener("click", function (event) {
    if (event.target === dialog || event.target.closest("[data-close-dialog]")) { dialog.close(); }
  });
  dialog.addEventListener("close", function () { body.replaceChildren(); });

  // Down from the field walks the incidents, up comes back; Enter takes the one with the focus.
  dialog.addEventListener("keydown", function (event) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step) { return; }
    const stops = [document.getElementById("move-to")].concat(Array.from(dialog.querySelectorAll(".dk-target")));
    const next = stops[stops.indexOf(document.activeElement) + step];
    if (next) { event.preventDefault(); next.focus(); next.scrollIntoView({ block: "nearest" }); }
  });

  function keysOf(fresh) {
    return new Set(Array.from(fresh.querySelectorAll("ol > li")).map(function (item) { return item.id; }));
  }

  // What lies between places that are still there, and is not there any more, has gone to another incident. The answer
  // is one page: what lies beyond its oldest place, where the link to older ones stands, it does not speak of.
  function dropGone(talk, fresh) {
    const keys = keysOf(fresh), items = Array.from(talk.querySelector("ol").children);
    const older = fresh.querySelector("#older"), isNewestFirst = "newestFirst" in document.getElementById("talk").dataset;
    const edge = older && (isNewestFirst ? older.previousElementSibling : older.nextElementSibling);
    const at = edge ? items.findIndex(function (item) { return item.id === edge.id; }) : -1;
    if (older && at < 0) { return; }
    items.forEach(function (item, number) {
      const isOnPage = !older || (isNewestFirst ? number <= at : number >= at);
      if (item.id && isOnPage && !keys.has(item.id)) { item.remove(); }
    });
  }

  function only() { return new URLSearchParams(location.search).get("thread") || ""; }

  function show() {
    const strip = document.getElementById("card-threads"), chosen = strip.hidden ? "" : only();
    strip.querySelectorAll("a").forEach(function (link) {
      if (link.dataset.only === chosen) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); }
    });
    document.querySelectorAll(".dk-tl > li").forEach(function (item) {
      item.hidden = chosen !== "" && item.dataset.thread !== chosen && item.id !== "older";
    });
    // The conversation may lie on older pages.
    const older = chosen && document.querySelector("#older a");
    if (older) { older.click(); }
  }
  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.closest("#talk") && only()) { show(); }
  });

  document.addEventListener("htmx:oobBeforeSwap", function (event) {
    const talk = event.detail.target, fresh = event.detail.fragment.firstElementChild;
    if (talk.id !== "card-talk") { return; }
    dropGone(talk, fresh);
    document.getElementById("card-threads").replaceWith(fresh.querySelector("#card-threads"));
    setTimeout(function () {
      htmx.process(talk);
      show();
      // Menus of letters that stayed as they were know what the page knows now.
      const seen = document.getElementById("card-seen").value;
      talk.querySelectorAll("input[name=seen]").forEach(function (field) { field.value = seen; });
    });
  });

  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[data-only]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    event.preventDefault();
    history.replaceState(history.state, "", link.getAttribute("href") === "?" ? location.pathname : link.href);
    show();
  });
})();
