"""A workbook, written as its rows come: no row is kept in memory."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

# A moment is written as it is, so it comes without a zone: the clock of the wall where the reader sits.
Value = str | int | float | datetime | None

_DAY_ZERO = datetime(1899, 12, 30)
_LONGEST_TEXT = 32_767
_ROWS_AT_ONCE = 500
# What XML 1.0 cannot carry, and what the format itself reads as an escape.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_FIXED = {
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    # Cells: 0 plain, 1 a moment, 2 a heading.
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy\\ hh:mm"/>'
        '</numFmts><fonts count="2"><font><sz val="10"/><name val="Arial"/></font><font><b/><sz val="10"/>'
        '<name val="Arial"/></font></fonts><fills count="3"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid">'
        '<fgColor rgb="FFEFEDE9"/></patternFill></fill></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf xfId="0"/>'
        '<xf xfId="0" numFmtId="164" applyNumberFormat="1"/>'
        '<xf xfId="0" fontId="1" fillId="2" applyFont="1" applyFill="1"/></cellXfs></styleSheet>'
    ),
}


class _Pipe:
    """Where the archive writes to; what it wrote is taken out piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


@dataclass(frozen=True, slots=True)
class Sheet:
    """`headings` are titles with the width of their column in characters; they stay in sight."""

    title: str
    headings: Sequence[tuple[str, int]]
    rows: Iterable[Sequence[Value]]


def workbook(title: str, headings: Sequence[tuple[str, int]], rows: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    """The file of one sheet in pieces."""
    return book([Sheet(title, headings, rows)])


def book(sheets: Sequence[Sheet]) -> Iterator[bytes]:
    """The file in pieces; titles of sheets differ in their first 31 characters."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, text in {**_FIXED, **_parts(sheets)}.items():
            archive.writestr(name, _HEAD + text)
        for number, sheet in enumerate(sheets, 1):
            with archive.open(f"xl/worksheets/sheet{number}.xml", "w") as written:
                for piece in _sheet(sheet):
                    written.write(piece.encode())
                    yield pipe.taken()
        yield pipe.taken()
    yield pipe.taken()


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield _HEAD + _sheet_begins(sheet.headings)
    written, number = [], 1
    for number, row in enumerate(sheet.rows, 2):
        written.append(_row(number, row))
        if len(written) == _ROWS_AT_ONCE:
            yield "".join(written)
            written.clear()
    yield "".join(written)
    yield f'</sheetData><autoFilter ref="A1:{_column(len(sheet.headings) - 1)}{number}"/></worksheet>'


def _parts(sheets: Sequence[Sheet]) -> dict[str, str]:
    """What names the sheets."""
    numbers = range(1, len(sheets) + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>' for n in numbers
    )
    places = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    named = "".join(
        f'<sheet name={quoteattr(_title(sheet.title))} sheetId="{n}" r:id="r{n}"/>' for n, sheet in enumerate(sheets, 1)
    )
    return {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{types}</Types>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships">{places}'
            f'<Relationship Id="r{len(sheets) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
            f"<sheets>{named}</sheets></workbook>"
        ),
    }


def _title(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\']", " ", title)[:31]


def _sheet_begins(headings: Sequence[tuple[str, int]]) -> str:
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, (_, width) in enumerate(headings, 1)
    )
    cells = "".join(_text(f"{_column(n)}1", title, ' s="2"') for n, (title, _) in enumerate(headings))
    return (
        f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols>{columns}</cols><sheetData><row r="1">{cells}</row>'
    )


def _row(number: int, values: Sequence[Value]) -> str:
    cells = "".join(_cell(f"{_column(n)}{number}", value) for n, value in enumerate(values))
    return f'<row r="{number}">{cells}</row>'


def _cell(place: str, value: Value) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        return f'<c r="{place}" s="1"><v>{(value - _DAY_ZERO).total_seconds() / 86400:.10f}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value}</v></c>'
    return _text(place, value)


def _text(place: str, text: str, style: str = "") -> str:
    text = escape(_ESCAPE.sub("_x005F_", _FORBIDDEN.sub("", text)[:_LONGEST_TEXT]))
    return f'<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _column(number: int) -> str:
    """A, B, … Z, AA, …"""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
