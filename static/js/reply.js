// The place under the conversation: a note or a letter. Words already typed stay when another letter is to be answered.
(function () {
  "use strict";
  const place = document.getElementById("reply-place");
  if (!place) { return; }
  const note = document.getElementById("write");
  let typed = "";

  function form() { return place.querySelector("#reply"); }
  function words() { return place.querySelector("textarea"); }

  function show(what) {
    const isLetter = what === "reply" && form() !== null;
    place.hidden = !isLetter;
    document.getElementById("note").hidden = isLetter;
    note.querySelectorAll("[data-write]").forEach(function (tab) {
      tab.setAttribute("aria-pressed", String((tab.dataset.write === "reply") === isLetter));
    });
    remember(isLetter ? form().dataset.letter : null);
  }

  // A reload, and signing in again, find the same letter being answered.
  function remember(letter) {
    const address = new URL(location.href);
    if (letter === null) { address.searchParams.delete("reply"); } else { address.searchParams.set("reply", letter); }
    history.replaceState(history.state, "", address);
  }

  document.addEventListener("click", function (event) {
    const tab = event.target.closest("[data-write]");
    if (!tab) { return; }
    document.querySelectorAll(".dk-menu:popover-open").forEach(function (menu) { menu.hidePopover(); });
    if (tab.dataset.write === "note") {
      event.preventDefault();
      show("note");
      document.getElementById("note-text").focus();
    }
  });
  // The letter that is open already is only shown again.
  document.addEventListener("htmx:confirm", function (event) {
    const tab = event.detail.elt;
    if (!tab.matches("[data-write=reply]") || !form() || (tab.dataset.letter || form().dataset.letter) !== form().dataset.letter) {
      return;
    }
    event.preventDefault();
    show("reply");
    words().focus();
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target === place) { typed = words() ? words().value : ""; }
  });
  document.addEventListener("htmx:afterSwap", function (event) {
    const fresh = event.detail.target === place && words();
    if (!fresh) { return; }
    if (typed) { fresh.value = typed; }
    show("reply");
    fresh.focus();
    fresh.setSelectionRange(fresh.value.length, fresh.value.length);
  });
  // Queued: the form is gone. Refused: it is back, with the reason.
  document.addEventListener("htmx:afterSettle", function () {
    if (!place.hidden && !form()) { show("note"); }
  });
  // n begins a note, also from behind a letter.
  document.addEventListener("keydown", function (event) {
    if (event.code === "KeyN" && !place.hidden && window.deskKeyIsFree(event)) { show("note"); }
  }, true);

  if (form()) { show("reply"); words().focus(); }
})();
