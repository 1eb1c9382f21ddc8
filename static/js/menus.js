// Puts an opened menu beside the button that opened it; opens dialogs.
(function () {
  "use strict";
  const GAP = 4;

  document.addEventListener("toggle", function (event) {
    const menu = event.target;
    if (!(menu instanceof HTMLElement) || !menu.matches(".dk-menu[popover]") || event.newState !== "open") { return; }
    const buttons = Array.from(document.querySelectorAll("[popovertarget='" + menu.id + "']"));
    const button = buttons.find(function (b) { return b.offsetParent !== null || b.getClientRects().length; });
    if (!button) { return; }
    menu.classList.add("placed");
    const at = button.getBoundingClientRect(), box = menu.getBoundingClientRect();
    const below = at.bottom + GAP + box.height <= innerHeight;
    menu.style.left = Math.max(GAP, Math.min(at.left, innerWidth - box.width - 2 * GAP)) + "px";
    menu.style.top = (below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - box.height)) + "px";
    const first = menu.querySelector("[autofocus],[aria-current],a,button,input:not([type=hidden])");
    if (first) { first.focus({ preventScroll: true }); }
  }, true);

  // Arrows walk a menu.
  document.addEventListener("keydown", function (event) {
    const menu = event.target.closest && event.target.closest(".dk-menu");
    if (!menu || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) { return; }
    const items = Array.from(menu.querySelectorAll("a,button,input:not([type=hidden])"));
    const next = items[items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) { event.preventDefault(); next.focus(); }
  });

  document.addEventListener("click", function (event) {
    const opener = event.target.closest("[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (dialog && !dialog.open) { dialog.showModal(); }
    document.querySelectorAll("details.dk-why[open]").forEach(function (why) {
      if (!why.contains(event.target)) { why.open = false; }
    });
  });
})();
