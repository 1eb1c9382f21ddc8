// The list of our letters: the box above the rows chooses all of them, j and k walk, x chooses, Esc lets go.
(function () {
  "use strict";
  const plural = new Intl.PluralRules(document.documentElement.lang);
  const boxes = function () { return Array.from(document.querySelectorAll(".lo-sel input")); };

  function draw() {
    const all = boxes(), n = all.filter(function (box) { return box.checked; }).length;
    const whole = document.getElementById("lo-all"), count = document.getElementById("lo-count");
    if (whole) {
      whole.disabled = all.length === 0;
      whole.checked = n > 0 && n === all.length;
      whole.indeterminate = n > 0 && n < all.length;
    }
    if (count && n) {
      count.textContent = (count.dataset[plural.select(n)] || count.dataset.many).replace(/\d+/, n);
    }
  }
  function choose(on) { boxes().forEach(function (box) { box.checked = on; }); draw(); }

  document.addEventListener("change", function (event) {
    if (event.target.id === "lo-all") { choose(event.target.checked); } else if (event.target.closest(".lo-sel")) { draw(); }
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("#lo-none")) { choose(false); return; }
    const row = event.target.closest(".lo-row");
    if (!row || event.target.closest("a,button,label,input,[popover]") || String(getSelection())) { return; }
    const link = row.querySelector(".lo-open");
    if (event.ctrlKey || event.metaKey) { window.open(link.href); } else { link.click(); }
  });
  document.addEventListener("keydown", function (event) {
    // A box keeps the focus when it is ticked, and its keys are not free.
    if (event.key === "Escape" && !document.querySelector(":popover-open, dialog[open]")) { choose(false); return; }
    if (!window.deskKeyIsFree(event)) { return; }
    const links = Array.from(document.querySelectorAll(".lo-open")), at = links.indexOf(document.activeElement);
    const step = { KeyJ: 1, KeyK: -1 }[event.code];
    if (step && links.length) {
      event.preventDefault();
      const next = links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)];
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    } else if (event.code === "KeyX" && at >= 0) {
      const box = links[at].closest(".lo-row").querySelector(".lo-sel input");
      if (box) { box.click(); }
    }
  });
  // Rows that changed are drawn anew, without their tick. Boxes a browser remembers are counted at the start.
  document.addEventListener("htmx:oobAfterSwap", draw);
  draw();
})();
