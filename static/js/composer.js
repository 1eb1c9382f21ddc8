// Inside the form of a letter: people added and left out by a click, the moment it is to leave, questions before that,
// and the seconds in which it may be taken back.
(function () {
  "use strict";
  const TICK_MS = 500;
  let line = "reply-to";

  function form() { return document.getElementById("reply"); }
  function entries(field) { return field.value.match(/(?:"[^"]*"|[^",;\n])+/g) || []; }

  // As typing does: the draft is kept.
  function changed(field) { field.dispatchEvent(new Event("input", { bubbles: true })); }
  function add(field, people) {
    const before = field.value.trim().replace(/[,;]$/, "");
    field.value = before ? before + ", " + people : people;
    changed(field);
  }
  function leaveOut(address) {
    ["reply-to", "reply-copies"].forEach(function (id) {
      const field = document.getElementById(id), all = entries(field).map(function (each) { return each.trim(); });
      const kept = all.filter(function (each) { return each && !each.toLowerCase().includes(address); });
      if (kept.length !== all.filter(Boolean).length) { field.value = kept.join(", "); changed(field); }
    });
  }

  document.addEventListener("focusin", function (event) {
    if (event.target.matches("#reply [data-people]")) { line = event.target.id; }
  });
  document.addEventListener("click", function (event) {
    const button = event.target.closest("#reply button");
    if (!button) { return; }
    if (button.dataset.add) {
      add(document.getElementById(line), button.dataset.add);
      document.getElementById(line).focus();
      button.remove();
    } else if (button.dataset.addCopies) {
      add(document.getElementById("reply-copies"), button.dataset.addCopies);
      button.remove();
      document.getElementById("reply-text").focus();
    } else if (button.dataset.leaveOut) {
      leaveOut(button.dataset.leaveOut);
      answered(button.closest("li"));
    } else if ("now" in button.dataset) {
      document.getElementById("reply-leaves").value = "";
      document.getElementById("reply-later").hidePopover();
      document.getElementById("reply-text").focus();
      showMoment();
    } else if ("when" in button.dataset) {
      setTimeout(showMoment);
    } else if ("backToText" in button.dataset) {
      document.getElementById("reply-ask").remove();
      document.getElementById("reply-text").focus();
    }
  });
  // The question is gone with its cause; with the last one nothing is in the way any more.
  function answered(question) {
    const all = question.closest("#reply-ask");
    question.remove();
    if (!all.querySelector("li")) { all.remove(); document.getElementById("reply-text").focus(); }
  }

  // From the line of addressees, too.
  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("#reply input")) {
      event.preventDefault();
      form().requestSubmit();
    }
  });
  // Enter in the moment means this moment, not "send at once".
  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && event.target.id === "reply-leaves" && !event.defaultPrevented) {
      event.preventDefault();
      form().requestSubmit();
    }
    const button = event.shiftKey && window.deskKeyIsFree(event) && document.querySelector("[data-shift-key='" + event.code + "']");
    if (button) { event.preventDefault(); button.click(); }
  });
  // A moment that is typed counts, whichever button is pressed: the button says so.
  function showMoment() {
    const moment = document.getElementById("reply-leaves").value.trim();
    form().toggleAttribute("data-later", Boolean(moment));
    form().querySelector("[data-moment]").textContent = moment;
  }
  document.addEventListener("input", function (event) { if (event.target.id === "reply-leaves") { showMoment(); } });

  document.addEventListener("htmx:afterSettle", function () {
    const question = document.querySelector("#reply-ask [name=anyway]");
    if (question && !question.dataset.seen) {
      question.dataset.seen = "1";
      question.focus({ preventScroll: true });
      question.scrollIntoView({ block: "nearest" });
    }
    const moment = document.querySelector("#reply-leaves.is-invalid:not([data-seen])");
    if (moment) { moment.dataset.seen = "1"; document.getElementById("reply-later").showPopover(); }
  });

  setInterval(function () {
    document.querySelectorAll("[data-leaves]").forEach(function (mark) {
      const left = Math.max(0, Math.round((Date.parse(mark.dataset.leaves) - Date.now()) / 1000));
      mark.querySelector("[data-left]").textContent = String(left);
      if (!left) { mark.classList.add("is-gone"); }
    });
  }, TICK_MS);
})();
