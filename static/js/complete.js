// Beginnings of codes completed: the server's list of options under a field with data-complete; a chosen one is told by
// the event "completed". Without a script the typed beginning is resolved on saving.
(function () {
  "use strict";
  let asked = 0, timer = 0;

  function listOf(field) {
    let list = field.parentNode.querySelector("[role=listbox]");
    if (!list) {
      list = document.createElement("ul");
      list.className = "dk-options";
      list.id = field.id + "-options";
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", field.labels[0].textContent);
      field.after(list);
      field.setAttribute("role", "combobox");
      field.setAttribute("aria-controls", list.id);
    }
    return list;
  }

  function close(field) {
    listOf(field).replaceChildren();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function choose(field, option) {
    field.value = option.dataset.code;
    // One name may stand on several poles: the option says on which.
    if (option.dataset.pole) { field.form.elements.pole.value = option.dataset.pole; }
    close(field);
    field.dispatchEvent(new CustomEvent("completed", { bubbles: true }));
  }

  async function complete(field) {
    if (!field.form.dataset.options) { return; }
    const mine = ++asked, typed = field.value.trim();
    if (typed.length < 2) { close(field); return; }
    const url = field.form.dataset.options + "?kind=" + field.dataset.complete + "&q=" + encodeURIComponent(typed);
    const answer = await fetch(url, { headers: { "HX-Request": "true" } });
    if (!answer.ok || mine !== asked) { return; }
    const list = listOf(field);
    list.innerHTML = await answer.text();
    field.setAttribute("aria-expanded", String(list.childElementCount > 0));
  }

  function move(field, step) {
    const options = Array.from(listOf(field).querySelectorAll("[role=option]"));
    const at = options.findIndex(function (option) { return option.ariaSelected === "true"; });
    const next = options[(at + step + options.length) % options.length];
    options.forEach(function (option) { option.ariaSelected = String(option === next); });
    if (next) { field.setAttribute("aria-activedescendant", next.id); next.scrollIntoView({ block: "nearest" }); }
  }

  document.addEventListener("input", function (event) {
    const field = event.target;
    if (!field.matches("input[data-complete]")) { return; }
    // Who names a site says by that that there is one.
    const none = field.form.elements.no_site;
    if (none && field.value) { none.checked = false; }
    clearTimeout(timer);
    timer = setTimeout(function () { complete(field); }, 150);
  });
  document.addEventListener("keydown", function (event) {
    const field = event.target;
    if (!field.matches("input[data-complete]")) { return; }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(field, event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      const chosen = listOf(field).querySelector("[aria-selected=true]");
      if (chosen) { event.preventDefault(); choose(field, chosen); }
    } else if (event.key === "Escape") {
      close(field);
    }
  });
  document.addEventListener("mousedown", function (event) {
    const option = event.target.closest(".dk-options [role=option]");
    if (option) { event.preventDefault(); choose(option.closest("div").querySelector("input"), option); }
  });
  document.addEventListener("focusout", function (event) {
    if (event.target.matches && event.target.matches("[data-complete]")) { close(event.target); }
  });
})();
