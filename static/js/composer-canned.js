// Canned answers in a letter: `//` and the beginning of a name, or the button. The list comes once, filled for the incident.
(function () {
  "use strict";
  const TYPED = /(^|\s)\/\/([^\n/]{0,40})$/;
  // The list on its way or here; which wish to see it is the latest, since a slow answer must not open it again.
  let coming = null, wish = 0;

  function box() { return document.getElementById("reply-canned"); }
  function words() { return document.getElementById("reply-text"); }
  function options() { return Array.from(box().querySelectorAll("[role=option]:not([hidden])")); }
  function isOpen() { return box() && !box().hidden; }

  // Where the answer goes: instead of what was typed after the slashes, else where one writes.
  function typed() {
    const found = TYPED.exec(words().value.slice(0, words().selectionStart));
    return found && { query: found[2], from: words().selectionStart - found[2].length - 2 };
  }

  async function load() {
    coming = coming || fetch(box().dataset.url, { headers: { "HX-Request": "true" } }).then(function (answer) {
      return answer.ok && !answer.redirected ? answer.text() : null;
    }).catch(function () { return null; });
    const loaded = await coming;
    if (loaded === null) { coming = null; return false; }
    const list = box() && box().querySelector("ul");
    if (list && !list.childElementCount) { list.innerHTML = loaded; }
    return Boolean(list);
  }

  async function show(query) {
    const mine = ++wish;
    if (!await load() || mine !== wish) { return; }
    box().hidden = false;
    words().setAttribute("aria-controls", "reply-canned-list");
    const asked = query.toLowerCase().split(/\s+/).filter(Boolean);
    let first = true;
    box().querySelectorAll("[role=option]").forEach(function (option) {
      const text = option.textContent.toLowerCase();
      option.hidden = !asked.every(function (each) { return text.includes(each); });
      option.ariaSelected = String(!option.hidden && first);
      if (!option.hidden && first) { words().setAttribute("aria-activedescendant", option.id); first = false; }
    });
    box().querySelector("[data-none]").hidden = !first || !box().querySelector("[role=option]");
  }

  function hide() {
    wish += 1;
    if (!isOpen()) { return; }
    box().hidden = true;
    words().removeAttribute("aria-activedescendant");
  }

  function move(step) {
    const all = options(), at = all.findIndex(function (each) { return each.ariaSelected === "true"; });
    const next = all[(at + step + all.length) % all.length];
    all.forEach(function (each) { each.ariaSelected = String(each === next); });
    if (next) { next.scrollIntoView({ block: "nearest" }); words().setAttribute("aria-activedescendant", next.id); }
  }

  function insert(option) {
    const field = words(), place = typed(), from = place ? place.from : field.selectionStart;
    field.setRangeText(option.dataset.text, from, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    hide();
    field.focus();
  }

  document.addEventListener("input", function (event) {
    if (event.target.id !== "reply-text" || !box()) { return; }
    const place = typed();
    if (place) { show(place.query); } else { hide(); }
  });
  // Before the keys of the card: here Escape closes the list, and Enter takes what is marked.
  document.addEventListener("keydown", function (event) {
    if (!isOpen() || !event.target.closest("#reply") || event.ctrlKey || event.metaKey) { return; }
    const chosen = options().find(function (each) { return each.ariaSelected === "true"; });
    if (event.key === "Escape") { hide(); words().focus(); }
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { move(event.key === "ArrowDown" ? 1 : -1); }
    else if ((event.key === "Enter" || event.key === "Tab") && chosen && !event.target.closest("a,button")) { insert(chosen); }
    else { return; }
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("mousedown", function (event) {
    const option = event.target.closest("#reply-canned [role=option]");
    if (option) { event.preventDefault(); insert(option); }
  });
  document.addEventListener("click", function (event) {
    const button = event.target.closest("#reply [data-canned]");
    if (!button) { return; }
    if (isOpen()) { hide(); return; }
    words().focus();
    show("");
  });
})();
