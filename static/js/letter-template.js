// Writing a letter template: names are put where the cursor is, and completed while "{{" is typed.
(function () {
  "use strict";
  const form = document.getElementById("lt-form");
  if (!form) { return; }
  const buttons = Array.from(document.querySelectorAll(".lt-names [data-name]"));
  let field = document.getElementById("lt-text"), isDirty = false, list = null;

  function put(text, from, to, caret) {
    field.focus();
    field.setSelectionRange(from, to);
    // Through the editor's own command the step can be undone by Ctrl Z; Firefox has no such command for fields.
    if (!document.execCommand("insertText", false, text)) {
      field.setRangeText(text, from, to, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (caret !== undefined) { field.setSelectionRange(from + caret, from + caret); }
  }

  function loop(button) {
    const name = button.dataset.name, item = name === "stations" ? "bs" : name.replace(/s$/, "");
    const words = button.dataset.items.split(" ").map(function (each) { return "{{ " + item + "." + each + " }}"; });
    return "{% for " + item + " in " + name + " %}\n" + words.join(", ") + "\n{% endfor %}\n";
  }

  function snippet(button) { return button.dataset.items ? loop(button) : "{{ " + button.dataset.name + " }}"; }

  document.addEventListener("focusin", function (event) {
    if (event.target.matches("[data-words]")) { field = event.target; }
  });
  document.addEventListener("click", function (event) {
    const button = event.target.closest(".lt-names button");
    if (!button) { return; }
    const from = field.selectionStart, to = field.selectionEnd, chosen = field.value.slice(from, to);
    if (button.dataset.name) {
      put(snippet(button), from, to);
    } else if (button.dataset.wrap === "if") {
      put("{% if  %}" + chosen + "{% endif %}", from, to, 6);
    } else {
      put("|default:\"\"", from, to, 10);
    }
  });

  // --- completion

  function begun() {
    if (field.selectionStart !== field.selectionEnd) { return null; }
    return /(\{\{ ?|\{% (?:el)?if (?:not )?)([a-z_]*)$/.exec(field.value.slice(0, field.selectionStart));
  }

  function close() {
    if (list) { list.remove(); list = null; }
    field.removeAttribute("aria-activedescendant");
    field.removeAttribute("aria-controls");
  }

  // Where the cursor stands: a copy of the field's text up to it, laid out alike.
  function place() {
    const copy = document.createElement("div"), mark = document.createElement("span");
    const look = getComputedStyle(field), around = field.getBoundingClientRect();
    ["font", "letterSpacing", "padding", "border", "boxSizing", "lineHeight", "tabSize"].forEach(function (name) {
      copy.style[name] = look[name];
    });
    copy.className = "lt-copy";
    copy.style.width = around.width + "px";
    if (field.tagName === "INPUT") { copy.style.whiteSpace = "pre"; }
    copy.textContent = field.value.slice(0, field.selectionStart);
    mark.textContent = "\u200b";
    copy.append(mark);
    document.body.append(copy);
    const left = mark.offsetLeft - field.scrollLeft, top = mark.offsetTop + mark.offsetHeight - field.scrollTop;
    copy.remove();
    list.style.left = Math.max(8, Math.min(around.left + left, innerWidth - list.offsetWidth - 8)) + "px";
    const below = around.top + top + 4;
    list.style.top = (below + list.offsetHeight < innerHeight ? below : below - list.offsetHeight - 28) + "px";
  }

  function offer() {
    const found = begun();
    const fitting = found ? buttons.filter(function (each) { return each.dataset.name.startsWith(found[2]); }) : [];
    fitting.sort(function (one, other) { return one.dataset.name.length - other.dataset.name.length; });
    close();
    if (!fitting.length) { return; }
    list = document.createElement("ul");
    list.className = "lt-options";
    list.id = "lt-options";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", document.getElementById("lt-names-title").textContent);
    fitting.forEach(function (each, at) {
      const option = document.createElement("li");
      option.id = "lt-option-" + at;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(at === 0));
      option.dataset.name = each.dataset.name;
      option.append(...Array.from(each.childNodes, function (node) { return node.cloneNode(true); }));
      list.append(option);
    });
    document.getElementById("main").append(list);
    field.setAttribute("aria-controls", list.id);
    field.setAttribute("aria-activedescendant", "lt-option-0");
    place();
  }

  function choose(name) {
    const found = begun(), end = field.selectionStart;
    const button = buttons.find(function (each) { return each.dataset.name === name; });
    const tail = /^ ?\}\}/.exec(field.value.slice(end));
    close();
    if (found[1].startsWith("{%")) {
      put(name, end - found[2].length, end);
    } else {
      put(snippet(button), end - found[0].length, end + (tail ? tail[0].length : 0));
    }
  }

  function move(step) {
    const options = Array.from(list.children);
    const at = options.findIndex(function (each) { return each.ariaSelected === "true"; });
    const next = options[(at + step + options.length) % options.length];
    options.forEach(function (each) { each.ariaSelected = String(each === next); });
    field.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  }

  form.addEventListener("input", function (event) {
    isDirty = true;
    if (event.target.matches("[data-words]")) { offer(); }
  });
  form.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.querySelector("[data-save]")) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-save]"));
      return;
    }
    if (!list) { return; }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" || event.key === "Tab") {
      event.preventDefault();
      choose(list.querySelector("[aria-selected=true]").dataset.name);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  document.addEventListener("mousedown", function (event) {
    const option = event.target.closest(".lt-options [role=option]");
    if (option) { event.preventDefault(); choose(option.dataset.name); } else { close(); }
  });
  form.addEventListener("focusout", close);
  document.addEventListener("scroll", function (event) { if (list && event.target !== list) { place(); } }, true);
  form.addEventListener("submit", function () { isDirty = false; });
  addEventListener("beforeunload", function (event) { if (isDirty) { event.preventDefault(); } });
})();
