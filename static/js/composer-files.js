// Files of a letter: chosen, dropped anywhere on the card, pasted, or ticked among those of the incident. Each goes up by
// itself, at once, and stands in the form when the server has it.
(function () {
  "use strict";
  function form() { return document.getElementById("reply"); }
  function shelf() { return document.getElementById("reply-files"); }

  function say(words) {
    const line = document.getElementById("reply-files-error");
    if (!line) { return; }
    line.textContent = words;
    line.hidden = !words;
  }

  // fetch() tells nothing of how far it is.
  function send(file, row) {
    const request = new XMLHttpRequest(), body = new FormData(), to = form();
    body.append("file", file, file.name || "image.png");
    request.open("POST", to.dataset.files);
    Object.entries(JSON.parse(document.body.getAttribute("hx-headers"))).forEach(function (header) {
      request.setRequestHeader(header[0], header[1]);
    });
    request.upload.addEventListener("progress", function (event) {
      if (event.lengthComputable) { row.querySelector("progress").value = 100 * event.loaded / event.total; }
    });
    request.addEventListener("load", function () {
      const answer = new DOMParser().parseFromString(request.responseText, "text/html");
      const kept = request.status === 200 && answer.querySelector("[data-file-row]");
      if (kept) { row.replaceWith(kept); go(true); return; }
      go(false);
      row.remove();
      const line = document.getElementById("reply-files-error");
      const isPlain = (request.getResponseHeader("Content-Type") || "").startsWith("text/plain");
      if (line) { say(isPlain ? request.responseText : file.name + " " + line.dataset.failed); }
      if (request.status === 200) { document.body.dispatchEvent(new CustomEvent("signed-out")); }
    });
    request.addEventListener("error", function () {
      go(false);
      row.remove();
      const line = document.getElementById("reply-files-error");
      if (line) { say(file.name + " " + line.dataset.failed); }
    });
    row.querySelector("[data-stop]").addEventListener("click", function () { request.abort(); row.remove(); go(true); });
    request.send(body);
  }

  // The letter waits for what is still coming up, and leaves with it; without a file that failed it does not leave.
  let waiting = null;
  document.addEventListener("submit", function (event) {
    if (event.target.id !== "reply" || !event.target.querySelector(".is-coming")) { return; }
    event.preventDefault();
    event.stopPropagation();
    waiting = event.submitter;
    say(document.getElementById("reply-files-error").dataset.waits);
    event.target.dataset.waits = "1";
  }, true);
  function go(isWhole) {
    const to = form();
    if (!to || !("waits" in to.dataset) || (isWhole && to.querySelector(".is-coming"))) { return; }
    delete to.dataset.waits;
    if (!isWhole) { return; }
    say("");
    to.requestSubmit(waiting && waiting.isConnected ? waiting : null);
  }

  function bring(files) {
    const line = document.getElementById("reply-files-error"), limit = Number(line.dataset.limit);
    say("");
    Array.from(files).forEach(function (file) {
      if (limit && file.size > limit) { say(file.name + " " + line.dataset.large); return; }
      const row = document.getElementById("reply-file-coming").content.firstElementChild.cloneNode(true);
      row.querySelector(".cut").textContent = file.name;
      shelf().append(row);
      send(file, row);
    });
  }

  function tick(pk, isOn) {
    const box = document.querySelector("#reply-taken [name=attach][value='" + pk + "']");
    if (box) { box.checked = isOn; box.dispatchEvent(new Event("input", { bubbles: true })); }
  }
  // The list and the shelf show the same choice.
  document.addEventListener("input", function (event) {
    const box = event.target;
    if (!box.matches("#reply-taken [name=attach]")) { return; }
    const there = shelf().querySelector("[data-taken='" + box.value + "']");
    if (there && !box.checked) { there.remove(); }
    if (there || !box.checked) { return; }
    const row = document.getElementById("reply-file-coming").content.firstElementChild.cloneNode(true), label = box.closest("label");
    row.classList.remove("is-coming");
    row.dataset.taken = box.value;
    row.querySelector(".cut").textContent = label.querySelector(".cut").textContent;
    row.querySelector("progress").replaceWith(label.querySelector("small").cloneNode(true));
    const out = row.querySelector("[data-stop]");
    delete out.dataset.stop;
    out.dataset.untake = box.value;
    shelf().append(row);
  });

  document.addEventListener("click", function (event) {
    const button = event.target.closest("#reply button");
    if (!button) { return; }
    if ("browse" in button.dataset) {
      form().querySelector("[data-chooser]").click();
    } else if (button.dataset.untake) {
      tick(button.dataset.untake, false);
    } else if (button.dataset.remove) {
      window.deskPost(button.dataset.remove, {});
      button.closest(".rp-file").remove();
      document.getElementById("reply-text").focus();
    }
  });
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-chooser]")) { return; }
    bring(event.target.files);
    event.target.value = "";
  });
  document.addEventListener("paste", function (event) {
    const files = event.clipboardData ? event.clipboardData.files : [];
    if (files.length && form() && event.target.closest && event.target.closest("#reply")) { event.preventDefault(); bring(files); }
  });

  // Anywhere on the card, since nobody aims; the form opens by itself.
  function hasFiles(event) { return event.dataTransfer && Array.from(event.dataTransfer.types).includes("Files"); }
  const card = document.querySelector(".dk-card");
  let depth = 0;
  function mark(isOver) {
    depth = isOver ? depth + 1 : Math.max(0, depth - 1);
    card.classList.toggle("is-dropping", depth > 0);
  }
  if (!card || !document.getElementById("reply-place")) { return; }
  card.addEventListener("dragenter", function (event) { if (hasFiles(event)) { mark(true); } });
  card.addEventListener("dragleave", function (event) { if (hasFiles(event)) { mark(false); } });
  card.addEventListener("dragover", function (event) { if (hasFiles(event)) { event.preventDefault(); } });
  card.addEventListener("drop", function (event) {
    if (!hasFiles(event)) { return; }
    event.preventDefault();
    depth = 0;
    card.classList.remove("is-dropping");
    const files = Array.from(event.dataTransfer.files);
    if (form() && !document.getElementById("reply-place").hidden) { bring(files); return; }
    document.addEventListener("composer:open", function () { bring(files); }, { once: true });
    document.querySelector("#write [data-write=reply][data-as=reply]").click();
  });
})();
