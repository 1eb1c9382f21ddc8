// Gives a letter's frame the height of the letter. The frame runs no script; this page may measure it.
(function () {
  "use strict";
  const MOST = 4000;

  function fit(frame) {
    const inside = frame.contentDocument;
    if (!inside || !inside.body || !frame.offsetParent) { return; }
    const root = inside.documentElement, height = Math.ceil(root.getBoundingClientRect().height);
    const border = frame.offsetHeight - frame.clientHeight, scrollbar = root.scrollWidth > frame.clientWidth ? 16 : 0;
    if (height > 0) { frame.height = String(Math.min(MOST, height + border + scrollbar)); }
  }

  function watch(frame) {
    fit(frame);
    const inside = frame.contentDocument;
    if (inside && inside.body) { new ResizeObserver(function () { fit(frame); }).observe(inside.body); }
  }

  // "load" does not bubble, so it is caught on the way down.
  document.addEventListener("load", function (event) {
    if (event.target instanceof HTMLIFrameElement && event.target.matches(".dk-frame")) { watch(event.target); }
  }, true);
  document.querySelectorAll(".dk-frame").forEach(watch);

  document.addEventListener("click", function (event) {
    const shown = event.target.closest("[data-images]");
    if (shown) { setTimeout(function () { shown.closest("p").hidden = true; }); }
    if (event.target.closest("a[href='#site']")) {
      const site = document.getElementById("site");
      if (site) { site.open = true; site.querySelector("input[name=pole]").select(); }
    }
    const copied = event.target.closest("[data-copy-link]");
    if (copied && navigator.clipboard) {
      navigator.clipboard.writeText(location.origin + location.pathname).then(function () {
        copied.classList.add("done");
        setTimeout(function () { copied.classList.remove("done"); }, 1500);
      });
    }
  });
})();
