// Whether events come. The desk has a line for it, with the time; elsewhere, and where that line is not shown, a loss
// that lasts becomes a message, which goes when the stream is back.
(function () {
  "use strict";
  const PATIENCE_MS = 3000;
  const MESSAGE = "toast-lost";
  let up = null, timer = 0;

  function line() {
    const found = document.getElementById("link");
    return found && found.getClientRects().length ? found : null;
  }

  function draw() {
    const shown = line();
    if (!shown || up === null) { return; }
    if (up) {
      const clock = new Intl.DateTimeFormat("ru", { timeZone: shown.dataset.zone, timeStyle: "medium" });
      shown.querySelector(".num").textContent = clock.format(new Date()) + " " + shown.dataset.name;
    }
    shown.querySelector(".words").textContent = up ? shown.dataset.up + "," : shown.dataset.down;
    shown.classList.toggle("is-up", up);
    shown.classList.toggle("is-over", !up);
    shown.querySelector("use").setAttribute("href", document.body.dataset.icons + (up ? "#i-circle-check" : "#i-plug-connected-x"));
  }

  function say() {
    const list = document.getElementById("toasts"), said = list.querySelector("[data-from=" + MESSAGE + "]");
    if (up || line()) {
      if (said) { said.remove(); }
    } else if (!said) {
      const toast = document.getElementById(MESSAGE).content.firstElementChild.cloneNode(true);
      toast.dataset.from = MESSAGE;
      list.append(toast);
    }
  }

  document.body.addEventListener("link", function (event) {
    up = event.detail;
    draw();
    clearTimeout(timer);
    timer = setTimeout(say, up ? 0 : PATIENCE_MS);
  });
  setInterval(draw, 1000);
})();
