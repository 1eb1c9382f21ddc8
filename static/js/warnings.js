// Warnings on every page: their number in the title of the tab, messages with a sound, and what was seen goes.
(function () {
  "use strict";
  const KINDS = ["warned", "promise_missed"];
  // Many pages hear of a warning at once; it belongs to few people.
  const SPREAD_MS = 300;
  // Tabs of a browser sound once, whichever comes first.
  const SOUND_MS = 2500;
  const list = document.getElementById("toasts"), shown = new Set();
  let since = 0, timer = 0, isLate = false, title = document.title;

  function state() { return document.querySelector("#warnings-mark [data-unread]"); }
  function codes() { return state() ? state().dataset.codes.split(" ").filter(Boolean) : []; }
  function renew() { document.body.dispatchEvent(new CustomEvent("warnings")); }

  // --- the sound, fetched when it is first needed
  async function play(isOver) {
    const player = state() && await import(state().dataset.player).catch(function () { return null; });
    if (!player) { return; }
    const isHeard = await player.play(isOver);
    offer(!isHeard);
    if (isHeard) { document.documentElement.dataset.sounded = String(Number(document.documentElement.dataset.sounded || 0) + 1); }
  }
  function sound(isOver) {
    if (!state() || !state().dataset.sound) { return; }
    if (!navigator.locks) { play(isOver); return; }
    navigator.locks.request("desk-sound", { ifAvailable: true }, function (lock) {
      if (!lock) { return null; }
      play(isOver);
      return new Promise(function (done) { setTimeout(done, SOUND_MS); });
    });
  }
  // Browsers are silent until the page was touched: a button says so, and any touch does.
  function offer(isNeeded) {
    const button = document.getElementById("sound-on");
    if (button) { button.hidden = !isNeeded; }
  }
  function probe() {
    if (!window.AudioContext || !state() || !state().dataset.sound) { return; }
    const trial = new AudioContext();
    offer(trial.state !== "running");
    trial.close();
  }
  function touched() { offer(false); }
  document.addEventListener("pointerdown", touched, { once: true, capture: true });
  document.addEventListener("keydown", touched, { once: true, capture: true });

  // --- the number
  function draw() {
    const number = state() ? Number(state().dataset.unread) : 0;
    document.querySelectorAll("[data-warnings]").forEach(function (each) {
      each.textContent = number > 99 ? "99+" : String(number);
      each.hidden = number === 0;
    });
    const wanted = (number ? "(" + number + ") " : "") + title;
    if (document.title !== wanted) { document.title = wanted; }
  }
  new MutationObserver(function () {
    const said = document.title.replace(/^\(\d+\) /, "");
    if (said !== title) { title = said; }
    draw();
  }).observe(document.querySelector("title"), { childList: true, characterData: true, subtree: true });

  // --- messages
  async function ask() {
    if (!state()) { return; }
    const answer = await fetch(state().dataset.messages + "?after=" + since, { redirect: "manual" }).catch(function () { return null; });
    if (!answer || !answer.ok) { return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html"), before = shown.size;
    const here = cardBeforeMe();
    let isOver = false, came = false;
    fresh.querySelectorAll("[data-told]").forEach(function (each) {
      if (each.dataset.told !== "more" && shown.has(each.dataset.told)) { return; }
      shown.add(each.dataset.told);
      came = true;
      isOver = isOver || each.classList.contains("is-over");
      if (here !== each.dataset.code) { list.append(document.adoptNode(each)); }
    });
    since = Math.max(since, Number(fresh.querySelector("[data-newest]").dataset.newest));
    if (came) { sound(isOver); }
    if (came && document.getElementById("wn-fresh")) { document.getElementById("wn-fresh").hidden = false; }
    if (came || shown.size !== before) { renew(); }
  }
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, Math.random() * SPREAD_MS);
  }
  document.body.addEventListener("incident", function (event) { if (KINDS.includes(event.detail.kind)) { soon(); } });
  document.body.addEventListener("resync", soon);

  // --- what was seen
  function cardBeforeMe() {
    const card = document.querySelector(".dk-card");
    return card && !document.hidden ? card.dataset.code : null;
  }
  async function see(what) {
    const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
    headers.Accept = "application/json";
    await fetch(state().dataset.seen, { method: "POST", headers: headers, body: new URLSearchParams(what), redirect: "manual" }).catch(function () { return null; });
    renew();
  }
  function look() {
    const code = cardBeforeMe();
    if (code && codes().includes(code)) { see({ code: code }); }
  }
  document.addEventListener("visibilitychange", look);
  list.addEventListener("click", function (event) {
    if (event.target.closest("[data-see]")) { see({ told: event.target.closest("[data-told]").dataset.told }); }
  });

  // --- the mark came anew
  function alarm() {
    const late = document.querySelector("#warnings-mark [data-alarm]"), old = list.querySelector("[data-from='warnings-late']");
    // Closed by hand it stays away until warnings were well again.
    if (late && !isLate && !document.querySelector(".wn-standing.is-over")) { list.append(late.content.firstElementChild.cloneNode(true)); }
    if (!late && old) { old.remove(); }
    isLate = Boolean(late);
  }
  document.body.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.target.id !== "warnings-mark" || !state()) { return; }
    if (!since) { since = Number(state().dataset.newest); probe(); }
    else if (Number(state().dataset.newest) > since) { soon(); }
    // Seen on another page, settled, or no longer true.
    const unread = codes();
    list.querySelectorAll("[data-told][data-code]").forEach(function (each) {
      if (!unread.includes(each.dataset.code)) { each.remove(); }
    });
    alarm();
    draw();
    look();
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-play]")) { play(false); }
    if (event.target.closest("#wn-fresh")) { location.assign(location.pathname + location.search.replace(/([?&])after=\d+&?/, "$1")); }
  });
})();
