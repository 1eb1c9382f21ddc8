// The land below the points: outlines of the regions, or tiles where the desk has a tile server, then borders only.
(function () {
  "use strict";
  const LOOKS = ["is-over", "is-risk", "is-new", "is-work", "is-wait"];
  // So many open incidents make a region one shade deeper.
  const DEEPER = [1, 8, 30, 120];

  // Rings are made of arcs, since neighbours share them; an arc is its first point and differences in whole steps.
  function decoded(stored) {
    const arcs = stored.arcs.map(function (flat) {
      const points = [];
      let x = 0, y = 0;
      for (let at = 0; at < flat.length; at += 2) {
        x += flat[at];
        y += flat[at + 1];
        points.push([y * stored.step, x * stored.step]);
      }
      return points;
    });
    const ring = (numbers) => numbers.flatMap((number) => (number >= 0 ? arcs[number] : arcs[~number].slice().reverse()));
    const regions = stored.regions.map((region) => ({
      id: region.id, name: region.name, bounds: [[region.box[1], region.box[0]], [region.box[3], region.box[2]]],
      rings: region.rings.map((each) => [ring(each)]),
    }));
    const size = (region) => (region.bounds[1][0] - region.bounds[0][0]) * (region.bounds[1][1] - region.bounds[0][1]);
    // Cities lie within their regions, so they are drawn above them.
    return { arcs: arcs.flatMap(unseamed), regions: regions.sort((one, other) => size(other) - size(one)) };
  }

  // The 180th meridian is no border.
  function unseamed(points) {
    const isSeam = (point) => Math.abs(point[1] - 180) < 0.02;
    const parts = [[]];
    points.forEach(function (point, at) {
      if (at && isSeam(point) && isSeam(points[at - 1])) { parts.push([]); }
      parts[parts.length - 1].push(point);
    });
    return parts.filter((part) => part.length > 1);
  }

  class Land {
    constructor(map) { this.map = map; this.shapes = new Map(); this.bounds = new Map(); this.numbers = new Map(); }

    async load(address, choose) {
      const answer = await fetch(address);
      if (!answer.ok) { return; }
      const land = decoded(await answer.json()), draws = window.L.svg({ padding: 0.6 });
      land.regions.forEach((region) => {
        const shape = window.L.polygon(region.rings, { renderer: draws, stroke: false, className: "wm-land", smoothFactor: 0.6 });
        shape.bindTooltip(() => this.words(region), { sticky: true, direction: "top", offset: [0, -8], className: "wm-tip" });
        shape.on("click", function () { choose(region.id); });
        shape.addTo(this.map);
        this.shapes.set(region.id, shape);
        this.bounds.set(region.id, region.bounds);
      });
      window.L.polyline(land.arcs, { renderer: draws, className: "wm-border", interactive: false, smoothFactor: 0.6 }).addTo(this.map);
      this.paint(this.numbers);
    }

    // A region has the colour of its worst state, deeper where there are more.
    paint(numbers) {
      this.numbers = numbers;
      this.shapes.forEach(function (shape, id) {
        const own = numbers.get(id), element = shape.getElement();
        if (!element) { return; }
        const total = own ? own.reduce((sum, number) => sum + number, 0) : 0;
        element.classList.remove(...LOOKS, "d1", "d2", "d3", "d4");
        if (total) { element.classList.add(LOOKS[own.findIndex(Boolean)], "d" + DEEPER.filter((least) => total >= least).length); }
      });
    }

    words(region) {
      const said = document.createElement("span"), own = this.numbers.get(region.id);
      said.append(region.name);
      if (own) { said.append(window.mapMarks.numbersOf(own)); }
      return said;
    }
  }

  window.mapLand = { Land: Land };
})();
