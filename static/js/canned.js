// A click on a name puts it into the words that are being written.
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-insert]");
    if (!button) { return; }
    const field = document.getElementById("canned-text");
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.focus();
  });
})();
