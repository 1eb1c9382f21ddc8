"""What today's rules would make of yesterday's letters: differences are told, nothing is changed."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents import intake, replay
from incidents.models import Incident, IncidentEmail, IncidentEvent, ReadingCase
from mailbox import inbox, store
from mailbox.models import Email, Receipt, SenderRule
from tests.factories import NOW, make_email, make_incident, make_pole
from tests.written import letter

pytestmark = pytest.mark.django_db

ONE, OTHER = "41960-P-43-1-1", "53852-11-77-1-2"


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def arrive(raw: bytes, minutes: int = 0) -> Email:
    at = NOW + timedelta(minutes=minutes)
    receipt = inbox.receive(raw, direction=Email.Direction.IN, received_at=at)
    assert intake.take_next(at)
    receipt.refresh_from_db()
    assert receipt.email
    return receipt.email


def differences() -> list[tuple[str, str, str]]:
    found = replay.replay(NOW - timedelta(days=1))
    return [(each.what, each.before, each.now) for _email, differing in found for each in differing]


def said(*options: str) -> list[str]:
    out = StringIO()
    call_command("replay_mail", *options, stdout=out, stderr=StringIO())
    return out.getvalue().splitlines()


def test_letters_that_are_read_as_they_were_do_not_differ():
    make_pole(ONE)
    arrive(letter(f"Отсутствует ВЭС {ONE}", message_id="<1@operator.example>"))
    arrive(letter("Re: ВЭС", "Ждём.", answers="<1@operator.example>"), 1)
    arrive(letter(f"Отсутствует ВЭС {ONE} (Закрыто)"), 2)
    arrive(letter("Автоответ: в отпуске", headers={"Auto-Submitted": "auto-replied"}), 3)

    assert Incident.objects.count() == 1
    assert differences() == []


def test_a_site_that_is_found_today_is_told():
    arrive(letter(f"Отсутствует ВЭС {ONE}"))
    make_pole(ONE)

    assert differences() == [("site", "unknown code", ONE)]


def test_a_letter_is_compared_with_its_own_reading_and_not_with_a_later_ones():
    make_pole(ONE)
    arrive(letter(f"Отсутствует ВЭС {OTHER}", message_id="<1@operator.example>"))
    arrive(letter("Re: ВЭС", f"Это {ONE}", answers="<1@operator.example>"), 1)

    assert Incident.objects.get().reading["pole_code"] == ONE
    assert differences() == []


def test_a_kind_that_is_told_otherwise_today_is_told():
    email = arrive(letter())
    Email.objects.filter(pk=email.pk).update(kind=Email.Kind.BOUNCE)

    assert differences() == [("kind", "bounce", "human")]


def test_a_letter_whose_headers_lead_elsewhere_today_is_told():
    first = arrive(letter("Авария раз", message_id="<1@operator.example>"))
    answer = arrive(letter("Re: Авария", answers="<1@operator.example>"), 1)
    other = make_incident()
    IncidentEmail.objects.filter(email=answer).update(incident=other)

    # Each is led to where the other lies.
    home = Incident.objects.get(letters__email=first).code
    assert ("incident", other.code, home) in differences()


def test_a_letter_that_somebody_moved_by_hand_is_where_it_belongs():
    arrive(letter("Авария раз", message_id="<1@operator.example>"))
    answer = arrive(letter("Re: Авария", answers="<1@operator.example>"), 1)
    IncidentEmail.objects.filter(email=answer).update(incident=make_incident(), way=IncidentEmail.Way.HAND)

    assert all(each.email_id != answer.pk for _email, found in replay.replay(NOW) for each in found)


def test_a_kept_letter_that_would_open_an_incident_today_is_told():
    rule = SenderRule.objects.create(sender="@operator.example", action=SenderRule.Action.KEEP)
    arrive(letter())
    assert differences() == []
    rule.delete()

    assert differences() == [("incident", replay.NOWHERE, replay.NEW)]


def test_a_letter_that_would_be_kept_today_is_told():
    email = arrive(letter())
    SenderRule.objects.create(sender="@operator.example", action=SenderRule.Action.KEEP)

    assert differences() == [("incident", email.place.incident.code, replay.NOWHERE)]


def test_a_letter_whose_bytes_are_gone_is_told_and_stops_nothing():
    make_email()
    arrive(letter(), 1)

    assert differences() == [("bytes", "stored", "gone")]


def test_replaying_changes_nothing():
    arrive(letter(f"Отсутствует ВЭС {ONE}", message_id="<1@operator.example>"))
    make_pole(ONE)
    models = (Incident, IncidentEmail, IncidentEvent, Email, Receipt)
    before = [list(model._default_manager.order_by("pk").values()) for model in models]

    with CaptureQueriesContext(connection) as seen:
        assert differences()

    assert [list(model._default_manager.order_by("pk").values()) for model in models] == before
    reads = re.compile(r"[\s(]*(SELECT|DECLARE|SAVEPOINT|RELEASE)")
    assert [query["sql"] for query in seen if not reads.match(query["sql"])] == []


def test_letters_come_in_batches_so_that_queries_do_not_grow_with_them(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(replay, "BATCH", 50)
    for number in range(40):
        arrive(letter(f"Авария {number}"), number)
    differences()

    with django_assert_max_num_queries(12) as seen:
        assert len(list(replay.replay(NOW))) == 40
    assert len(seen) <= 12


def test_every_letter_is_looked_at_once_however_many_came_in_one_second(monkeypatch):
    monkeypatch.setattr(replay, "BATCH", 3)
    emails = [arrive(letter(f"Авария {number}"), number // 4) for number in range(10)]

    seen = [email.pk for email, _differing in replay.replay(NOW, NOW + timedelta(minutes=2))]

    assert seen == [email.pk for email in emails[:8]]


def test_the_command_groups_what_differs_and_counts_it():
    for number in range(12):
        arrive(letter(f"Отсутствует ВЭС {ONE}, {number}"), number)
    make_pole(ONE)

    lines = said("--since", "2026-08-01", "--dry-run")

    assert lines[0].split(None, 1) == ["12", "site: unknown code → a site"]
    assert sum(f"unknown code → {ONE}" in line for line in lines) == 10
    assert lines[-2].strip() == "… and 2 more"
    assert lines[-1] == "12 letters, 12 differences. Nothing was changed."


def test_the_command_prints_one_object_a_difference():
    email = arrive(letter(f"Отсутствует ВЭС {ONE}"))
    make_pole(ONE)

    (line,) = said("--since", "2026-08-01", "--dry-run", "--json")

    row = json.loads(line)
    assert (row["letter"], row["what"], row["before"], row["now"]) == (email.pk, "site", "unknown code", ONE)


def test_the_command_stops_at_its_limit_and_before_its_end():
    for number in range(4):
        arrive(letter(f"Авария {number}"), number)

    assert said("--since", "2026-08-18", "--dry-run", "--limit", "2")[-1].startswith("2 letters")
    until = (NOW + timedelta(minutes=3)).isoformat()
    assert said("--since", "2026-08-18", "--until", until, "--dry-run")[-1].startswith("3 letters")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "2026-08-01"], "--dry-run"),
        (["--dry-run"], "--since"),
        (["--since", "вчера", "--dry-run"], "no date"),
        (["--since", "2026-02-31", "--dry-run"], "2026-02-31"),
    ],
)
def test_the_command_refuses_with_what_to_do(options, words):
    with pytest.raises(CommandError, match=words):
        said(*options)


def test_cases_pass_or_fail_and_one_that_fails_is_an_error():
    make_pole(ONE)
    right = ReadingCase.objects.create(email=arrive(letter(f"ВЭС {ONE}")), pole_code=ONE)
    assert said("--cases") == [
        f"pass  /letters/{right.email_id}/reading/  ВЭС {ONE}",
        "1 cases, all read right.",
    ]
    ReadingCase.objects.create(email=arrive(letter("Авария у моста"), 1), pole_code=OTHER)
    gone = ReadingCase.objects.create(email=arrive(letter("Стёрто"), 2))
    store.path(gone.email.sha256).unlink()

    out = StringIO()
    with pytest.raises(CommandError, match="2 of 3 cases fail") as failed:
        call_command("replay_mail", "--cases", stdout=out)

    assert failed.value.returncode == 1
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["pass", "FAIL", "right:", "gone"]
    assert f"right: {OTHER}; read: no site, human" in out.getvalue()


def test_cases_are_told_to_programs_too():
    ReadingCase.objects.create(email=arrive(letter("Авария у моста")), pole_code=ONE, kind="bounce")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("replay_mail", "--cases", "--json", stdout=out)
    row = json.loads(out.getvalue())
    assert (row["passes"], row["right"]["pole"], row["read"]["kind"]) == (False, ONE, "human")
