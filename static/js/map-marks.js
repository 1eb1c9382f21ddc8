// Marks of the map: a shape for a pole, a ring of states with a number and the worst one's shape for a cluster.
(function () {
  "use strict";
  const NAMES = ["over", "risk", "new", "work", "wait"];
  const SVG = "http://www.w3.org/2000/svg";

  function drawn(name, attributes, parent) {
    const element = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => { element.setAttribute(key, value); });
    if (parent) { parent.append(element); }
    return element;
  }
  function sum(numbers) { return numbers.reduce((all, number) => all + number, 0); }
  function worst(numbers) { return NAMES[numbers.findIndex(Boolean)]; }
  function sign(name) {
    const svg = drawn("svg", { class: "wm-sign is-" + name, "aria-hidden": "true" });
    drawn("use", { href: "#wm-" + name }, svg);
    return svg;
  }
  // The states have their words in the legend.
  function title(at) { return document.getElementById("key-" + NAMES[at]).childNodes[1].textContent.trim(); }
  function words(numbers) {
    return numbers.map((number, at) => (number ? title(at) + ": " + number : "")).filter(Boolean).join(", ");
  }

  // Signs with numbers, for what is said of a region.
  function numbersOf(numbers) {
    const row = document.createElement("span");
    row.className = "wm-numbers";
    numbers.forEach(function (number, at) {
      if (number) { row.append(sign(NAMES[at]), String(number)); }
    });
    return row;
  }

  function pole(numbers, code) {
    const box = document.createElement("span"), total = sum(numbers);
    box.className = "wm-point";
    box.append(sign(worst(numbers)));
    const name = document.createElement("span");
    name.className = "wm-code";
    name.textContent = code;
    if (total > 1) {
      const count = document.createElement("b");
      count.textContent = total;
      box.append(count);
    }
    box.append(name);
    return { element: box, size: 28 };
  }

  function cluster(numbers) {
    const total = sum(numbers), size = total < 10 ? 34 : total < 100 ? 40 : total < 1000 ? 48 : 58;
    const box = document.createElement("span");
    box.className = "wm-cluster";
    const svg = drawn("svg", { viewBox: "0 0 40 40", "aria-hidden": "true" });
    drawn("circle", { class: "ground", cx: 20, cy: 20, r: 19 }, svg);
    let from = 0;
    numbers.forEach(function (number, at) {
      if (!number) { return; }
      const share = 100 * number / total;
      // A hair of ground between two states.
      const shown = share > 99.9 ? 100 : Math.max(share - 1.2, 0.8);
      drawn("circle", {
        class: "part is-" + NAMES[at], cx: 20, cy: 20, r: 16.500, pathLength: 100, transform: "rotate(-90 20 20)",
        "stroke-dasharray": shown + " " + (100 - shown), "stroke-dashoffset": -from,
      }, svg);
      from += share;
    });
    const count = document.createElement("b");
    count.textContent = total < 10000 ? total : Math.round(total / 1000) + "k";
    box.append(svg, count, sign(worst(numbers)));
    return { element: box, size: size };
  }

  // A marker of Leaflet that the keyboard reaches and a screen reader names.
  function marker(place, made, said, choose) {
    const icon = window.L.divIcon({ html: made.element, className: "wm-mark", iconSize: [made.size, made.size] });
    const mark = window.L.marker([place[1], place[0]], { icon: icon, keyboard: true, riseOnHover: true, zIndexOffset: 0 });
    mark.on("click", choose);
    mark.on("add", function () {
      const element = mark.getElement();
      element.setAttribute("aria-label", said);
      element.title = said;
      element.addEventListener("keydown", function (event) {
        if (event.key !== "Enter" && event.key !== " ") { return; }
        event.preventDefault();
        event.stopPropagation();
        choose();
      });
    });
    return mark;
  }

  window.mapMarks = { pole: pole, cluster: cluster, marker: marker, words: words, numbersOf: numbersOf };
})();
