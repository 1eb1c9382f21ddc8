// The editor of a calendar: days are walked by arrows, Esc leaves a day, Enter sets it. All else is plain buttons.
(() => {
  "use strict";
  const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  const days = () => [...document.querySelectorAll("#cal-live button.d")];

  // One stop of the Tab key for the whole year.
  function settle() {
    const all = days();
    if (!all.length) return;
    const first = all.find((day) => day.matches("[autofocus], [aria-expanded]")) || all.find((day) => day.matches(".today")) || all[0];
    for (const day of all) day.tabIndex = day === first ? 0 : -1;
  }

  function walk(event, day) {
    const all = days();
    const next = all[all.indexOf(day) + STEPS[event.key]];
    if (!next) return;
    event.preventDefault();
    day.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  function inDay(event, pop) {
    const button = { Escape: "[data-close]", Enter: "[data-set]" }[event.key];
    if (!button || (event.key === "Enter" && event.target.matches("button"))) return;
    event.preventDefault();
    event.stopPropagation();
    pop.querySelector(button).click();
  }

  document.addEventListener(
    "keydown",
    (event) => {
      const day = event.target.closest("#cal-live button.d");
      const pop = event.target.closest("[data-pop]");
      if (day && event.key in STEPS) walk(event, day);
      else if (pop) inDay(event, pop);
    },
    true,
  );
  document.body.addEventListener("htmx:afterSettle", () => {
    settle();
    document.querySelector("#cal-live .d[aria-expanded]")?.scrollIntoView({ block: "nearest" });
  });
  // Who types other hours means them.
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-pop] [name=own]")) event.target.closest("label").querySelector("[type=radio]").checked = true;
  });

  // A page that is left with changes asks first; saving does not.
  let leaves = false;
  document.addEventListener("click", (event) => {
    leaves = Boolean(event.target.closest("[value=save]"));
  });
  addEventListener("beforeunload", (event) => {
    if (!leaves && document.getElementById("cal-live")?.dataset.changed) event.preventDefault();
  });
  settle();
})();
