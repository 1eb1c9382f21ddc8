// Keys of every page, by position, so that the Russian layout works too: "?" shows them, "/" goes to the search,
// n registers a call, Esc goes back to where one came from. On a card a letter presses what the card offers.
(function () {
  "use strict";
  // What letters press on a card beside its own buttons with data-key.
  const CARD = { KeyA: "[popovertarget=assign-menu]", KeyY: "[popovertarget=type-menu]", KeyP: "[popovertarget=priority-menu]" };
  const CARD_FIELDS = { KeyE: "#site-pole", KeyL: "#link-to" };

  // Keys of one letter work only while nobody types.
  window.deskKeyIsFree = function (event) {
    return !(event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented
      || event.target.closest("input,textarea,select,[contenteditable]")
      || document.querySelector("dialog:modal,[popover]:popover-open"));
  };
  // Into a field, wherever it is folded away; what stands in it is ready to be typed over. False if there is none.
  window.deskGoTo = function (selector) {
    const field = document.querySelector(selector);
    if (!field) { return false; }
    for (let above = field.closest("details:not([open])"); above; above = field.closest("details:not([open])")) { above.open = true; }
    field.scrollIntoView({ block: "center" });
    field.focus();
    if (field.matches("input")) { field.select(); }
    return true;
  };

  function pressOnCard(code) {
    const button = CARD[code] && document.querySelector(CARD[code]);
    if (button) { button.click(); }
    return Boolean(button) || Boolean(CARD_FIELDS[code] && window.deskGoTo(CARD_FIELDS[code]));
  }

  document.addEventListener("keydown", function (event) {
    const typing = event.target.closest("input,textarea,select");
    // A window closes by itself, and gives the focus back.
    if (event.key === "Escape" && typing && !typing.closest("dialog")) { typing.blur(); return; }
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
    } else if (!event.shiftKey && document.querySelector(".dk-card") && pressOnCard(event.code)) {
      event.preventDefault();
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

  // A link may lead right into a field of the card: /incidents/NT-1/#note-text.
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target && target.matches("input,textarea")) { window.deskGoTo(location.hash); }
})();
