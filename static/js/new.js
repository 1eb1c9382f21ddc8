// A new incident by phone, by keyboard: Enter goes on to the next field, Ctrl+Enter saves, arrows choose a site.
(function () {
  "use strict";
  const form = document.getElementById("new-form"), field = document.getElementById("new-site");
  const list = document.getElementById("new-sites");
  const order = ["new-who", "new-subject", "new-site"].map(function (id) { return document.getElementById(id); });
  let sent = false;

  function options() { return Array.from(list.querySelectorAll("[role=option]")); }
  function chosen() { return list.querySelector("[aria-selected=true]"); }
  function close() {
    list.replaceChildren();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }
  function choose(option) {
    field.value = option.dataset.text;
    close();
    // The neighbours follow; asking for sites again would open the list that has just been closed.
    htmx.trigger("#new-similar", "site:chosen");
  }
  function move(step) {
    const all = options(), at = all.indexOf(chosen());
    const next = all[at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length];
    all.forEach(function (option) { option.ariaSelected = String(option === next); });
    if (next) { field.setAttribute("aria-activedescendant", next.id); next.scrollIntoView({ block: "nearest" }); }
  }

  list.addEventListener("htmx:afterSwap", function () {
    // An answer that came after the field was left, or after the site was chosen, opens nothing.
    if (document.activeElement !== field) { close(); return; }
    field.setAttribute("aria-expanded", String(options().length > 0));
  });
  list.addEventListener("mousedown", function (event) {
    const option = event.target.closest("[role=option]");
    if (option) { event.preventDefault(); choose(option); }
  });
  field.addEventListener("blur", close);

  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(document.getElementById("new-save"));
    }
  });
  form.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey) { return; }
    const at = order.indexOf(event.target);
    if (event.target === field && event.key.startsWith("Arrow") && options().length && /Down|Up/.test(event.key)) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.target === field && event.key === "Escape" && list.childElementCount) {
      // The first Esc closes the list, the next one leaves the field.
      event.stopPropagation();
      close();
    } else if (event.target === field && chosen() && (event.key === "Enter" || event.key === "Tab")) {
      if (event.key === "Enter") { event.preventDefault(); }
      choose(chosen());
    } else if (event.key === "Enter" && at >= 0 && at < order.length - 1) {
      event.preventDefault();
      order[at + 1].focus();
    }
  });
  // A second Enter while the first is on its way must not register the same call twice.
  form.addEventListener("submit", function (event) {
    if (sent) { event.preventDefault(); }
    sent = true;
  });
  addEventListener("pageshow", function () { sent = false; });
})();
