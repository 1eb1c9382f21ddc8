// The note, sent by Ctrl+Enter. The keys of the card. A site that was chosen, sent.
(function () {
  "use strict";
  function note() { return document.getElementById("note-text"); }
  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form && event.target.matches("textarea")) {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (window.deskKeyIsFree(event)) {
      if (event.code === "KeyN" && note()) { event.preventDefault(); note().focus(); return; }
      const button = !event.shiftKey && document.querySelector("[data-key='" + event.code + "']");
      if (button) { event.preventDefault(); button.click(); }
    }
  });
  // A site chosen from the list (complete.js) is the answer.
  document.addEventListener("completed", function (event) { event.target.form.requestSubmit(); });
})();
