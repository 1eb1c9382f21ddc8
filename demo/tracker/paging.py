"""Pages of long lists: by number, by what came last, and scrolls over a list as it was."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from demo.tracker.records import ApiError, Issue
from demo.tracker.request import Reply, Request

PER_PAGE, MOST = 50, 1000
ROWS_BY_PAGES = 10_000
PER_SCROLL = 100

Shape = Callable[[Any], Any]


@dataclass
class _Scroll:
    issues: list[Issue]
    ends_at: float


class Pages:
    """The ways in which a list is given in pieces; scrolls are kept here."""

    def __init__(self) -> None:
        self._scrolls: dict[str, _Scroll] = {}

    def numbered(self, request: Request, rows: Sequence[Any], shape: Shape) -> Reply:
        """`?page=2&perPage=50`: made anew for each page, so that rows shift between them, as there."""
        per_page, page = min(request.number("perPage", PER_PAGE), MOST), max(request.number("page", 1), 1)
        total = len(rows)
        pages = max(-(-total // per_page), 1) if per_page else 1
        start = (page - 1) * per_page
        if start >= ROWS_BY_PAGES:
            raise ApiError(400, "Можно получить не больше 10000 записей.")
        found = {"first": 1, "prev": page - 1, "next": page + 1, "last": pages}
        links = [
            f'<{_address(request, page=number)}>; rel="{name}"'
            for name, number in found.items()
            if 1 <= number <= pages
        ]
        links.append(f'<{_address(request, page=None)}{{&page}}>; rel="seek"')
        headers = {"X-Total-Count": str(total), "X-Total-Pages": str(pages), "Link": ", ".join(links)}
        return Reply([shape(row) for row in rows[start : start + per_page]], headers=headers)

    def relative(self, request: Request, rows: Sequence[Any], shape: Shape) -> Reply:
        """`?id=<the last one seen>`: nothing is skipped or repeated."""
        last, per_page = request.params.get("id", ""), min(request.number("perPage", PER_PAGE), MOST)
        start = next((place + 1 for place, row in enumerate(rows) if last and last == str(row.id)), 0)
        piece = rows[start : start + per_page]
        headers = {}
        if len(rows) > start + per_page:
            headers["Link"] = f'<{_address(request, id=str(piece[-1].id))}>; rel="next"'
        return Reply([shape(row) for row in piece], headers=headers)

    def scrolled(self, request: Request, found: Callable[[], list[Issue]], shape: Shape) -> Reply:
        """`?scrollType=sorted`, then `?scrollId=`: the list as it was at the first call."""
        name = request.params.get("scrollId") or secrets.token_hex(8)
        self._scrolls = {key: each for key, each in self._scrolls.items() if each.ends_at > time.monotonic()}
        if "scrollId" not in request.params:
            life = request.number("scrollTTLMillis", 60_000) / 1000
            self._scrolls[name] = _Scroll(found(), time.monotonic() + life)
        if name not in self._scrolls:
            raise ApiError(400, "Прокрутка закончилась.")
        scroll, size = self._scrolls[name], min(request.number("perScroll", PER_SCROLL), MOST)
        piece, scroll.issues = scroll.issues[:size], scroll.issues[size:]
        headers = {"X-Scroll-Id": name, "X-Scroll-Token": f"{name}:token", "X-Total-Count": str(len(piece))}
        if piece:
            headers["Link"] = f'<{_address(request, scrollId=name)}>; rel="next"'
        return Reply([shape(row) for row in piece], headers=headers)

    def forget(self, names: Sequence[str]) -> None:
        for name in names:
            self._scrolls.pop(name, None)


def _address(request: Request, **changed: Any) -> str:
    params = {name: value for name, value in {**request.params, **changed}.items() if value is not None}
    return f"{request.base}/{request.path}?{urlencode(params)}"
