// The letter that the words make, shown again whenever they rest for a moment.
(function () {
  "use strict";
  const form = document.getElementById("lt-form"), shown = document.getElementById("lt-shown");
  const incident = document.getElementById("lt-incident"), place = document.querySelector(".lt-frame");
  const audience = document.getElementById("lt-audience");
  if (!form || !shown) { return; }
  let timer = 0, asked = 0;

  function said() {
    const values = new FormData(form);
    values.set("incident", incident.value.trim());
    if (audience) { values.set("audience", audience.value); }
    return values;
  }

  // A frame of its own each time: one that is used again would leave a step in the browser's history.
  function draw(values, mine) {
    const frame = document.createElement("iframe"), sender = document.createElement("form");
    frame.name = "letter-" + mine;
    frame.title = place.dataset.title;
    frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
    frame.className = "is-coming";
    frame.addEventListener("load", function () {
      const page = frame.contentDocument;
      if (!page || !page.body || !page.body.childElementCount) { return; }
      frame.style.height = page.documentElement.scrollHeight + "px";
      frame.className = "";
      place.querySelectorAll("iframe").forEach(function (each) { if (each !== frame) { each.remove(); } });
    });
    place.append(frame);
    sender.method = "post";
    sender.action = form.dataset.letter;
    sender.target = frame.name;
    sender.hidden = true;
    values.forEach(function (value, name) {
      const field = document.createElement("textarea");
      field.name = name;
      field.value = value;
      sender.append(field);
    });
    document.body.append(sender);
    sender.submit();
    sender.remove();
  }

  async function show() {
    const mine = ++asked, values = said();
    const answer = await fetch(form.dataset.preview, {
      method: "POST", body: values, headers: { "HX-Request": "true" }, redirect: "manual",
    }).catch(function () { return null; });
    if (!answer || !answer.ok || mine !== asked) { return; }
    const isOpen = shown.querySelector("details[open]") !== null;
    shown.innerHTML = await answer.text();
    if (isOpen && shown.querySelector("details")) { shown.querySelector("details").open = true; }
    const isWrong = shown.querySelector(".lt-problems") !== null;
    place.hidden = isWrong;
    if (!isWrong) { draw(values, mine); }
  }

  function soon(event) {
    if (!event.target.matches("[data-words], #lt-incident")) { return; }
    clearTimeout(timer);
    timer = setTimeout(show, 350);
  }

  form.addEventListener("input", soon);
  incident.addEventListener("input", soon);
  if (audience) { audience.addEventListener("change", show); }
  if (incident.placeholder) { show(); }
})();
