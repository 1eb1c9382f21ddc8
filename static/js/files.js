// Looks into files: in a window over the card where a script runs, on a page of its own where none does.
// Arrows turn to the file before and behind, z zooms, Esc closes.
(function () {
  "use strict";
  let opener = null, asked = 0;

  function view() { return document.querySelector(".fl-window[open]") || document.querySelector(".fl-page"); }

  function make() {
    const made = document.createElement("dialog");
    made.className = "fl-window";
    made.id = "file-window";
    document.body.append(made);
    made.addEventListener("close", function () {
      // What was shown stops loading, and the focus goes back to where it came from.
      asked += 1;
      made.replaceChildren();
      if (opener && opener.isConnected) { opener.focus(); }
    });
    made.addEventListener("click", function (event) { if (event.target === made) { made.close(); } });
    return made;
  }

  async function show(link) {
    const shown = document.getElementById("file-window") || make(), mine = ++asked;
    shown.classList.add("is-busy");
    let answer = null;
    try { answer = await fetch(link.href, { headers: { "HX-Request": "true" } }); } catch { /* no connection */ }
    if (mine !== asked) { return; }
    shown.classList.remove("is-busy");
    // A page can say what is wrong in its own words: no right, signed out, gone.
    if (!answer || !answer.ok || answer.redirected) { location.assign(link.href); return; }
    shown.innerHTML = await answer.text();
    const inside = shown.querySelector(".fl-view");
    shown.setAttribute("aria-label", inside.dataset.name);
    shown.querySelector("[data-file-close]").hidden = false;
    if (!shown.open) { shown.showModal(); }
    (shown.querySelector(".fl-stage") || shown).focus();
  }

  document.addEventListener("click", function (event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) { return; }
    const link = event.target.closest("a[data-file], .fl-window a[data-file-before], .fl-window a[data-file-after]");
    if (link) {
      event.preventDefault();
      if (link.matches("[data-file]")) { opener = link; }
      show(link);
    } else if (event.target.closest("[data-file-close]")) {
      document.getElementById("file-window").close();
    }
  });

  document.addEventListener("keydown", function (event) {
    const here = view();
    if (!here || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) { return; }
    if (document.querySelector("dialog:modal:not(.fl-window)")) { return; }
    const zoom = here.querySelector("#fl-zoom"), stage = here.querySelector(".fl-stage");
    const wide = stage && stage.scrollWidth > stage.clientWidth + 1;
    if (event.code === "KeyZ" && zoom) {
      event.preventDefault();
      zoom.click();
    } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && !wide) {
      // Of a picture larger than its window the arrows show another part, not another file.
      const turn = here.querySelector(event.key === "ArrowLeft" ? "[data-file-before]" : "[data-file-after]");
      if (turn) { event.preventDefault(); turn.click(); }
    }
  });
})();
