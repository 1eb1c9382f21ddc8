// Tells the server that somebody has this incident before him, and shows who else has. Beats stop in a hidden tab.
(function () {
  "use strict";
  const BEAT_MS = 20000;
  const TYPING_MS = 5000;
  const STILL_MS = 7000;
  // Whoever walks a list with the keys looks at nothing yet.
  const LOOK_MS = 800;
  let place = null, typedAt = 0, toldAt = 0, still = 0, soon = 0, wasOut = false;

  function isTyping() { return Date.now() - typedAt < STILL_MS; }

  async function beat() {
    const here = place;
    if (!here || document.hidden) { return; }
    toldAt = Date.now();
    const answer = await window.deskPost(here.dataset.presence, isTyping() ? { typing: "1" } : {});
    const isOut = window.deskPost.signedOut(answer);
    if (isOut && !wasOut) { document.body.dispatchEvent(new CustomEvent("signed-out")); }
    wasOut = isOut;
    if (answer && answer.ok && here === place) { show(here, (await answer.text()).trim()); }
  }

  // The mark appears and goes without moving anything: its place is its own.
  function show(here, words) {
    if (here.dataset.shown === words) { return; }
    here.dataset.shown = words;
    here.innerHTML = words;
  }

  function leave(from) { window.deskPost(from.dataset.presence, { leaving: "1" }); }

  // The pane of the desk shows one incident after another.
  function look() {
    const next = document.querySelector("[data-presence]");
    if (next === place) { return; }
    if (place && (!next || next.dataset.presence !== place.dataset.presence)) { leave(place); }
    place = next;
    typedAt = 0;
    clearTimeout(soon);
    soon = setTimeout(beat, LOOK_MS);
  }

  function stop() {
    clearTimeout(still);
    if (typedAt) { typedAt = 0; beat(); }
  }

  document.addEventListener("input", function (event) {
    if (!event.target.matches("[data-draft] textarea")) { return; }
    if (!event.target.value.trim()) { return stop(); }
    const wasTyping = isTyping();
    typedAt = Date.now();
    if (!wasTyping || typedAt - toldAt > TYPING_MS) { beat(); }
    clearTimeout(still);
    still = setTimeout(stop, STILL_MS);
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.target.matches && event.target.matches("[data-draft]")) { stop(); }
  });
  document.body.addEventListener("presence", function (event) {
    if (!place || place.dataset.code !== event.detail.code) { return; }
    clearTimeout(soon);
    soon = setTimeout(beat, 50);
  });
  // Without a stream the page polls.
  document.body.addEventListener("resync", function () { if (place && Date.now() - toldAt > TYPING_MS) { beat(); } });
  document.addEventListener("htmx:afterSettle", look);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { beat(); } });
  window.addEventListener("pagehide", function () { if (place) { leave(place); } });
  window.addEventListener("pageshow", function (event) { if (event.persisted) { beat(); } });
  setInterval(beat, BEAT_MS);
  look();
})();
