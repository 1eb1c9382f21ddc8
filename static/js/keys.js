// Keys of every page: "?" shows them, "/" goes to the search, n registers a call, Esc goes back to where one came from.
(function () {
  "use strict";
  // Keys of one letter work only while nobody types; they go by position, so that the Russian layout works too.
  window.deskKeyIsFree = function (event) {
    return !(event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented
      || event.target.closest("input,textarea,select,[contenteditable]")
      || document.querySelector("dialog:modal,[popover]:popover-open"));
  };

  document.addEventListener("keydown", function (event) {
    const typing = event.target.closest("input,textarea,select");
    if (event.key === "Escape" && typing) { typing.blur(); return; }
    if (!window.deskKeyIsFree(event)) { return; }
    if (event.key === "?" || (event.shiftKey && event.code === "Slash")) {
      const help = document.getElementById("help");
      if (help) { help.showModal(); }
    } else if (event.code === "Slash") {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.code === "KeyN" && !event.shiftKey && !document.getElementById("note-text")) {
      // On a card n begins a note.
      const link = document.querySelector("a[data-new]");
      if (link) { event.preventDefault(); link.click(); }
    } else if (event.key === "Escape") {
      goBack(document.querySelector("a[data-back]"));
    }
  });

  // Going back in history keeps the row and the scroll position; a page opened by a link has no such history.
  function goBack(link) {
    if (!link) { return; }
    const from = document.referrer && new URL(document.referrer);
    if (from && from.origin === location.origin && from.pathname === new URL(link.href).pathname) {
      history.back();
    } else {
      location.assign(link.href);
    }
  }
})();
