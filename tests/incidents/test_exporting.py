"""The list as a file: what stands in its cells, and what a spreadsheet makes of them."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from incidents import exporting, xlsx
from incidents.models import Incident
from incidents.paging import Order
from tests.factories import NOW, make_incident, make_station

MOSCOW = ZoneInfo("Europe/Moscow")
NEWEST = Order("active_at")
CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def lines(**over: Any) -> list[list[xlsx.Value]]:
    asked: dict[str, Any] = {"now": NOW, "zone": MOSCOW, **over}
    return list(exporting.lines([Incident.objects.for_rows()], NEWEST, **asked))


def as_csv(rows: list[list[xlsx.Value]]) -> list[list[str]]:
    said = b"".join(exporting.as_csv(rows))
    return list(csv.reader(io.StringIO(said.decode("utf-8-sig"), newline=""), delimiter=";"))


def sheet_of(book: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        return ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))


def texts(sheet: Any) -> list[str]:
    return [each.text or "" for each in sheet.iter(f"{CELL}t")]


@pytest.mark.django_db
def test_a_line_has_the_site_the_people_and_moments_on_the_clock_of_the_desk() -> None:
    station = make_station("KI000075")
    make_incident(
        subject="Нет ВЭС", pole=station.pole, base_station=station, due_at=NOW + timedelta(hours=4), letter_count=3
    )

    [row] = lines()

    told = dict(zip([str(column.title) for column in exporting.COLUMNS], row, strict=True))
    assert {"Нет ВЭС", "KI000075", station.pole.code, "Кировская область", 3} <= set(told.values())
    assert datetime(2026, 8, 18, 15, 0) in row
    assert datetime(2026, 8, 18, 19, 0) in row


@pytest.mark.django_db
def test_batches_give_every_row_once_in_the_order_of_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "BATCH", 3)
    codes = [make_incident(active_at=NOW - timedelta(minutes=n)).code for n in range(10)]

    with CaptureQueriesContext(connection) as queries:
        assert [row[0] for row in lines()] == codes
    assert len(queries) == 4


@pytest.mark.django_db
def test_what_is_left_out_is_said_in_the_last_line() -> None:
    for _number in range(3):
        make_incident()

    cut = lines(most=2)

    assert len(cut) == 3
    assert "2" in str(cut[-1][0])
    assert len(lines(most=3)) == 3


def test_a_csv_says_that_it_is_utf8_and_is_separated_by_semicolons() -> None:
    said = b"".join(exporting.as_csv([["NT-1", "Нет ВЭС; «срочно»", 3, None, datetime(2026, 8, 18, 15, 0)]]))

    assert said.startswith(b"\xef\xbb\xbf")
    assert said.decode().splitlines()[1] == 'NT-1;"Нет ВЭС; «срочно»";3;;2026-08-18 15:00:00'


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n+", "＝", "|", "%", "\0="])
def test_no_cell_of_a_csv_is_a_formula(sign: str) -> None:
    [[cell]] = as_csv([[f"{sign}HYPERLINK(1)"]])[1:]

    assert cell.startswith("'")


@given(st.text(), st.text())
def test_any_text_stays_one_cell_of_one_line(one: str, other: str) -> None:
    row = as_csv([[one, other]])[1]

    assert len(row) == 2
    assert all(not cell or cell[0] not in exporting.FORMULA_SIGNS for cell in row)


@given(st.text(st.characters(codec=None)))
def test_any_text_makes_a_workbook_that_can_be_read(text: str) -> None:
    sheet_of(b"".join(xlsx.workbook("Список", [("Тема", 20)], [[text]])))


def test_a_workbook_keeps_numbers_moments_and_texts_apart() -> None:
    row: list[xlsx.Value] = ["=1+1", 42, datetime(2026, 8, 18, 12, 0), None, "_x0041_ <&>"]
    sheet = sheet_of(b"".join(xlsx.workbook("Список", [(str(n), 10) for n in range(5)], [row])))

    cells = {each.get("r"): each for each in sheet.iter(f"{CELL}c") if each.get("r", "").endswith("2")}
    assert cells["A2"].get("t") == "inlineStr"
    assert cells["B2"].find(f"{CELL}v").text == "42"
    assert float(cells["C2"].find(f"{CELL}v").text) == 46252.5
    assert cells["C2"].get("s") == "1"
    assert "D2" not in cells
    assert texts(sheet)[-1] == "_x005F_x0041_ <&>"
    assert sheet.find(f".//{CELL}pane").get("state") == "frozen"


def test_a_workbook_comes_in_pieces_while_its_rows_are_made() -> None:
    made = 0

    def rows() -> Any:
        nonlocal made
        for made in range(1, 5001):
            yield [f"NT-{made}"]

    pieces = xlsx.workbook("Список", [("Код", 10)], rows())
    next(pieces)

    assert made < 1000
    rest = list(pieces)
    assert len(rest) >= 8


def test_columns_beyond_the_alphabet_have_two_letters() -> None:
    assert [xlsx._column(n) for n in (0, 25, 26, 51, 701, 702)] == ["A", "Z", "AA", "AZ", "ZZ", "AAA"]


@pytest.mark.django_db
def test_an_office_opens_the_workbook(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("no office on this machine")
    make_incident(subject="=1+1", opened_at=datetime(2026, 8, 18, 12, tzinfo=UTC))
    book = tmp_path / "list.xlsx"
    book.write_bytes(b"".join(exporting.as_xlsx(lines())))

    subprocess.run(
        [office, "--headless", "--convert-to", "csv", "--outdir", str(tmp_path), str(book)], check=True, timeout=100
    )

    assert "=1+1" in (tmp_path / "list.csv").read_text()
