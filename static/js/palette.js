// The palette: Ctrl+K, by position, on every page. What the page knows is matched at once; what the server finds follows.
(function () {
  "use strict";
  const WAIT_MS = 80;
  const MOST_RECENT = 6;
  const dialog = document.getElementById("palette");
  if (!dialog) { return; }
  const field = document.getElementById("palette-field"), list = document.getElementById("palette-list");
  const own = document.getElementById("palette-own"), found = document.getElementById("palette-found");
  const none = document.getElementById("palette-none"), said = document.getElementById("palette-said");
  const plural = new Intl.PluralRules(document.documentElement.lang);
  // What the server said before anything was typed; the text that its last answer is about; who asked last.
  let recent = [], answered = null, asked = 0, timer = 0;
  // Moved: the person chose a line himself. Hurry: Enter came before the answer.
  let moved = false, hurry = null, failed = false;

  // Codes alone are kept in the browser, by person: what they stand for comes from the server.
  const shelf = "recent " + dialog.dataset.person;
  function opened() {
    try { return JSON.parse(localStorage.getItem(shelf) || "[]"); } catch { return []; }
  }
  const card = document.querySelector(".dk-card[data-code]");
  if (card) {
    const codes = [card.dataset.code, ...opened().filter(function (code) { return code !== card.dataset.code; })];
    try { localStorage.setItem(shelf, JSON.stringify(codes.slice(0, MOST_RECENT + 1))); } catch { /* no storage */ }
  }

  function text() { return field.value.trim(); }
  function options() { return Array.from(list.querySelectorAll("[role=option]")); }
  function active() { return list.querySelector("[aria-selected=true]"); }
  function activate(option, stays) {
    const before = active();
    if (before) { before.setAttribute("aria-selected", "false"); }
    if (!option) { field.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", option.id);
    if (stays) { return; }
    // The heading of the first line belongs to it.
    if (option === options()[0]) { list.scrollTop = 0; } else { option.scrollIntoView({ block: "nearest" }); }
  }

  function draw() {
    const was = moved && active() ? active().id : "";
    own.replaceChildren(...window.deskDeeds.groups(text()));
    if (!text()) { found.replaceChildren(...recent); answered = ""; }
    list.prepend(text() || window.deskDeeds.hasChosen() ? own : found);
    settle(was);
  }
  function settle(was) {
    const all = options();
    found.classList.toggle("stale", answered !== text());
    activate(all.find(function (option) { return option.id === was; }) || all[0]);
    const isOver = failed || (answered === text() && window.deskDeeds.isKnown());
    none.hidden = !isOver || (all.length > 0 && !failed);
    none.textContent = failed ? none.dataset.failed : none.dataset.none;
    field.setAttribute("aria-expanded", String(all.length > 0));
    if (isOver) { said.textContent = (said.dataset[plural.select(all.length)] || said.dataset.many).replace(/\d+/, all.length); }
  }

  // The document that the server answers with; null if it does not. Signed out is said by the page.
  async function get(values) {
    const address = new URL(dialog.dataset.url, location.href);
    address.search = new URLSearchParams(values);
    const answer = await fetch(address, { redirect: "manual" }).catch(function () { return null; });
    if (answer && answer.type === "opaqueredirect") { document.body.dispatchEvent(new CustomEvent("signed-out")); }
    const words = answer && answer.ok ? await answer.text().catch(function () { return null; }) : null;
    return words === null ? null : new DOMParser().parseFromString(words, "text/html");
  }
  async function start() {
    const fresh = await get({ recent: codesToShow(), here: card ? card.dataset.code : "" });
    if (!fresh) { fail(); return; }
    window.deskDeeds.learn(fresh.getElementById("palette-known"));
    recent = Array.from(document.adoptNode(fresh.getElementById("palette-recent")).children);
    draw();
    carryOutIfWaited();
  }
  async function ask() {
    const mine = ++asked, about = text(), fresh = await get({ q: about });
    // A slow answer must not replace a later one.
    if (mine !== asked) { return; }
    if (!fresh) { fail(); return; }
    const was = moved && active() ? active().id : "";
    answered = about;
    found.replaceChildren(...document.adoptNode(fresh.body).childNodes);
    settle(was);
    carryOutIfWaited();
  }
  function fail() {
    failed = true;
    hurry = null;
    settle("");
  }
  function carryOutIfWaited() { if (hurry && isReady(active())) { carryOut(active(), hurry); } }
  // Lines of an older text are not what Enter means; those of the page are always of this text.
  function isReady(option) { return Boolean(option) && (own.contains(option) || answered === text()); }
  function codesToShow() {
    return opened().filter(function (code) { return !card || code !== card.dataset.code; }).slice(0, MOST_RECENT).join(",");
  }

  function open() {
    if (dialog.open || document.querySelector("dialog:modal")) { return; }
    field.value = "";
    moved = failed = false;
    hurry = null;
    dialog.showModal();
    field.focus();
    draw();
    start();
  }
  // Closing by itself the browser lets go of the field only with the next picture: a fast key would still go into it.
  function shut() {
    field.blur();
    dialog.close();
  }
  // Nothing comes after it is closed, by whatever way.
  dialog.addEventListener("close", function () {
    clearTimeout(timer);
    asked += 1;
    hurry = null;
  });

  function carryOut(option, event) {
    const isNewTab = event.ctrlKey || event.metaKey;
    shut();
    if (option.deed) { option.deed(); }
    else if (isNewTab) { window.open(option.href); }
    else { location.assign(option.href); }
  }
  function enter(event) {
    if (isReady(active())) { carryOut(active(), event); } else { hurry = event; }
  }
  function move(step) {
    const all = options(), at = all.indexOf(active());
    moved = true;
    activate(all[(at + step + all.length) % all.length]);
  }

  document.addEventListener("keydown", function (event) {
    if (event.code !== "KeyK" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) { return; }
    event.preventDefault();
    if (dialog.open) { shut(); } else { open(); }
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-palette]")) { open(); }
    else if (event.target.closest("[data-palette-close]") || event.target === dialog) { shut(); }
  });
  field.addEventListener("input", function () {
    moved = false;
    hurry = null;
    failed = false;
    draw();
    clearTimeout(timer);
    asked += 1;
    if (text()) { timer = setTimeout(ask, WAIT_MS); }
  });
  field.addEventListener("keydown", function (event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step && options().length) {
      event.preventDefault();
      move(step);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      enter(event);
    } else if (event.key === "Escape") {
      event.preventDefault();
      shut();
    }
  });
  list.addEventListener("click", function (event) {
    const option = event.target.closest("[role=option]");
    if (!option) { return; }
    event.preventDefault();
    carryOut(option, event);
  });
  // Only a hand that moves chooses: lines that come under a resting pointer do not.
  list.addEventListener("pointermove", function (event) {
    const option = event.target.closest("[role=option]");
    if (option && option !== active() && (event.movementX || event.movementY)) {
      moved = true;
      activate(option, true);
    }
  });
})();
