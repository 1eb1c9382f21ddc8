// What the palette offers by itself: pages, and deeds on what stands before one. A deed presses what the page itself
// offers, so that it is allowed exactly where that is, and is done, refused and taken back in the same way.
(function () {
  "use strict";
  const MOST = 7;
  const LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`", RUSSIAN = "йцукенгшщзхъфывапролджэячсмитьбюё";
  let sections = [], numbered = 0;

  // One spelling; then what the same keys give in the other layout.
  function fold(text) { return text.toLocaleLowerCase().replaceAll("ё", "е"); }
  function pressed(text) {
    return Array.from(text, function (letter) {
      const latin = LATIN.indexOf(letter), russian = RUSSIAN.indexOf(letter);
      return latin >= 0 ? RUSSIAN[latin] : russian >= 0 ? LATIN[russian] : letter;
    }).join("");
  }
  function words(text) { return fold(text).split(/[\s.,:;…()«»"+-]+/).filter(Boolean); }

  function rowCode() {
    const row = document.querySelector("#rows > [aria-current]");
    return row ? row.dataset.code : "";
  }
  // The name of what a section is about; empty where it does not apply.
  const ABOUT = {
    chosen: function () { const n = window.deskSelection ? window.deskSelection.codes().length : 0; return n ? String(n) : ""; },
    row: function () { return ABOUT.chosen() ? "" : rowCode(); },
    card: function () { const card = document.querySelector(".dk-card"); return card ? card.dataset.code : ""; },
    desk: function () { return document.getElementById("rows") ? " " : ""; },
  };

  function ownWords(element) {
    const said = (element.querySelector(".grow, .dk-st > span") || element).cloneNode(true);
    said.querySelectorAll("kbd, svg, .visually-hidden, .dk-badge, .dim").forEach(function (part) { part.remove(); });
    return said.textContent.replace(/\s+/g, " ").trim();
  }

  // How an entry is carried out; null where the page offers nothing of the kind.
  function deeds(entry) {
    const data = entry.dataset, code = rowCode();
    if (entry.href) { return [{ go: null }]; }
    if (data.focus) { return document.querySelector(data.focus) ? [{ go: function () { window.deskGoTo(data.focus); } }] : []; }
    if (data.open) {
      const link = document.querySelector("#bulk") && document.querySelector("#rows > [aria-current] a.subj");
      return link ? [{ go: function () { location.assign(link.href + data.open); } }] : [];
    }
    if (data.copy) {
      const link = document.querySelector("#rows > [aria-current] a.subj");
      return link && navigator.clipboard ? [{ go: function () { navigator.clipboard.writeText(link.href); } }] : [];
    }
    return Array.from(document.querySelectorAll(data.press), function (element) {
      return { theirs: ownWords(element), key: element.querySelector("kbd"), go: function () {
        if ("alone" in data) { window.deskSelection.only(code); }
        element.click();
      } };
    });
  }

  function lines(entry, typed) {
    if (!typed.length && "typed" in entry.dataset) { return []; }
    return deeds(entry).map(function (deed) {
      const row = document.createElement(entry.href ? "a" : "div"), label = entry.querySelector("span:not(.dk-who)");
      row.className = "pl-row";
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      row.tabIndex = -1;
      if (entry.href) { row.href = entry.getAttribute("href"); }
      row.append(...Array.from(entry.childNodes, function (node) { return node.cloneNode(true); }));
      const said = row.querySelector("span");
      said.classList.add("cut");
      if ("theirs" in label.dataset) { said.textContent = label.textContent.replace("{}", deed.theirs); }
      if (deed.key && !row.querySelector("kbd")) { row.append(deed.key.cloneNode(true)); }
      row.deed = deed.go;
      const known = words(said.textContent), also = words(entry.dataset.words || "");
      const fits = typed.some(function (spelling) {
        return spelling.every(function (word) { return known.concat(also).some(function (each) { return each.startsWith(word); }); });
      });
      const first = typed.some(function (spelling) { return known.length > 0 && known[0].startsWith(spelling[0]); });
      return { row: row, fits: !typed.length || fits, first: first };
    }).filter(function (line) { return line.fits; });
  }

  function group(section, rows, about) {
    const made = document.createElement("div"), title = document.createElement("div");
    numbered += 1;
    title.className = "pl-head";
    title.id = "po-title-" + numbered;
    title.textContent = section.dataset.title.replace("#", about.trim());
    made.setAttribute("role", "group");
    made.setAttribute("aria-labelledby", title.id);
    // The same line keeps its id while one types, so that the choice stays on it.
    rows.forEach(function (row) { row.id = "po-" + words(section.dataset.title + " " + row.textContent).join("-"); });
    made.append(title, ...rows);
    return made;
  }

  window.deskDeeds = {
    // `template`: sections of entries, as the server drew them.
    learn: function (template) { sections = Array.from(template.content.querySelectorAll("section")); },
    isKnown: function () { return sections.length > 0; },
    // Groups of lines for a typed text, all that is usual for an empty one.
    groups: function (text) {
      const plain = fold(text.trim()), spellings = text.trim() ? [words(plain), words(pressed(plain))] : [];
      const typed = spellings.filter(function (spelling) { return spelling.length; });
      if (text.trim() && !typed.length) { return []; }
      numbered = 0;
      return sections.flatMap(function (section) {
        const about = section.dataset.for ? ABOUT[section.dataset.for]() : " ";
        const found = about ? Array.from(section.children).flatMap(function (entry) { return lines(entry, typed); }) : [];
        found.sort(function (one, other) { return Number(other.first) - Number(one.first); });
        const rows = found.slice(0, typed.length ? MOST : found.length).map(function (line) { return line.row; });
        return rows.length ? [group(section, rows, about)] : [];
      });
    },
    // Before anything is typed, what is chosen is meant before what was looked at last.
    hasChosen: function () { return Boolean(ABOUT.chosen()); },
  };
})();
