// Messages go by themselves unless they must be read; failures of requests become messages.
(function () {
  "use strict";
  const SHOWN_MS = 7000;
  const list = document.getElementById("toasts");

  function watch(toast) {
    if (toast.dataset.watched) { return; }
    toast.dataset.watched = "1";
    if ("stays" in toast.dataset) { return; }
    // What is done to many can be taken back for as long as the message stands.
    const lasts = Number(toast.dataset.lasts) * 1000 || SHOWN_MS;
    setTimeout(function go() {
      if (toast.matches(":hover,:focus-within")) { setTimeout(go, 2000); } else { toast.remove(); }
    }, lasts);
  }

  function say(id) {
    if (list.querySelector("[data-from='" + id + "']")) { return; }
    const toast = document.getElementById(id).content.firstElementChild.cloneNode(true);
    toast.dataset.from = id;
    list.append(toast);
  }

  list.querySelectorAll("[data-toast]").forEach(watch);
  new MutationObserver(function () {
    list.querySelectorAll("[data-toast]").forEach(watch);
  }).observe(list, { childList: true, subtree: true });

  list.addEventListener("htmx:afterRequest", function (event) {
    const toast = event.target.closest("[data-lasts]");
    if (toast && event.detail.successful) { toast.remove(); }
  });
  list.addEventListener("click", function (event) {
    if (event.target.closest("[data-close]")) { event.target.closest("[data-toast]").remove(); }
  });
  document.addEventListener("htmx:sendError", function () { say("toast-offline"); });
  document.addEventListener("htmx:responseError", function () { say("toast-offline"); });
  document.body.addEventListener("signed-out", function () { say("toast-signed-out"); });
  // An expired session answers with the sign-in page: it must not land inside this one, where a text may be waiting.
  document.addEventListener("htmx:beforeSwap", function (event) {
    const answered = new URL(event.detail.xhr.responseURL || location.href, location.href).pathname;
    if (answered === document.body.dataset.signIn && location.pathname !== answered) {
      event.detail.shouldSwap = false;
      say("toast-signed-out");
    }
  });
})();
