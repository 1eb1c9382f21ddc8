// Counts clocks and "how long ago" on, every 30 seconds, with the words the server gave.
(function () {
  "use strict";
  const EVERY_MS = 30000;
  const HOUR = 60, DAY = 24 * HOUR;
  const words = document.body.dataset;
  // As CLOCK_LOOK in incidents/drawing.py. A clock that stands still has no data-due, and is left as it is.
  const LOOKS = { running: ["", "clock"], risk: ["is-risk", "hourglass"], overdue: ["is-over", "alert-octagon"] };

  function span(minutes) {
    if (minutes < DAY) {
      const rest = String(minutes % HOUR).padStart(2, "0");
      return Math.floor(minutes / HOUR) + " " + words.hour + " " + rest + " " + words.minute;
    }
    return Math.floor(minutes / DAY) + " " + words.day + " " + (Math.floor(minutes / HOUR) % 24) + " " + words.hour;
  }

  function ago(minutes) {
    if (minutes < 1) { return words.now; }
    if (minutes < HOUR) { return minutes + " " + words.minute; }
    if (minutes < DAY) { return Math.floor(minutes / HOUR) + " " + words.hour; }
    return Math.floor(minutes / DAY) + " " + words.day;
  }

  function put(node, text) { if (node && node.textContent !== text) { node.textContent = text; } }

  function drawClock(clock, now) {
    const start = Date.parse(clock.dataset.start), due = Date.parse(clock.dataset.due);
    const left = due - now;
    const state = left < 0 ? "overdue" : left < 3600000 ? "risk" : "running";
    const [look, icon] = LOOKS[state];
    put(clock.querySelector(".v"), (left < 0 ? "−" : "") + span(Math.floor(Math.abs(left) / 60000)));
    const bar = clock.querySelector("rect.v");
    if (bar) { bar.setAttribute("width", String(Math.round(100 * Math.min(1, (now - start) / (due - start))))); }
    if (look ? clock.classList.contains(look) : !/\bis-/.test(clock.className)) { return; }
    clock.classList.remove("is-risk", "is-over");
    if (look) { clock.classList.add(look); }
    clock.querySelector("use").setAttribute("href", words.icons + "#i-" + icon);
    clock.title = words[state] + clock.title.slice(clock.title.indexOf(". "));
  }

  function draw() {
    const now = Date.now();
    document.querySelectorAll(".dk-clock[data-due]").forEach(function (clock) { drawClock(clock, now); });
    document.querySelectorAll("time[data-ago]").forEach(function (time) {
      const minutes = Math.floor((now - Date.parse(time.dateTime)) / 60000);
      // Beyond four weeks the server prints the date, which does not change.
      if (minutes < 28 * DAY) { put(time, ago(minutes)); }
    });
  }

  setInterval(draw, EVERY_MS);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { draw(); } });
})();
