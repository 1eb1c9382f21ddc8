// The map of open incidents: draws what map-points.js knows, keeps it live, and writes its view into the address.
(function () {
  "use strict";
  const L = window.L, world = document.getElementById("world"), note = document.getElementById("world-note");
  // Events are asked about at once, those that follow closely together; the list beside, and states that time changes, less often.
  const NEWS_MS = 400, SIDE_MS = 2500, WHOLE_MS = 60000;
  const MOST_CODES = 200;
  const COUNTRY = [[42, 20], [75, 190]];
  const points = new window.mapPoints.Points();
  const shown = new Map();
  let named = new Set(), whole = false, busy = false, timer = 0, askedAt = 0, sideAt = 0, sideTimer = 0, source = "", isPlaced = false;

  const map = L.map(world, {
    attributionControl: Boolean(world.dataset.tiles), zoomControl: false, zoomSnap: 0.5, minZoom: 1.5, maxZoom: window.mapPoints.NEAREST,
    maxBounds: [[25, -10], [86, 220]], maxBoundsViscosity: 0.7, worldCopyJump: false,
  });
  const land = new window.mapLand.Land(map);
  if (map.attributionControl) { map.attributionControl.setPrefix(false); }
  if (world.dataset.tiles) { L.tileLayer(world.dataset.tiles, { attribution: world.dataset.whose, maxZoom: 19 }).addTo(map); }
  world.classList.toggle("tiled", Boolean(world.dataset.tiles));
  L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
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
    const hash = "#" + [map.getZoom(), middle.lat.toFixed(3), middle.lng.toFixed(3)].join("/");
    history.replaceState(history.state, "", location.pathname + location.search + hash);
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
  }
  function made(each) {
    const own = each.properties, place = each.geometry.coordinates;
    if (own.cluster) {
      const said = world.dataset.poles + ": " + own.point_count + ". " + window.mapMarks.words(own.numbers);
      return window.mapMarks.marker(place, window.mapMarks.cluster(own.numbers), said, function () { open(own.cluster_id, place); });
    }
    const code = points.poles.get(own.pole).code;
    return window.mapMarks.marker(place, window.mapMarks.pole(own.numbers, code), code + ". " + window.mapMarks.words(own.numbers), function () {
      list({ at: own.pole });
    });
  }
  // Nearer, until its poles stand apart; those that never do are listed together.
  function open(cluster, place) {
    const zoom = points.opensAt(cluster);
    if (zoom > window.mapPoints.NEAREST) { list({ at: points.polesOf(cluster).join(",") }); return; }
    map.flyTo([place[1], place[0]], Math.max(zoom, map.getZoom() + 1), { duration: 0.4 });
  }

  // The list beside the map is the server's; the address says which one it is.
  function list(asked) {
    const address = new URL(location.href);
    ["at", "within", "nowhere", "after", "before"].forEach((name) => address.searchParams.delete(name));
    Object.entries(asked).forEach(([name, value]) => address.searchParams.set(name, value));
    address.hash = "";
    side(address.pathname + address.search).then(function () {
      history.pushState(null, "", address.pathname + address.search + location.hash);
      const heading = document.querySelector("#side h2");
      if (heading) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }
    });
  }
  function side(address) {
    sideAt = Date.now();
    return htmx.ajax("GET", address, { target: "#side", swap: "innerHTML" });
  }
  function renewSide() {
    clearTimeout(sideTimer);
    sideTimer = setTimeout(function () { side(location.pathname + location.search); }, Math.max(150, sideAt + SIDE_MS - Date.now()));
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
    if (all) { points.fill(packed); } else if (!points.change(packed, codes)) { return; }
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
  document.addEventListener("click", function (event) {
    const link = event.target.closest("[data-outline]");
    if (link && !event.ctrlKey && !event.metaKey) { show(link.dataset.outline); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === " " && event.target.matches(".wm-key")) { event.preventDefault(); event.target.click(); }
  });
  document.addEventListener("htmx:afterSettle", function (event) { if (event.target.id === "main") { renewed(); } });
  document.addEventListener("htmx:pushedIntoHistory", say);
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
