// Letters folded to one line each: all of them by the button of the header, one by its own line. The browser remembers.
(function () {
  "use strict";
  const YEAR = 31536000;
  const talk = document.getElementById("card-talk");

  function all() { return talk.querySelectorAll("article.dk-letter:not(.note)"); }

  function isFolded(letter) {
    return letter.classList.contains("folded") || (talk.classList.contains("is-folded") && !letter.classList.contains("unfolded"));
  }
  function say(letter) {
    const button = letter.querySelector(".dk-fold");
    if (button) { button.setAttribute("aria-expanded", String(!isFolded(letter))); }
  }
  function turn(letter) {
    const folds = !isFolded(letter);
    letter.classList.toggle("folded", folds);
    letter.classList.toggle("unfolded", !folds);
    say(letter);
  }

  function remember(folds) {
    const words = new Set((document.cookie.match(/(?:^|; )talk=([^;]*)/) || ["", ""])[1].split(".").filter(Boolean));
    words[folds ? "add" : "delete"]("folded");
    document.cookie = "talk=" + Array.from(words).sort().join(".") + "; path=/; max-age=" + YEAR + "; samesite=lax";
  }
  // The header may be drawn anew, the state of the conversation is here.
  function draw() {
    const button = document.querySelector("[data-fold-all]");
    if (button) { button.setAttribute("aria-pressed", String(talk.classList.contains("is-folded"))); }
  }

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-fold-all]")) {
      const folds = talk.classList.toggle("is-folded");
      all().forEach(function (letter) { letter.classList.remove("folded", "unfolded"); say(letter); });
      remember(folds);
      draw();
      return;
    }
    const header = event.target.closest("article.dk-letter:not(.note) > header");
    if (!header || !talk.contains(header)) { return; }
    const button = event.target.closest("button,a,summary,details");
    if (!button || button.matches(".dk-fold")) { turn(header.parentNode); }
  });
  document.addEventListener("htmx:oobAfterSwap", draw);
  // A link into a folded letter opens it.
  function reveal() {
    const place = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const letter = place && place.querySelector("article.dk-letter");
    if (letter && isFolded(letter)) { turn(letter); place.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  reveal();
})();
