// The list of letters: a row is one target, j and k walk the rows.
(function () {
  "use strict";
  function links() { return Array.from(document.querySelectorAll(".lg-row .c-subj a")); }

  document.addEventListener("click", function (event) {
    const row = event.target.closest(".lg-row");
    if (!row || event.target.closest("a,button,form") || String(getSelection())) { return; }
    const link = row.querySelector(".c-subj a");
    if (event.ctrlKey || event.metaKey) { window.open(link.href); } else { link.click(); }
  });

  document.addEventListener("keydown", function (event) {
    const step = { KeyJ: 1, KeyK: -1 }[event.code];
    if (!step || !window.deskKeyIsFree(event)) { return; }
    const all = links(), at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
    if (next) { event.preventDefault(); next.focus(); next.scrollIntoView({ block: "nearest" }); }
  });
})();
