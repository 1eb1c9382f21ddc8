"""What the search finds: letters, notes, files, incidents, sites; the newest first, in any way of looking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from incidents.models import Comment, Incident, IncidentEmail
from incidents.paging import Cursor
from incidents.search import finding
from incidents.search.finding import Pace, find, matching
from incidents.search.questions import Question
from mailbox.models import Attachment, Email
from tests.factories import NOW, make_email, make_incident, make_pole, make_station

pytestmark = pytest.mark.django_db


def put(incident: Incident, **facts: object) -> Email:
    """A letter in its incident."""
    email = make_email(**{"subject": "Тема", **facts})
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    return email


def found(text: str, **over: object) -> list[int]:
    """The incidents in the order of the page."""
    facts: dict[str, object] = {"among": Incident.objects.all(), "size": 50, **over}
    return [hit.incident for hit in find(Question.read(text), **facts).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("На опоре нет питания", "опора"),
        ("На опоре нет питания", "ОПОРЫ"),
        ("Заменили три генератора", "генератор"),
        ("Two generators failed", "generator"),
        ("The generator failed", "generators failing"),
        ("Ёлка упала на провода", "елка"),
        ("Елка упала на провода", "ёлка"),
        ("Адрес: KI0075/41960-P-43-1-1, 2 этаж", "41960-P-43"),
        ("Адрес: KI0075/41960-P-43-1-1, 2 этаж", "ki0075"),
        ("Номер заявки INC000123456", "INC000123456"),
        ("Отсутствует электроснабжение", "отсутствует электросн"),
        ("Отсутствует электроснабжение", "отсутст"),
        ("Прошу: нет связи со станцией", '"нет связи"'),
        ("Прошу: нет связи со станцией", "«нет связи» станция"),
        ("Пишите на Avr.Kirov@Contractor.example сегодня", "avr.kirov@contractor.example"),
        ("От: Иван Белов <avr.kirov@contractor.example>", "avr.kirov@contractor.example"),
        ("Пишите на avr.kirov@contractor.example сегодня", "@contractor.example"),
        ("Мастер: +7 (912) 555-12-34", "89125551234"),
        ("Мастер: 8-912-555-1234.", "+7 912 555 12 34"),
        ("Мастер: +79125551234", "8 (912) 555-12-34"),
        ("Мастер 8912 555 12 34", "9125551234"),
        ("Мастер: (83361) 2-12-34", "8336121234"),
        ("Участок: 55-12-34", "55-12-34"),
    ],
)
def test_words_of_a_letter_are_found_in_any_form(written: str, asked: str) -> None:
    incident, other = make_incident(subject="Тема"), make_incident(subject="Тема")
    put(incident, text=written)
    put(other, text="Совсем о другом")

    assert found(asked) == [incident.pk]


@pytest.mark.parametrize(
    "asked", ['"станции связи"', "связи -станция", "генер", "KI007", "8 912 555 12 35", "на", "-", '"', "'"]
)
def test_what_was_not_asked_is_not_found(asked: str) -> None:
    put(make_incident(subject="Тема"), text="Прошу: нет связи станции KI0175, тел. 8 912 555 12 34")

    assert found(asked) == []


def test_the_sender_is_found_by_name_address_and_company() -> None:
    incident = make_incident(subject="Тема")
    put(incident, from_name="Пётр Кузнецов", from_email="kuznetsov@energo.example")
    put(make_incident(subject="Тема"))

    for asked in ("кузнецов", "kuznetsov@energo.example", "@energo.example", "Петр кузнецов"):
        assert found(asked) == [incident.pk], asked


def test_notes_files_callers_and_subjects_are_found_too() -> None:
    note, file, caller, subject = (make_incident(subject="Тема") for _ in range(4))
    Comment.objects.create(incident=note, text="Ключи у сторожа", at=NOW)
    letter = put(file, text="")
    Attachment.objects.create(email=letter, name="Акт_41960-осмотра(2).pdf", content_type="x", size=1, sha256="0")
    Incident.objects.filter(pk=caller.pk).update(requester_name="Ольга Белова, 8 912 555-12-34")
    Incident.objects.filter(pk=subject.pk).update(subject="Упала мачта")

    assert found("сторож") == [note.pk]
    assert found("акт осмотр") == [file.pk]
    assert found("осмотра(2).pdf") == [file.pk]
    assert found("белова") == [caller.pk]
    assert found("+79125551234") == [caller.pk]
    assert found("мачты") == [subject.pk]


def test_pictures_of_signatures_are_no_files() -> None:
    letter = put(make_incident(subject="Тема"), text="")
    Attachment.objects.create(email=letter, name="logo.png", content_type="x", size=1, sha256="0", inline=True)

    assert found("logo") == []


def test_a_site_is_found_by_a_part_of_its_code_or_name() -> None:
    pole = make_pole("41960-P-43-1-1")
    incident = make_incident(subject="Тема", pole=pole, base_station=make_station("KI000075", pole))
    make_incident(subject="Тема", pole=make_pole("51960-P-43-1-1"))

    for asked in ("41960", "41960-р-43", "опора 41960", "KI75", "бс ki 0075"):
        assert found(asked) == [incident.pk], asked


def test_a_code_finds_its_incident_wherever_it_stands() -> None:
    incident = make_incident(code="NT-163341", status="closed", closed_at=NOW)
    make_incident()

    for asked in ("NT-163341", "нт 163341", "163341", "NT-163341-K7Q2AB"):
        assert found(asked) == [incident.pk], asked
    assert found("NT-163341", among=Incident.objects.open()) == [incident.pk]


def test_a_letter_without_an_incident_is_not_found() -> None:
    make_email(text="Реклама генераторов")

    assert found("генератор") == []


def test_what_was_said_last_stands_first() -> None:
    first, second, third = (make_incident(subject="Тема") for _ in range(3))
    put(first, text="генератор", received_at=NOW - timedelta(hours=3))
    put(second, text="генератор", received_at=NOW - timedelta(hours=2))
    Comment.objects.create(incident=third, text="Везут генератор", at=NOW - timedelta(hours=1))
    Comment.objects.create(incident=first, text="Генератор на месте", at=NOW)

    assert found("генератор") == [first.pk, third.pk, second.pk]


def test_only_the_chosen_incidents_are_looked_through() -> None:
    wanted, closed = make_incident(subject="Генератор"), make_incident(subject="Генератор", closed_at=NOW)

    assert found("генератор", among=Incident.objects.open()) == [wanted.pk]
    assert found("генератор", among=Incident.objects.closed()) == [closed.pk]
    assert matching(Question.read("генератор"), Incident.objects.open()) == {wanted.pk}


def said(rng: Random, incidents: list[Incident], number: int) -> Iterator[tuple[int, datetime]]:
    """Letters and notes of these incidents, some at the same moment; those with the word."""
    for _ in range(number):
        incident, at = rng.choice(incidents), NOW - timedelta(minutes=rng.randrange(40))
        text = rng.choice(["генератор", "генератора нет", "ничего"])
        if rng.random() < 0.3:
            Comment.objects.create(incident=incident, text=text, at=at)
        else:
            put(incident, text=text, received_at=at)
        if text != "ничего":
            yield incident.pk, at


class TestPages(TestCase):
    """Whatever the way of looking, pages follow one another without a gap and without anything twice."""

    @settings(max_examples=20, deadline=None)
    @given(
        st.integers(0, 10_000),
        st.integers(1, 4),
        st.sampled_from([(1,), (2, 3), (4, 1000)]),
        st.sampled_from([2_000, 3, -1]),
        # Whatever the planner expects, and however wrong that is.
        st.sampled_from([0, 25, 1_000_000]),
    )
    def test_every_way_finds_the_same_in_the_same_order(
        self, seed: int, size: int, stretches: tuple[int, ...], few: int, expects: int
    ) -> None:
        rng = Random(seed)
        incidents = [make_incident(subject="Тема", closed_at=rng.choice([None, NOW])) for _ in range(8)]
        newest: dict[int, datetime] = {}
        for pk, at in said(rng, incidents, 25):
            newest[pk] = max(at, newest.get(pk, at))
        is_open = {each.pk for each in incidents if each.closed_at is None}
        expected = sorted((pk for pk in newest if pk in is_open), key=lambda pk: (newest[pk], pk), reverse=True)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(finding, "BY_INDEX", Pace(few=few, stretches=stretches))
            patch.setattr(finding, "FEW_INCIDENTS", 0)
            patch.setattr(finding, "NARROW", 0)
            patch.setattr(finding, "estimate", lambda question: expects)
            assert all_pages(size) == expected

    @settings(max_examples=10, deadline=None)
    @given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 9))
    def test_reading_incident_by_incident_goes_by_their_opening(self, seed: int, size: int, part: int) -> None:
        rng = Random(seed)
        opened = [NOW - timedelta(hours=rng.randrange(3)) for _ in range(8)]
        incidents = [make_incident(subject="Тема", opened_at=at, closed_at=rng.choice([None, NOW])) for at in opened]
        with_word = {pk for pk, _at in said(rng, incidents, 12)}
        expected = [each for each in incidents if each.closed_at is None and each.pk in with_word]
        expected.sort(key=lambda each: (each.opened_at, each.pk), reverse=True)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(finding, "BY_INDEX", Pace(few=-1, stretches=(1,)))
            patch.setattr(finding, "FEW_INCIDENTS", 0)
            patch.setattr(finding, "NARROW", 1000)
            patch.setattr(finding, "READ_AT_ONCE", part)
            assert all_pages(size) == [each.pk for each in expected]


def all_pages(size: int) -> list[int]:
    shown: list[int] = []
    after: Cursor | None = None
    for _ in range(200):
        page = find(Question.read("генератор"), Incident.objects.open(), size=size, after=after)
        shown += [hit.incident for hit in page.hits]
        after = page.after
        if after is None:
            return shown
    raise AssertionError("the pages do not end")


def test_a_walk_that_ends_early_says_how_far_it_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "BY_INDEX", Pace(few=-1, stretches=(1,)))
    monkeypatch.setattr(finding, "FEW_INCIDENTS", 0)
    monkeypatch.setattr(finding, "NARROW", 0)
    # Whatever is known of the tables of a test: every letter has the word.
    monkeypatch.setattr(finding, "estimate", lambda question: 7)
    monkeypatch.setattr(finding, "planned", lambda rows: 7)
    old = make_incident(subject="Тема")
    put(old, text="генератор", received_at=NOW - timedelta(days=9))
    for hours in range(6):
        put(make_incident(subject="Тема", closed_at=NOW), text="генератор", received_at=NOW - timedelta(hours=hours))

    page = find(Question.read("генератор"), Incident.objects.open(), size=5)

    assert page.hits == []
    assert page.looked_back_to is not None
    assert page.looked_back_to > NOW - timedelta(days=9)
    assert page.after is not None


def test_a_rare_word_taken_for_a_frequent_one_is_found_however_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "BY_INDEX", Pace(few=3, stretches=(8,)))
    monkeypatch.setattr(finding, "estimate", lambda question: 20)
    monkeypatch.setattr(finding, "planned", lambda rows: 20)
    old = make_incident(subject="Тема")
    put(old, text="шлагбаум", received_at=NOW - timedelta(days=900))
    for hours in range(12):
        put(make_incident(subject="Тема"), text="генератор", received_at=NOW - timedelta(hours=hours))

    page = find(Question.read("шлагбаум"), Incident.objects.all(), size=5)

    assert [hit.incident for hit in page.hits] == [old.pk]
    assert page.looked_back_to is None


@given(st.text(alphabet=' -"!&|():*@.1aб<>', max_size=200))
@settings(max_examples=60, deadline=None)
def test_no_row_of_signs_breaks_the_database(text: str) -> None:
    with transaction.atomic():
        found(" ".join(text.split()))
