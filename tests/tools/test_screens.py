"""The pictures of the docs: all there, both themes, and light enough to live in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.screens import FOLDER, ROOT, SCREENS

PAGES = [ROOT / "README.md", ROOT / "README.ru.md", *sorted((ROOT / "docs").rglob("*.md"))]
PICTURE = re.compile(r'!\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"')
MOST_BYTES, MOST_BYTES_OF_ALL = 160 * 2**10, 6 * 2**20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_picture_that_a_page_shows_is_there(page: Path) -> None:
    for found in PICTURE.finditer(page.read_text()):
        name = found[1] or found[2]
        assert (page.parent / name).is_file(), f"{name}: run `make screens`"


def test_every_screen_has_its_pictures_and_no_picture_is_left_over() -> None:
    sizes = {screen.name: ["", "phone-"] if screen.on_a_phone else [""] for screen in SCREENS}
    wanted = {f"{name}-{size}{theme}.webp" for name in sizes for size in sizes[name] for theme in ("light", "dark")}

    assert {each.name for each in FOLDER.glob("*.webp")} == wanted


def test_the_pictures_are_small() -> None:
    sizes = {each.name: each.stat().st_size for each in FOLDER.glob("*.webp")}

    assert not [name for name, size in sizes.items() if size > MOST_BYTES]
    assert sum(sizes.values()) < MOST_BYTES_OF_ALL
