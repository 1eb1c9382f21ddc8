// Words are kept on the server while they are typed, and in the tab until the server has them: of a letter with what
// stands around them (data-kept). What could not be saved is said beside the field and tried again until it is.
(function () {
  "use strict";
  const WAIT_MS = 400;
  const RETRY_MS = 5000;
  const drafts = new Map();
  // From the moment a next page is asked for: it may be drawn without what is saved now.
  let isLeaving = false;

  function formOf(draft) { return document.querySelector("[data-draft='" + CSS.escape(draft.url) + "']"); }
  function wordsOf(form) { return form.querySelector("textarea"); }
  function around(form) { return Array.from(form.querySelectorAll("[data-kept]:not(textarea)")); }

  // Nobody keeps a form that was only opened.
  function valuesOf(form) {
    const values = [["text", wordsOf(form).value], ["field", form.dataset.field || "note"]];
    if (form.dataset.field && (wordsOf(form).value.trim() || form.dataset.touched)) {
      around(form).forEach(function (each) {
        if (each.type !== "checkbox" || each.checked) { values.push([each.name, each.value]); }
      });
    }
    return values;
  }
  function stateOf(form) { return JSON.stringify(valuesOf(form)); }
  function isEmpty(state) { return !JSON.parse(state)[0][1].trim(); }

  // Addressees belong to the letter they were typed for; words go along wherever they were typed.
  function put(form, state) {
    const values = JSON.parse(state), kept = new Map(values);
    wordsOf(form).value = kept.get("text");
    if (kept.get("kind") !== form.dataset.as || kept.get("letter") !== form.dataset.letter) { return; }
    const lines = new Set(values.map(function (each) { return each.join("\n"); }));
    around(form).forEach(function (each) {
      if (each.type === "checkbox") { each.checked = lines.has(each.name + "\n" + each.value); }
      if (each.type !== "hidden" && each.type !== "checkbox" && kept.has(each.name)) { each.value = kept.get(each.name); }
    });
    form.dataset.touched = "1";
  }

  // Another person who signs in here later must not find them.
  function nameOf(form) { return "draft " + form.dataset.person + " " + form.dataset.draft; }
  function remember(form, state) {
    try { if (state === null) { sessionStorage.removeItem(nameOf(form)); } else { sessionStorage.setItem(nameOf(form), state); } } catch { /* no storage */ }
  }
  function remembered(form) {
    try { return sessionStorage.getItem(nameOf(form)); } catch { return null; }
  }

  function say(draft, what) {
    const form = formOf(draft), line = form && form.querySelector(".dk-draft");
    if (!line) { return; }
    line.classList.toggle("is-over", what === "failed" || what === "out");
    line.textContent = what === "saved" && isEmpty(draft.saved) && !form.dataset.touched ? "" : line.dataset[what];
  }

  function plan(draft, wait) {
    clearTimeout(draft.timer);
    draft.timer = setTimeout(save, wait, draft);
  }

  // One request at a time, so the last words are the last to arrive.
  async function save(draft) {
    const form = formOf(draft), state = form && stateOf(form);
    if (draft.busy || draft.isGoing || !form || state === draft.saved) { return; }
    draft.busy = window.deskPost(draft.url, valuesOf(form));
    const answer = await draft.busy;
    draft.busy = null;
    if (!answer || !answer.ok) { return failed(draft, answer); }
    draft.saved = state;
    draft.wasOut = false;
    const now = formOf(draft);
    if (now && stateOf(now) !== state) { return plan(draft, 0); }
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
      drafts.set(url, { url: url, saved: stateOf(form), busy: null, isGoing: false, timer: 0, wasOut: false });
    }
    return drafts.get(url);
  }

  // A form that came with the page, or anew with an answer: empty once its words are stored, full if they were refused.
  function take(form) {
    const draft = known(form), kept = remembered(form);
    if (!form.dataset.taken && kept !== null && !wordsOf(form).hasAttribute("aria-invalid")) { put(form, kept); }
    // The form that came instead of the one that was sent is written on.
    if (!form.dataset.drawn) { draft.isGoing = false; }
    form.dataset.drawn = "1";
    form.dataset.taken = "1";
    if (stateOf(form) !== draft.saved) { plan(draft, 0); } else { remember(form, null); }
  }

  document.addEventListener("input", function (event) {
    const form = event.target.closest("[data-draft]");
    if (!form || !event.target.matches("textarea,[data-kept]")) { return; }
    isLeaving = false;
    if (!event.target.matches("textarea")) { form.dataset.touched = "1"; }
    remember(form, stateOf(form));
    plan(known(form), WAIT_MS);
  });
  document.addEventListener("htmx:configRequest", function (event) {
    // The page has shown what came since the form was drawn, unless it waits beyond the end of what is read.
    const seen = event.target.matches("[data-draft]") && document.getElementById("card-seen");
    if (seen && !document.querySelector(".dk-below:not([hidden])")) { event.detail.parameters.set("seen", seen.value); }
  });
  // A draft that is saved after its letter was sent would come back as if it had not been: the letter waits for the one
  // on its way, and no other begins.
  document.addEventListener("htmx:confirm", function (event) {
    if (!event.target.matches("[data-draft]")) { return; }
    const draft = known(event.target);
    draft.isGoing = true;
    if (!draft.busy) { return; }
    event.preventDefault();
    draft.busy.finally(function () { event.detail.issueRequest(); });
  });
  // A letter that comes back is joined on the server with what was begun since: that has to be there first.
  document.addEventListener("htmx:confirm", function (event) {
    const form = document.getElementById("reply"), into = event.detail.target;
    if (!form || !into || into.id !== "reply-place" || !event.target.matches("form")) { return; }
    const draft = known(form);
    event.preventDefault();
    Promise.resolve(draft.busy).then(function () { return save(draft); }).finally(function () {
      draft.isGoing = true;
      event.detail.issueRequest();
    });
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
    // Without a connection the forms stand as they were.
    if (!event.detail.successful) {
      drafts.forEach(function (draft) { draft.isGoing = false; plan(draft, RETRY_MS); });
    }
    if (event.target.matches && event.target.matches("[data-draft]")) { event.target.querySelector("textarea").readOnly = false; }
  });
  document.addEventListener("htmx:afterSettle", function () { document.querySelectorAll("[data-draft]").forEach(take); });
  window.addEventListener("beforeunload", function () { isLeaving = true; });
  window.addEventListener("pagehide", function () { drafts.forEach(save); });
  window.addEventListener("online", function () { drafts.forEach(save); });
  document.querySelectorAll("[data-draft]").forEach(take);
})();
