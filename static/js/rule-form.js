// The form of a rule: folded fields of boxes say what is ticked in them; only one of them is open at a time.
(function () {
  "use strict";
  const MOST = 2;

  function name(pick) {
    const shown = pick.querySelector(".v");
    const ticked = [...pick.querySelectorAll("input[type=checkbox]:checked")].map(function (box) {
      return box.closest("label").textContent.trim();
    });
    const more = ticked.length - MOST;
    shown.textContent = ticked.slice(0, MOST).join(", ") + (more > 0 ? " +" + more : "") || shown.dataset.none;
    shown.title = ticked.join(", ");
    pick.classList.toggle("on", ticked.length > 0);
  }

  document.querySelectorAll(".ru-pick").forEach(name);
  document.addEventListener("change", function (event) {
    const pick = event.target.closest(".ru-pick");
    if (pick) { name(pick); }
  });
  document.addEventListener("click", function (event) {
    document.querySelectorAll(".ru-pick[open]").forEach(function (pick) {
      if (!pick.contains(event.target)) { pick.open = false; }
    });
  });
  document.addEventListener("keydown", function (event) {
    const pick = event.key === "Escape" && event.target.closest(".ru-pick[open]");
    if (!pick) { return; }
    event.stopPropagation();
    pick.open = false;
    pick.querySelector("summary").focus();
  }, true);
})();
