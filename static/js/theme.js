// Runs before the first paint. The server prints the theme that was chosen; only "auto" asks the system.
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  if (root.dataset.theme !== "auto") { return; }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  dark.addEventListener("change", follow);
  follow();
})();
