// Words are kept on the server while they are typed, and in the tab until the server has them. What could not be saved
// is said beside the field and tried again until it is.
(function () {
  "use strict";
  const WAIT_MS = 400;
  const RETRY_MS = 5000;
  const drafts = new Map();
  // From the moment a next page is asked for: it may be drawn without what is saved now.
  let isLeaving = false;

  function formOf(draft) { return document.querySelector("[data-draft='" + CSS.escape(draft.url) + "']"); }
  function fieldOf(draft) {
    const form = formOf(draft);
    return form && form.querySelector("textarea");
  }
  function wordsOf(draft) {
    const field = fieldOf(draft);
    return field ? field.value : draft.saved;
  }

  // Another person who signs in here later must not find them.
  function nameOf(form) { return "draft " + form.dataset.person + " " + form.dataset.draft; }
  function remember(form, words) {
    try { if (words === null) { sessionStorage.removeItem(nameOf(form)); } else { sessionStorage.setItem(nameOf(form), words); } } catch { /* no storage */ }
  }
  function remembered(form) {
    try { return sessionStorage.getItem(nameOf(form)); } catch { return null; }
  }

  function say(draft, what) {
    const form = formOf(draft), line = form && form.querySelector(".dk-draft");
    if (!line) { return; }
    line.classList.toggle("is-over", what === "failed" || what === "out");
    line.textContent = what === "saved" && !draft.saved.trim() ? "" : line.dataset[what];
  }

  function plan(draft, wait) {
    clearTimeout(draft.timer);
    draft.timer = setTimeout(save, wait, draft);
  }

  // One request at a time, so the last words are the last to arrive.
  async function save(draft) {
    const words = wordsOf(draft), form = formOf(draft);
    if (draft.busy || words === draft.saved || !form) { return; }
    draft.busy = true;
    const answer = await window.deskPost(draft.url, { text: words, field: form.dataset.field || "note" });
    draft.busy = false;
    if (!answer || !answer.ok) { return failed(draft, answer); }
    draft.saved = words;
    draft.wasOut = false;
    if (wordsOf(draft) !== words) { return plan(draft, 0); }
    if (!isLeaving) { remember(form, null); }
    say(draft, "saved");
  }

  function failed(draft, answer) {
    const isOut = window.deskPost.signedOut(answer);
    if (isOut && !draft.wasOut) { document.body.dispatchEvent(new CustomEvent("signed-out")); }
    draft.wasOut = isOut;
    say(draft, isOut ? "out" : "failed");
    plan(draft, RETRY_MS);
  }

  function known(form) {
    const url = form.dataset.draft;
    if (!drafts.has(url)) {
      drafts.set(url, { url: url, saved: form.querySelector("textarea").defaultValue, busy: false, timer: 0, wasOut: false });
    }
    return drafts.get(url);
  }

  // A form that came with the page, or anew with an answer: empty once its words are stored, full if they were refused.
  function take(form) {
    const draft = known(form), field = form.querySelector("textarea"), kept = remembered(form);
    if (!form.dataset.taken && kept !== null && !field.hasAttribute("aria-invalid")) { field.value = kept; }
    form.dataset.taken = "1";
    if (field.value !== draft.saved) { plan(draft, 0); } else { remember(form, null); }
  }

  document.addEventListener("input", function (event) {
    const form = event.target.matches("textarea") && event.target.closest("[data-draft]");
    if (!form) { return; }
    isLeaving = false;
    remember(form, event.target.value);
    plan(known(form), WAIT_MS);
  });
  document.addEventListener("htmx:configRequest", function (event) {
    // The page has shown what came since the form was drawn.
    const seen = event.target.matches("[data-draft]") && document.getElementById("card-seen");
    if (seen) { event.detail.parameters.set("seen", seen.value); }
  });
  document.addEventListener("htmx:beforeRequest", function (event) {
    // What is typed after the click would be lost with the old form.
    if (event.target.matches("[data-draft]")) { event.target.querySelector("textarea").readOnly = true; }
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    // Stored, or refused with the words in the answer: either way the answer has what is true now.
    if (event.detail.shouldSwap && event.target.matches("[data-draft]")) { remember(event.target, null); }
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.target.matches && event.target.matches("[data-draft]")) { event.target.querySelector("textarea").readOnly = false; }
  });
  document.addEventListener("htmx:afterSettle", function () { document.querySelectorAll("[data-draft]").forEach(take); });
  window.addEventListener("beforeunload", function () { isLeaving = true; });
  window.addEventListener("pagehide", function () { drafts.forEach(save); });
  window.addEventListener("online", function () { drafts.forEach(save); });
  document.querySelectorAll("[data-draft]").forEach(take);
})();
