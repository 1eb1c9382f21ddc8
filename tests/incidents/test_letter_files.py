"""Letters from files: what is read, what is skipped by name, what import_mail and explain_mail do with them."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from incidents.letter_files import letters_in
from incidents.models import Incident
from mailbox.models import Receipt
from tests.factories import make_pole, make_station
from tests.written import letter


def mbox(*letters: bytes) -> bytes:
    """The letters as one mbox, with lines that look like separators quoted as mboxrd does."""
    quoted = (raw.replace(b"\n>From ", b"\n>>From ").replace(b"\nFrom ", b"\n>From ") for raw in letters)
    return b"".join(b"From noc@operator.example Tue Aug 18 12:00:00 2026\n" + raw + b"\n" for raw in quoted)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mail" / "deeper").mkdir(parents=True)
    (tmp_path / "mail" / "a.eml").write_bytes(letter("первое"))
    (tmp_path / "mail" / "deeper" / "b.EML").write_bytes(letter("второе"))
    (tmp_path / "mail" / "notes.txt").write_text("не письмо")
    return tmp_path


def test_folders_are_read_to_the_bottom_and_others_are_named(folder):
    found = list(letters_in([str(folder / "mail"), str(folder / "nowhere.eml")]))
    assert [(Path(each.path).name, each.problem) for each in found] == [
        ("a.eml", ""),
        ("b.EML", ""),
        ("notes.txt", "skipped: not *.eml"),
        ("nowhere.eml", "no such file"),
    ]


def test_an_mbox_gives_back_each_letter_byte_for_byte(tmp_path):
    letters = [letter("раз", "From the desk:\nслова", charset="utf-8"), letter("два"), b"Subject: x\n\n>From here\n"]
    (tmp_path / "archive").write_bytes(mbox(*letters))
    assert [each.raw for each in letters_in([str(tmp_path / "archive")])] == letters


@pytest.mark.django_db
def test_import_mail_takes_everything_in_without_a_worker_and_twice_changes_nothing(folder):
    make_pole("41960-P-43-1-1")
    (folder / "mail" / "c.eml").write_bytes(letter("Отсутствует ВЭС 41960-P-43-1-1"))
    said = StringIO()
    call_command("import_mail", str(folder / "mail"), stdout=said, stderr=StringIO())
    assert said.getvalue() == "3 letters: 3 opened; 1 files skipped.\n"
    assert Incident.objects.filter(pole__code="41960-P-43-1-1").count() == 1
    call_command("import_mail", str(folder / "mail"), stdout=said, stderr=StringIO())
    assert Incident.objects.count() == 3


@pytest.mark.django_db
def test_import_mail_says_which_letters_wait(folder, monkeypatch):
    from incidents import sites

    monkeypatch.setattr(sites, "read", lambda parsed: 1 / 0)
    with pytest.raises(CommandError, match="2 letters could not be taken in"):
        call_command("import_mail", str(folder / "mail"), stdout=StringIO(), stderr=StringIO())
    assert Receipt.objects.filter(state="new").count() == 2


@pytest.mark.django_db
def test_explain_mail_prints_one_object_a_letter_and_stores_nothing(folder):
    make_station("KI000075", make_pole("41960-P-43-1-1"))
    (folder / "mail" / "a.eml").write_bytes(letter("Т2 Отсутствует ВЭС KI0075", cc="energo@operator.example"))
    said = StringIO()
    call_command(
        "explain_mail", "--json", str(folder / "mail"), str(folder / "nowhere.eml"), stdout=said, stderr=StringIO()
    )
    rows = [json.loads(line) for line in said.getvalue().splitlines()]
    first = rows[0]
    assert (first["pole"], first["base_station"]) == ("41960-P-43-1-1", "KI000075")
    assert (first["to"], first["cc"], first["kind"]) == (["desk@towers.example"], ["energo@operator.example"], "human")
    assert first["evidence"][0]["text"] == "KI0075"
    assert {"date", "message_id", "references", "reply_text", "attachments", "codes", "candidates", "problems"} <= set(
        first
    )
    assert ["error" in row for row in rows] == [False, False, True]
    assert not Receipt.objects.exists()


@pytest.mark.django_db
def test_explain_mail_leaves_pole_and_station_open_in_a_conflict(folder):
    make_station("KI000075", make_pole("41960-P-43-1-1"))
    make_pole("53852-11-77-1-2")
    (folder / "mail" / "a.eml").write_bytes(letter("ВЭС KI0075/53852-11-77-1-2"))
    said = StringIO()
    call_command("explain_mail", "--json", str(folder / "mail" / "a.eml"), stdout=said)
    row = json.loads(said.getvalue())
    assert (row["pole"], row["base_station"]) == (None, None)
    assert set(row["candidates"]) == {"41960-P-43-1-1", "53852-11-77-1-2"}
