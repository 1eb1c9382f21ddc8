"""People, and letters, at the same moment on the same incidents: somebody waits, nobody loses anything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.db import connection, transaction

from incidents import intake, moving, undoing
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEmail, IncidentEvent
from mailbox import inbox
from mailbox.models import Email, Receipt
from tests.factories import NOW, make_user
from tests.incidents.test_moving import LATER, is_whole, letters_of, make_talk

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def together(*deeds: Callable[[], Any]) -> list[Any]:
    """Do these at the same moment; what each returned, or the DomainError it was refused with."""
    start, answers = threading.Barrier(len(deeds)), [None] * len(deeds)

    def work(number: int, deed: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            answers[number] = deed()
        except Exception as error:
            answers[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    unexpected = [each for each in answers if isinstance(each, Exception) and not isinstance(each, DomainError)]
    assert unexpected == []
    return answers


def again(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


@pytest.mark.parametrize("_time", range(5))
def test_merging_one_into_the_other_and_back_at_once_merges_them_once(_time):
    anna, boris = make_user(), make_user()
    one, two = make_talk(3), make_talk(2)

    answers = together(
        lambda: moving.merge(again(one), again(two), by=anna, at=LATER),
        lambda: moving.merge(again(two), again(one), by=boris, at=LATER),
    )

    assert sum(isinstance(each, DomainError) for each in answers) == 1
    assert sorted(again(each).letter_count for each in (one, two)) == [0, 5]
    is_whole()


@pytest.mark.parametrize("_time", range(5))
def test_a_letter_that_two_people_move_at_once_goes_where_the_first_of_them_put_it(_time):
    anna, boris = make_user(), make_user()
    source, hers, his = make_talk(4), make_talk(1), make_talk(1)
    letters = letters_of(source)

    answers = together(
        lambda: moving.move_letters(letters[1:3], again(hers), out_of=source, by=anna, at=LATER),
        lambda: moving.move_letters(letters[2:4], again(his), out_of=source, by=boris, at=LATER),
    )

    assert sum(isinstance(each, DomainError) for each in answers) == 1
    assert again(source).letter_count == 2
    is_whole()


def test_many_deeds_in_all_directions_at_once_lose_nothing():
    people = [make_user() for _ in range(4)]
    talks = [make_talk(4) for _ in range(4)]
    letters = set(Email.objects.values_list("pk", flat=True))

    def work(number: int) -> None:
        for turn in range(8):
            source, target = again(talks[(number + turn) % 4]), again(talks[(number * 3 + turn * 2 + 1) % 4])
            person, at = people[number], LATER + timedelta(minutes=turn)
            try:
                if turn % 4 == 3:
                    done = IncidentEvent.objects.filter(kind__in=undoing.KINDS).order_by("-pk").first()
                    if done:
                        undoing.undo(done, by=person, at=at)
                elif turn % 4 == 2 and number % 2:
                    moving.merge(source, target, by=person, at=at)
                else:
                    to = None if turn % 4 == 1 else target
                    moving.move_letters(letters_of(source)[turn % 2 :][:2], to, out_of=source, by=person, at=at)
            except DomainError:
                continue  # somebody was faster; the next deed starts from what is now

    together(*[lambda number=number: work(number) for number in range(4)])

    assert set(IncidentEmail.objects.values_list("email", flat=True)) == letters
    is_whole()


def raw(message_id: str, subject: str, answers: str = "") -> bytes:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "noc@operator.example", "desk@towers.example", subject
    letter["Message-ID"], letter["Date"] = message_id, "Tue, 18 Aug 2026 12:00:00 +0000"
    if answers:
        letter["In-Reply-To"] = answers
    letter.set_content("Нет питания с утра.")
    return letter.as_bytes()


def come(number: int, message_id: str, subject: str, answers: str = "") -> None:
    inbox.receive(raw(message_id, subject, answers), direction="in", received_at=NOW + timedelta(minutes=number))
    intake.take_all(lambda: LATER)


def opened_by_letter(number: int) -> Incident:
    message_id = f"<first{number}@operator.example>"
    come(number, message_id, f"Отсутствует ВЭС {number}")
    return IncidentEmail.objects.get(email__message_id=message_id).incident


@pytest.mark.parametrize("by_code", [False, True])
def test_letters_of_a_merged_incident_go_to_the_other_one(by_code):
    source, target = opened_by_letter(1), opened_by_letter(2)
    moving.merge(source, target, by=make_user(), at=LATER)

    if by_code:
        come(30, "<late@operator.example>", f"Дополнение к {source.code}")
    else:
        come(30, "<late@operator.example>", "Re: Отсутствует ВЭС 1", "<first1@operator.example>")

    assert IncidentEmail.objects.get(email__message_id="<late@operator.example>").incident == target
    is_whole()


def test_letters_that_come_while_their_incident_goes_to_and_fro_are_all_there():
    source, target = opened_by_letter(1), opened_by_letter(2)
    person = make_user()
    for number in range(12):
        answer = raw(f"<late{number}@operator.example>", "Re: Отсутствует ВЭС 1", "<first1@operator.example>")
        inbox.receive(answer, direction="in", received_at=NOW + timedelta(minutes=30 + number))

    def take() -> None:
        while intake.take_next(LATER):
            pass

    def push() -> None:
        for _turn in range(4):
            event = moving.merge(again(source), again(target), by=person, at=LATER)
            undoing.undo(event, by=person, at=LATER)

    together(take, push)

    assert not Receipt.objects.exclude(state__in=["opened", "joined"]).exists()
    assert IncidentEmail.objects.count() == 14
    assert again(source).letter_count + again(target).letter_count == 14
    assert again(source).merged_into is None
    is_whole()


def test_a_letter_that_was_being_taken_while_its_incident_was_merged_is_in_the_other_one():
    source, target = opened_by_letter(1), opened_by_letter(2)
    answer = raw("<late@operator.example>", "Re: Отсутствует ВЭС 1", "<first1@operator.example>")
    inbox.receive(answer, direction="in", received_at=NOW + timedelta(minutes=30))
    merged = threading.Event()

    def merge() -> None:
        with transaction.atomic():
            moving.merge(source, target, by=make_user(), at=LATER)
            merged.set()
            merged.wait()
            threading.Event().wait(0.5)  # the letter has looked up its incident and waits for the row

    def take() -> None:
        merged.wait(10)
        intake.take_all(lambda: LATER)

    together(merge, take)

    assert IncidentEmail.objects.get(email__message_id="<late@operator.example>").incident == target
    assert not Receipt.objects.filter(state="new").exists()
    is_whole()
