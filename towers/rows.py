"""Rows of TowerStore's three feeds: from the objects it sends to typed values, with the reasons for what is no row."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from decimal import Decimal
from sys import intern
from typing import Any, Generic, TypeVar

from towers.contacts import emails_in, phones_in
from towers.reasons import Reason, reason

MOST_EXAMPLES = 20
CODE_LENGTH = 64
# What people type where there is nothing.
_NOTHING = frozenset({"", "-", "—", "н/д", "n/a", "null", "none", "нет данных"})
_BIGINT = 2**63

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PoleRow:
    code: str
    site_id: int | None
    name: str
    state: str
    latitude: float | None
    longitude: float | None
    height: float | None
    region: str
    region_ru: str
    address: str
    company: str
    anchor_operator: str


@dataclass(frozen=True, slots=True)
class ContractorRow:
    pole_code: str
    contractor: str
    excluded: bool
    emails: tuple[str, ...]
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StationRow:
    pole_code: str
    name: str
    operator: str
    group: str


class BadRow(Exception):
    """An object that is no row; says why."""

    def __init__(self, code: str, **figures: Any) -> None:
        super().__init__(code)
        self.reason = reason(code, **figures)


@dataclass(slots=True)
class Notes:
    """What was not taken, counted, with the first examples."""

    skipped: int = 0
    # Numbers of rows that were taken without some of their values.
    incomplete: set[int] = field(default_factory=set)
    _skips: list[dict[str, Any]] = field(default_factory=list)
    _gaps: list[dict[str, Any]] = field(default_factory=list)

    def skip(self, row: int, why: Reason) -> None:
        """The row was left out."""
        self.skipped += 1
        _keep(self._skips, {"row": row, "why": why})

    def gap(self, row: int, why: Reason) -> None:
        """The row was taken, without this value."""
        self.incomplete.add(row)
        _keep(self._gaps, {"row": row, "why": why, "taken": True})

    @property
    def examples(self) -> list[dict[str, Any]]:
        return [*self._skips, *self._gaps][:MOST_EXAMPLES]


def _keep(examples: list[dict[str, Any]], example: dict[str, Any]) -> None:
    if len(examples) < MOST_EXAMPLES:
        examples.append(example)


@dataclass(slots=True)
class Feed(Generic[Row]):
    """A feed as read: rows with their numbers (from 1), and what was not taken."""

    rows: list[tuple[int, Row]] = field(default_factory=list)
    total: int = 0
    notes: Notes = field(default_factory=Notes)
    # Poles with a row that could not be read: they lose nothing this time.
    unreadable: set[str] = field(default_factory=set)
    # Rows of which not even the pole could be read: any missing row may be one of them.
    unidentified: int = 0


class Reader(Generic[Row]):
    """Turns the objects of one feed into rows; the first of several with one identity wins."""

    def __init__(
        self,
        read: Callable[[Cells], Row],
        identity: Callable[[Row], Hashable],
        *,
        pole_field: str,
        ignores: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        self.feed: Feed[Row] = Feed()
        self._read, self._identity, self._ignores = read, identity, ignores
        self._pole_field = pole_field
        self._seen: set[Hashable] = set()

    def take(self, data: object) -> None:
        """Read one more object."""
        feed = self.feed
        feed.total += 1
        try:
            if not isinstance(data, dict):
                raise BadRow("not_an_object")
            row = self._read(Cells(data, feed.notes, feed.total))
            identity = self._identity(row)
            if identity in self._seen:
                raise BadRow("duplicate", value=_spoken(identity))
        except BadRow as bad:
            feed.notes.skip(feed.total, bad.reason)
            if bad.reason["code"] != "duplicate":
                self._spare(data)
            return
        self._seen.add(identity)
        feed.rows.append((feed.total, row))

    def _spare(self, data: object) -> None:
        code = data.get(self._pole_field) if isinstance(data, dict) else None
        if not isinstance(code, str) or not _clean(code):
            self.feed.unidentified += 1
        elif not self._ignores(data):
            self.feed.unreadable.add(_clean(code))


def _spoken(identity: Hashable) -> str:
    return " · ".join(map(str, identity)) if isinstance(identity, tuple) else str(identity)


class Cells:
    """The values of one object, by the names TowerStore gives them."""

    __slots__ = ("_data", "_notes", "_row")

    def __init__(self, data: dict[str, Any], notes: Notes, row: int) -> None:
        self._data, self._notes, self._row = data, notes, row

    def identity(self, name: str, most: int) -> str:
        """A text that must be there, whole; without it the row is none."""
        value = self._text(name)
        if not value:
            raise BadRow("missing", field=name)
        if len(value) > most:
            raise BadRow("too_long", field=name, most=most, value=value)
        return value

    def text(self, name: str, most: int) -> str:
        """A text that may be missing; the whole row is refused when it is no text at all."""
        value = self._text(name)
        if len(value) <= most:
            return value
        raise BadRow("too_long", field=name, most=most, value=value)

    def optional(self, name: str, most: int) -> str:
        """A text that the row can do without: a useless value is noted and left out, a long one cut."""
        try:
            return self.text(name, most)
        except BadRow as bad:
            self._notes.gap(self._row, bad.reason)
            return self._text(name)[: most - 1] + "…" if bad.reason["code"] == "too_long" else ""

    def number(self, name: str, least: float, most: float) -> float | None:
        """A number, also written as a text with point or comma; a useless one is noted and left out."""
        value = self._data.get(name)
        try:
            number = _number(name, value)
            if number is None or least <= number <= most:
                return number
            raise BadRow("out_of_range", field=name, value=value)
        except BadRow as bad:
            self._notes.gap(self._row, bad.reason)
            return None

    def whole(self, name: str) -> int | None:
        number = self.number(name, -_BIGINT, _BIGINT - 1025)  # the largest float below 2**63
        if number is not None and number != int(number):
            self._notes.gap(self._row, reason("no_number", field=name, value=number))
            return None
        return None if number is None else int(number)

    def note(self, code: str, name: str, value: object) -> None:
        self._notes.gap(self._row, reason(code, field=name, value=value))

    def _text(self, name: str) -> str:
        value = self._data.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise BadRow("wrong_type", field=name, value=value)
        text = _clean(value)
        return "" if text.casefold() in _NOTHING else text


def _clean(text: str) -> str:
    """One line without what PostgreSQL cannot store (NUL, halves of surrogate pairs)."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(text.replace("\0", "").encode("utf-8", "ignore").decode().split())


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise BadRow("wrong_type", field=name, value=value)
    if isinstance(value, str):
        value = "".join(value.split()).replace(",", ".")
        if value.casefold() in _NOTHING:
            return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise BadRow("no_number", field=name, value=value) from None
    if not math.isfinite(number):
        raise BadRow("no_number", field=name, value=value)
    return number


