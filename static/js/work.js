// Reminders whose moment has come stay as messages on every open page of their person; moments one click away.
(function () {
  "use strict";
  const KINDS = ["reminder_due", "reminder_done", "reminder_moved"];
  // Many pages hear of a reminder at once; it belongs to one person.
  const SPREAD_MS = 300;
  const list = document.getElementById("toasts"), page = document.getElementById("mine"), closed = new Set();
  let timer = 0;

  // A card shows its own reminders among its facts; on a phone those are far below.
  function isBeforeMe(reminder) {
    const card = document.querySelector(".dk-card");
    return card && card.dataset.code === reminder.dataset.code && matchMedia("(min-width: 700px)").matches;
  }

  async function ask() {
    // The page of one's reminders is the list itself.
    if (page) { document.body.dispatchEvent(new CustomEvent("reminders")); return; }
    const answer = await fetch("/reminders/due/", { redirect: "manual" }).catch(function () { return null; });
    if (!answer || !answer.ok) { return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const due = new Map(Array.from(fresh.querySelectorAll("[data-reminder]"), function (each) { return [each.dataset.reminder, each]; }));
    list.querySelectorAll("[data-reminder]").forEach(function (shown) {
      if (!due.delete(shown.dataset.reminder)) { shown.remove(); }
    });
    due.forEach(function (each, key) {
      if (closed.has(key) || isBeforeMe(each)) { return; }
      list.append(document.adoptNode(each));
      htmx.process(each);
    });
  }
  function soon() {
    clearTimeout(timer);
    timer = setTimeout(ask, Math.random() * SPREAD_MS);
  }
  document.body.addEventListener("incident", function (event) { if (KINDS.includes(event.detail.kind)) { soon(); } });
  document.body.addEventListener("resync", soon);
  // Done or put off: it goes at once, and the server's answer corrects it.
  list.addEventListener("htmx:afterRequest", function (event) {
    const toast = event.target.closest("[data-reminder]");
    if (toast && event.detail.successful) { closed.add(toast.dataset.reminder); toast.remove(); }
  });

  // What closing asks is answered with the keyboard: Enter closes, Escape leaves it.
  document.addEventListener("htmx:oobAfterSwap", function (event) {
    const question = event.detail.target.id === "card-head" && document.getElementById("closing");
    if (question) { question.scrollIntoView({ block: "nearest" }); question.querySelector("select,input[type=checkbox],button").focus(); }
  });
  function leaveQuestion(event) {
    event.preventDefault();
    event.stopPropagation();
    document.getElementById("closing").remove();
    document.getElementById("main").focus();
  }
  document.addEventListener("click", function (event) { if (event.target.closest("[data-cancel-closing]")) { leaveQuestion(event); } });
  document.addEventListener("keydown", function (event) {
    const question = event.target.closest("#closing");
    if (!question) { return; }
    if (event.key === "Escape") { leaveQuestion(event); }
    if (event.key === "Enter" && event.target.matches("select,input")) { event.preventDefault(); question.requestSubmit(); }
  }, true);

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-when]");
    if (!button) { return; }
    const field = button.parentNode.querySelector("input");
    field.value = button.dataset.when;
    field.focus();
  });
})();
