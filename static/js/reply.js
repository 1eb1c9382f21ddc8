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
      const isOn = isLetter ? tab.dataset.as === form().dataset.as : tab.dataset.write === "note";
      tab.setAttribute("aria-pressed", String(isOn));
    });
    remember(isLetter ? form() : null);
    if (isLetter) { document.dispatchEvent(new CustomEvent("composer:open")); }
  }

  // A reload, and signing in again, find the same letter being answered.
  function remember(letter) {
    const address = new URL(location.href);
    ["reply", "as"].forEach(function (name) { address.searchParams.delete(name); });
    if (letter) {
      address.searchParams.set("reply", letter.dataset.letter);
      address.searchParams.set("as", letter.dataset.as);
    }
    history.replaceState(history.state, "", address);
  }

  // Where nobody is named yet, that comes first.
  function begin() {
    const to = document.getElementById("reply-to");
    note.scrollIntoView({ block: "nearest" });
    if (!to.value) { to.focus(); return; }
    words().focus();
    words().setSelectionRange(words().value.length, words().value.length);
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
  // The letter that is open already is only shown again; behind a note the key of the reply shows what was begun.
  document.addEventListener("htmx:confirm", function (event) {
    const tab = event.detail.elt, isHidden = place.hidden;
    if (!tab.matches("[data-write=reply]") || !form()) { return; }
    const isSame = tab.dataset.as === form().dataset.as || (isHidden && tab.dataset.as === "reply" && !tab.dataset.letter);
    if (!isSame || (tab.dataset.letter || form().dataset.letter) !== form().dataset.letter) { return; }
    event.preventDefault();
    show("reply");
    begin();
  });
  // Another kind of letter about the one that is before him, not about the newest.
  document.addEventListener("htmx:configRequest", function (event) {
    const tab = event.target;
    if (!tab.matches("#write [data-write=reply]") || !form()) { return; }
    event.detail.parameters.set("as", tab.dataset.as);
    if (form().dataset.letter) { event.detail.parameters.set("letter", form().dataset.letter); }
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target === place) { typed = words() ? words().value : ""; }
  });
  document.addEventListener("htmx:afterSwap", function (event) {
    const fresh = event.detail.target === place && words();
    if (!fresh) { return; }
    // A letter that came back brings its own words; below them stays what was begun since.
    const isTab = event.detail.requestConfig.elt.matches("[data-write]");
    // What stands here is newer than what the tab remembers of the draft.
    if (typed) { form().dataset.taken = "1"; }
    if (typed && !fresh.value.includes(typed)) { fresh.value = isTab || !fresh.value ? typed : fresh.value + "\n\n" + typed; }
    show("reply");
    begin();
  });
  // Queued: the form is gone. Refused: it is back, with the reason.
  document.addEventListener("htmx:afterSettle", function () {
    if (place.hidden || form()) { return; }
    show("note");
    // For as long as it may be taken back it is in sight.
    const sent = document.querySelector("#talk .rp-leaves");
    if (sent) { sent.closest(".dk-ev").scrollIntoView({ block: "nearest" }); }
  });
  // n begins a note, also from behind a letter.
  document.addEventListener("keydown", function (event) {
    if (event.code === "KeyN" && !place.hidden && window.deskKeyIsFree(event)) { show("note"); }
  }, true);

  if (form()) { show("reply"); begin(); }
})();