def read_pole(cells: Cells) -> PoleRow:
    # Few distinct values in tens of thousands of rows: one copy of each is enough.
    return PoleRow(
        code=cells.identity("Шифр", CODE_LENGTH),
        site_id=cells.whole("SiteId"),
        name=cells.optional("Имя БС", 300),
        state=intern(cells.optional("Статус опоры", 100)),
        latitude=cells.number("Широта", -90, 90),
        longitude=cells.number("Долгота", -180, 180),
        height=cells.number("Высота опоры", 0, 2000),
        region=intern(cells.optional("Регион", 100)),
        region_ru=intern(cells.optional("RegionRu", 200)),
        address=cells.optional("Адрес", 1000),
        company=intern(cells.optional("Инфраструктурная компания", 200)),
        anchor_operator=intern(cells.optional("Якорный оператор", 200)),
    )


def read_contractor(cells: Cells) -> ContractorRow:
    emails_field, phones_field = "Контактные данные подрядчика Email", "Контактные данные подрядчика Телефон"
    code = cells.identity("Шифр опоры", CODE_LENGTH)
    contractor = intern(cells.text("Подрядчик", 300))
    excluded = cells.text("Исключен из договора", 100).casefold() != "нет"
    cell = cells.text(emails_field, 10_000)
    emails = emails_in(cell)
    if cell and not emails:
        cells.note("no_addresses", emails_field, cell)
    phones = phones_in(cells.text(phones_field, 10_000))
    return ContractorRow(code, contractor, excluded, emails, phones)


def read_station(cells: Cells) -> StationRow:
    code, name = cells.identity("Шифр опоры", CODE_LENGTH), cells.identity("Имя БС/Оборудование", 100)
    operator = intern(cells.text("Оператор", 200))
    if not operator:
        cells.note("missing", "Оператор", "")
    return StationRow(
        pole_code=code,
        name=name,
        operator=operator,
        group=intern(cells.optional("Группа операторов", 50)),
    )


def pole_reader() -> Reader[PoleRow]:
    return Reader(read_pole, lambda row: row.code, pole_field="Шифр")


def contractor_reader() -> Reader[ContractorRow]:
    return Reader(read_contractor, lambda row: row.pole_code, pole_field="Шифр опоры")


def station_reader() -> Reader[StationRow]:
    return Reader(
        read_station,
        lambda row: (row.pole_code, row.name, row.operator),
        pole_field="Шифр опоры",
        # A nameless row is TowerStore's way to say "no equipment": nothing unreadable about it.
        ignores=lambda data: data.get("Имя БС/Оборудование") is None,
    )
