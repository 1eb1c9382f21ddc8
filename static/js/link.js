// The line below the list: whether events come, and the time of the desk.
(function () {
  "use strict";
  let up = null;
  function draw() {
    const line = document.getElementById("link");
    if (!line || up === null) { return; }
    if (up) {
      const clock = new Intl.DateTimeFormat("ru", { timeZone: line.dataset.zone, timeStyle: "medium" });
      line.querySelector(".num").textContent = clock.format(new Date()) + " " + line.dataset.name;
    }
    line.querySelector(".words").textContent = up ? line.dataset.up + "," : line.dataset.down;
    line.classList.toggle("is-up", up);
    line.classList.toggle("is-over", !up);
    line.querySelector("use").setAttribute("href", document.body.dataset.icons + (up ? "#i-circle-check" : "#i-plug-connected-x"));
  }
  document.body.addEventListener("link", function (event) { up = event.detail; draw(); });
  setInterval(draw, 1000);
})();
