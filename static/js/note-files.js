// Which files go with the note that is being written: their names, and a way to let go of them.
(function () {
  "use strict";
  function names(input) { return input.closest("form").querySelector(".nf-names"); }

  function show(input) {
    const place = names(input), files = Array.from(input.files);
    place.hidden = !files.length;
    place.textContent = files.map(function (file) { return file.name; }).join(", ");
    place.title = place.textContent;
  }

  document.addEventListener("change", function (event) {
    if (event.target.matches(".nf-choose input")) { show(event.target); }
  });
})();
