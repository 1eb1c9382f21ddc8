// What the map shows: open incidents by code and poles by id, kept true piece by piece, and gathered for each zoom.
(function () {
  "use strict";
  // The worst first, as incidents.map_states has them.
  const STATES = ["o", "r", "n", "a", "w"];
  const STEP = 10000;
  const RADIUS = 60, NEAREST = 17;

  class Points {
    constructor() { this.poles = new Map(); this.incidents = new Map(); this.hidden = new Set(); this.index = null; }

    // The whole of it, in columns (incidents.map_points.packed).
    fill(packed) {
      this.poles = new Map();
      this.incidents = new Map();
      this.put(packed);
    }

    // Some of it: `asked` are the codes that the answer is about; those it does not name are gone.
    change(packed, asked) {
      const before = new Map(asked.map((code) => [code, this.said(code)]));
      asked.forEach((code) => { this.incidents.delete(code); });
      this.put(packed);
      return asked.some((code) => before.get(code) !== this.said(code));
    }

    said(code) {
      const incident = this.incidents.get(code);
      return incident ? incident.state + (incident.pole ? incident.pole.id : "") : "";
    }

    put(packed) {
      const poles = packed.poles.id.map((id, at) => this.pole(packed, id, at));
      packed.incidents.code.forEach((code, at) => {
        this.incidents.set(code, { state: packed.incidents.state[at], pole: poles[packed.incidents.pole[at]] || null });
      });
    }

    pole(packed, id, at) {
      const columns = packed.poles, region = columns.region[at], isPlaced = columns.lat[at] !== null;
      const lng = columns.lon[at] / STEP;
      const pole = {
        id: id, code: columns.code[at], outline: packed.outlines[region],
        // Chukotka goes on beyond the 180th meridian, as its outline does.
        place: isPlaced ? [lng < -100 ? lng + 360 : lng, columns.lat[at] / STEP] : null,
      };
      this.poles.set(id, pole);
      return pole;
    }

    // How many in each state: all of them, and those shown by outline.
    count() {
      const states = Object.fromEntries(STATES.map((letter) => [letter, 0])), regions = new Map();
      this.incidents.forEach((incident) => {
        states[incident.state] += 1;
        if (!incident.pole || !incident.pole.outline || this.hidden.has(incident.state)) { return; }
        const numbers = regions.get(incident.pole.outline) || [0, 0, 0, 0, 0];
        numbers[STATES.indexOf(incident.state)] += 1;
        regions.set(incident.pole.outline, numbers);
      });
      return { states: states, regions: regions };
    }

    gather() {
      const at = new Map();
      this.incidents.forEach((incident) => {
        const pole = incident.pole;
        if (!pole || !pole.place || this.hidden.has(incident.state)) { return; }
        const numbers = at.get(pole) || [0, 0, 0, 0, 0];
        numbers[STATES.indexOf(incident.state)] += 1;
        at.set(pole, numbers);
      });
      const features = Array.from(at, ([pole, numbers]) => ({
        type: "Feature", geometry: { type: "Point", coordinates: pole.place },
        properties: { pole: pole.id, numbers: numbers },
      }));
      this.places = features.map((each) => each.geometry.coordinates);
      this.index = new window.Supercluster({
        radius: RADIUS, maxZoom: NEAREST,
        map: (own) => ({ numbers: own.numbers.slice() }),
        reduce: (all, one) => { all.numbers = all.numbers.map((number, state) => number + one.numbers[state]); },
      }).load(features);
    }

    // Marks of a view: each has its numbers by state, and is one pole or a cluster of them.
    within(bounds, zoom) { return this.index ? this.index.getClusters(bounds, Math.floor(zoom)) : []; }
    opensAt(cluster) { return this.index.getClusterExpansionZoom(cluster); }
    polesOf(cluster) { return this.index.getLeaves(cluster, 100).map((leaf) => leaf.properties.pole); }
  }

  window.mapPoints = { Points: Points, STATES: STATES, NEAREST: NEAREST };
})();
