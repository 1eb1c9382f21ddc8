// The map of open incidents: draws what map-points.js knows, keeps it live, and writes its view into the address.
(function () {
  "use strict";
  const L = window.L, world = document.getElementById("world"), note = document.getElementById("world-note");
  // Events are asked about at once, those that follow closely together; the regions, and states that time changes, less often.
  const NEWS_MS = 400, LIST_MS = 800, REGIONS_MS = 2500, WHOLE_MS = 60000;
  const MOST_CODES = 200;
  const COUNTRY = [[42, 20], [75, 190]];
  const points = new window.mapPoints.Points();
  const shown = new Map();
  let named = new Set(), whole = false, busy = false, timer = 0, askedAt = 0, sideAt = 0, sideTimer = 0, source = "", isPlaced = false, turns = 0, here = location.pathname + location.search;

  const map = L.map(world, {
    attributionControl: Boolean(world.dataset.tiles), zoomControl: false, zoomSnap: 0.5, minZoom: 1.5, maxZoom: window.mapPoints.NEAREST,
    maxBounds: [[25, -10], [86, 220]], maxBoundsViscosity: 0.7, worldCopyJump: false,
  });
  const land = new window.mapLand.Land(map);
  if (map.attributionControl) { map.attributionControl.setPrefix(false); }
  if (world.dataset.tiles) { L.tileLayer(world.dataset.tiles, { attribution: world.dataset.whose, maxZoom: 19 }).addTo(map); }
  world.classList.toggle("tiled", Boolean(world.dataset.tiles));
  // Leaflet knows English units only.
  const Scale = L.Control.Scale.extend({
    _updateScale(line, text, ratio) {
      const [number, unit] = text.split(" ");
      L.Control.Scale.prototype._updateScale.call(this, line, number + " " + (unit === "km" ? world.dataset.km : world.dataset.m), ratio);
    },
  });
  new Scale({ imperial: false, position: "bottomleft" }).addTo(map);
  world.setAttribute("tabindex", "0");
  world.setAttribute("role", "group");
  world.setAttribute("aria-label", world.parentElement.getAttribute("aria-label"));

  // The view in the address: #zoom/latitude/longitude.
  function said() {
    const parts = location.hash.slice(1).split("/").map(Number);
    return parts.length === 3 && parts.every(Number.isFinite) ? parts : null;
  }
  function say() {
    const middle = map.getCenter();
    here = location.pathname + location.search;
    const hash = "#" + [map.getZoom(), middle.lat.toFixed(3), middle.lng.toFixed(3)].join("/");
    history.replaceState(history.state, "", here + hash);
  }
  function fit(places) {
    if (!places.length) { map.fitBounds(COUNTRY); return; }
    map.fitBounds(places.map((place) => [place[1], place[0]]), { padding: [44, 44], maxZoom: 9 });
  }

  // Only marks that differ come and go, so nothing blinks and the focus stays.
  function draw() {
    const view = map.getBounds().pad(0.2), wanted = new Map();
    points.within([view.getWest(), view.getSouth(), view.getEast(), view.getNorth()], map.getZoom()).forEach(function (each) {
      wanted.set([each.geometry.coordinates, each.properties.pole || "", each.properties.numbers].join(";"), each);
    });
    shown.forEach(function (mark, key) {
      if (!wanted.has(key)) { mark.remove(); shown.delete(key); }
    });
    wanted.forEach(function (each, key) {
      if (!shown.has(key)) { shown.set(key, made(each).addTo(map)); }
    });
    world.classList.toggle("near", map.getZoom() >= 9);
    choose();
  }
  // The pole that is listed beside.
  function choose() {
    const chosen = new URLSearchParams(location.search).get("at");
    shown.forEach(function (mark) { mark.getElement().classList.toggle("on", Boolean(chosen) && String(mark.pole) === chosen); });
  }
  function made(each) {
    const own = each.properties, place = each.geometry.coordinates;
    if (own.cluster) {
      const said = world.dataset.poles + ": " + own.point_count + ". " + window.mapMarks.words(own.numbers);
      return window.mapMarks.marker(place, window.mapMarks.cluster(own.numbers), said, function () { open(own.cluster_id, place); });
    }
    const code = points.poles.get(own.pole).code;
    const said = code + ". " + window.mapMarks.words(own.numbers);
    const mark = window.mapMarks.marker(place, window.mapMarks.pole(own.numbers, code), said, function () { list({ at: own.pole }); });
    mark.pole = own.pole;
    return mark;
  }
  // Nearer, until its poles stand apart; those that never do are listed together.
  function open(cluster, place) {
    const zoom = points.opensAt(cluster);
    if (zoom > window.mapPoints.NEAREST) { list({ at: points.polesOf(cluster).join(",") }); return; }
    map.flyTo([place[1], place[0]], Math.max(zoom, map.getZoom() + 1), { duration: 0.4 });
  }

  // The list beside the map is the server's; the address says which one it is. The last one asked for is shown.
  async function side(address) {
    const turn = ++turns, box = document.getElementById("side");
    sideAt = Date.now();
    const answer = await fetch(address, { headers: { "HX-Request": "true", "HX-Target": "side" }, redirect: "manual" }).catch(() => null);
    const text = answer && answer.ok ? await answer.text().catch(() => null) : null;
    if (turn !== turns || text === null || box !== document.getElementById("side")) { return false; }
    const held = box.contains(document.activeElement) ? document.activeElement.id : "";
    box.innerHTML = text;
    const again = held && document.getElementById(held);
    if (again) { again.focus({ preventScroll: true }); }
    return true;
  }
  async function go(address) {
    clearTimeout(sideTimer);
    if (!await side(address)) { return; }
    here = address;
    history.pushState(null, "", address + location.hash);
    document.getElementById("side").scrollTop = 0;
    const heading = document.querySelector("#side h2");
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    choose();
  }
  function list(asked) {
    const address = new URL(location.href);
    ["at", "within", "nowhere", "after", "before"].forEach((name) => address.searchParams.delete(name));
    Object.entries(asked).forEach(([name, value]) => address.searchParams.set(name, value));
    go(address.pathname + address.search);
  }
  function renewSide() {
    const every = document.querySelector("#side .wm-list") ? LIST_MS : REGIONS_MS;
    clearTimeout(sideTimer);
    sideTimer = setTimeout(function () { side(location.pathname + location.search); }, Math.max(50, sideAt + every - Date.now()));
  }

  function redraw() {
    points.gather();
    const numbers = points.count();
    land.paint(numbers.regions);
    document.querySelectorAll(".wm-legend [data-state]").forEach(function (each) { each.textContent = numbers.states[each.dataset.state]; });
    document.getElementById("count").textContent = points.incidents.size;
    tell(points.incidents.size ? "" : note.dataset.empty);
    if (isPlaced) { draw(); }
  }
  function tell(words) { note.textContent = words; note.hidden = !words; }

  // What the page lacks: the whole, or what became of the incidents that events named.
  function plan() {
    if (busy || !(named.size || whole)) { return; }
    clearTimeout(timer);
    timer = setTimeout(ask, Math.max(0, askedAt + NEWS_MS - Date.now()));
  }
  async function ask() {
    if (busy) { return; }
    const all = whole || named.size > MOST_CODES, codes = all ? [] : Array.from(named), from = source;
    named = new Set();
    whole = false;
    busy = true;
    askedAt = Date.now();
    const address = new URL(from, location.href);
    if (!all) { address.searchParams.set("codes", codes.join(",")); }
    const answer = await fetch(address, { redirect: "manual" }).catch(() => null);
    const packed = answer && answer.ok ? await answer.json().catch(() => null) : null;
    busy = false;
    if (from !== source) { plan(); return; }
    if (!packed) {
      whole = true;
      tell(note.dataset.failed);
      if (answer && answer.type === "opaqueredirect") { document.body.dispatchEvent(new CustomEvent("signed-out")); return; }
      askedAt = Date.now() + 5000;
      plan();
      return;
    }
    took(packed, codes, all);
    plan();
  }
  function took(packed, codes, all) {
    const isFirst = !isPlaced;
    if (all) {
      points.fill(packed);
    } else if (!points.change(packed, codes)) {
      // Whose it is, or what is said of it, may be another.
      if (codes.some((code) => document.getElementById("line-" + code))) { renewSide(); }
      return;
    }
    redraw();
    if (isFirst) { place(); } else { renewSide(); }
    world.dataset.drawn = Number(world.dataset.drawn || 0) + 1;
  }
  function place() {
    const view = said();
    isPlaced = true;
    if (view) { map.setView([view[1], view[2]], view[0]); } else { fit(points.places); }
    draw();
  }

  // Another filter or legend has come in; the map stays where it is, unless nothing of it would be seen.
  async function renewed() {
    const main = document.getElementById("main"), isOther = main.dataset.points !== source;
    points.hidden = new Set(main.dataset.hidden);
    say();
    if (!isOther) { redraw(); return; }
    source = main.dataset.points;
    whole = true;
    while (busy) { await new Promise((done) => setTimeout(done, 20)); }
    await ask();
    const view = map.getBounds();
    if (points.places.length && !points.places.some((each) => view.contains([each[1], each[0]]))) { fit(points.places); }
  }

  map.on("moveend zoomend", function () { if (isPlaced) { draw(); say(); } });
  document.querySelector(".wm-zoom").addEventListener("click", function (event) {
    const button = event.target.closest("[data-zoom]");
    if (!button) { return; }
    if (button.dataset.zoom === "in") { map.zoomIn(); } else if (button.dataset.zoom === "out") { map.zoomOut(); } else { fit(points.places); }
  });
  // A region chosen in the list is shown; one chosen on the map is listed.
  function show(outline) {
    const bounds = land.bounds.get(outline);
    if (bounds) { map.flyToBounds(bounds, { duration: 0.4, padding: [12, 12] }); }
  }
  document.querySelector(".wm").addEventListener("click", function (event) {
    const link = event.target.closest("#nowhere, .wm-regions a, .wm-back a:first-child, .wm-near a, .wm-pages a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    event.preventDefault();
    event.stopPropagation();
    show(link.dataset.outline);
    go(link.pathname + link.search);
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === " " && event.target.matches(".wm-key")) { event.preventDefault(); event.target.click(); }
  });
  // Back and forth: another list is another page; another view is only looked at.
  window.addEventListener("popstate", function () {
    const view = said(), address = location.pathname + location.search;
    if (address !== here) { location.reload(); } else if (view) { map.setView([view[1], view[2]], view[0]); }
  });
  document.addEventListener("htmx:afterSettle", function (event) { if (event.target.id === "main") { renewed(); } });
  document.addEventListener("htmx:pushedIntoHistory", function () { say(); choose(); });
  document.body.addEventListener("incident", function (event) { named.add(event.detail.code); plan(); });
  document.body.addEventListener("resync", function () { whole = true; plan(); });
  // Deadlines come nearer without any event.
  setInterval(function () { whole = true; plan(); }, WHOLE_MS);
  new ResizeObserver(function () { map.invalidateSize({ pan: false }); }).observe(world);

  const main = document.getElementById("main");
  source = main.dataset.points;
  points.hidden = new Set(main.dataset.hidden);
  map.fitBounds(COUNTRY);
  land.load(world.dataset.outlines, function (outline) {
    show(outline);
    const link = document.querySelector("[data-outline='" + outline + "']");
    if (link) { link.focus({ preventScroll: true }); link.scrollIntoView({ block: "nearest" }); }
  });
  whole = true;
  ask();
})();
