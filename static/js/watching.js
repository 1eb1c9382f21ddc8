// What others do on incidents this person watches: a message on every open page, and the number beside the bell.
(function () {
  "use strict";
  // Many pages hear of one event; few of them watch.
  const SPREAD_MS = 300;
  const list = document.getElementById("toasts"), told = new Set();
  let since = 0, timer = 0;

  function mark() { return document.querySelector("#watching-mark [data-watched]"); }
  function watches(code) { return mark() !== null && mark().dataset.watched.split(" ").includes(code); }
  function isBeforeMe(code) {
    const card = document.querySelector(".dk-card");
    return card !== null && card.dataset.code === code && !document.hidden;
  }

  async function ask() {
    const address = mark() && mark().dataset.messages + "?after=" + since;
    const answer = address && await fetch(address, { redirect: "manual" }).catch(function () { return null; });
    if (!answer || !answer.ok) { return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    fresh.querySelectorAll("[data-news]").forEach(function (each) {
      if (told.has(each.dataset.news) || isBeforeMe(each.dataset.code)) { return; }
      told.add(each.dataset.news);
      list.append(document.adoptNode(each));
    });
    document.body.dispatchEvent(new CustomEvent("watching"));
  }
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, Math.random() * SPREAD_MS);
  }

  document.body.addEventListener("incident", function (event) {
    // Whoever is named in a note begins to watch by it.
    if (watches(event.detail.code) || event.detail.kind === "watched") { soon(); }
  });
  // What was there before the page came is on the page of what one watches.
  document.body.addEventListener("htmx:afterSettle", function () {
    if (!since && mark()) { since = Number(mark().dataset.newest); }
  });
})();
