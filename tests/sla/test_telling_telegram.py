"""Warnings by Telegram: each once, in one message for all that waits, whatever the server or the sender does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from datetime import time as clock_time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from demo.telegram import Telegram
from dispatchers.models import User
from dispatchers.roles import Role
from incidents import services
from incidents.models import Status
from mailbox import telegram
from mailbox.locks import alone
from sla import telegram_connecting, telling, telling_telegram
from sla.models import DeadlineWarning, IncidentClock, Told
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
DUE = NOW + timedelta(minutes=30)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling_telegram, "PAUSE_SECONDS", 0.0)


def send_into_silence(monkeypatch: pytest.MonkeyPatch, at: datetime = NOW) -> None:
    """Nobody answers, and it is not waited for long."""
    with monkeypatch.context() as patch:
        patch.setattr(telegram, "READ_SECONDS", 0.2)
        assert send(at) == 0


@pytest.fixture
def server(settings) -> Iterator[Telegram]:
    with Telegram() as running:
        settings.TG_API_URL, settings.TG_TOKEN, settings.DESK_URL = running.url, running.token, "https://desk.example"
        yield running


def somebody(chat: str = "7", **over: object) -> User:
    return make_user(telegram_chat=chat, **over)


def warn(person: User, *, at: datetime = NOW, due: datetime = DUE, **over: object) -> DeadlineWarning:
    """A near deadline of an incident of this person, told to him."""
    incident = make_incident(assignee=person, **over)
    clock = {"state": "running", "started_at": NOW, "version": 1, "rule": 1}
    IncidentClock.objects.create(incident=incident, clock="incident", due_at=due, **clock)
    facts = {"kind": "near", "clock": "incident", "step": 60, "planned_at": at, "at": at}
    warning = DeadlineWarning.objects.create(incident=incident, due_at=due, **facts)
    telling.tell([warning], at)
    return warning


def send(at: datetime = NOW) -> int:
    return telling_telegram.deliver(now=lambda: at)


def state_of(warning: DeadlineWarning) -> str:
    return Told.objects.get(warning=warning, channel="telegram").state


def test_a_warning_says_what_is_the_matter_and_leads_to_the_incident(server):
    warning = warn(somebody(), subject="Отсутствует ВЭС, Стулово")

    assert send() == 1

    [message] = server.sent
    assert message.chat == "7"
    for part in (warning.incident.code, "Отсутствует ВЭС, Стулово", "30", warning.incident.assignee.full_name):
        assert part in message.text
    assert f"https://desk.example/incidents/{warning.incident.code}/" in message.text
    assert state_of(warning) == "sent"
    assert send(NOW + MINUTE) == 0


def test_all_that_waits_for_a_person_is_one_message(server):
    person, other = somebody(), somebody("8")
    for _n in range(12):
        warn(person)
    warn(other)

    assert send() == 2

    assert [each.chat for each in server.sent] == ["7", "8"]
    assert "ещё 4" in server.sent[0].text or "4" in server.sent[0].text.split("\n\n")[-1]
    assert set(Told.objects.filter(channel="telegram").values_list("state", flat=True)) == {"sent"}


def test_a_chat_gets_one_message_a_second_at_most(server):
    person = somebody()
    warn(person)
    send()
    warn(person)

    assert send(NOW + 0.5 * SECOND) == 0
    assert send(NOW + 1.5 * SECOND) == 1


def test_too_many_messages_stop_all_of_them_for_as_long_as_telegram_says(server):
    warn(somebody()), warn(somebody("8"))
    server.fail("busy", retry_after=40)

    assert send() == 0
    assert server.calls == 1
    assert send(NOW + 30 * SECOND) == 0
    assert server.calls == 1
    assert send(NOW + 41 * SECOND) == 2


@pytest.mark.parametrize("fault", ["down", "error", "html"])
def test_a_server_that_fails_is_asked_again_by_plan(server, fault):
    warning = warn(somebody())
    server.fail(fault)

    assert send() == 0
    assert send(NOW + 5 * SECOND) == 0
    assert send(NOW + 11 * SECOND) == 1
    assert (state_of(warning), len(server.sent)) == ("sent", 1)


def test_a_server_that_is_down_for_hours_is_given_up_in_time(server):
    warning = warn(somebody(), due=NOW + timedelta(days=2))
    server.fail("down", times=10_000)

    for minutes in range(0, 8 * 60, 5):
        send(NOW + timedelta(minutes=minutes))

    assert state_of(warning) == "failed"
    assert "502" in Told.objects.get(warning=warning, channel="telegram").said


def test_a_server_that_does_not_answer_is_not_asked_for_everybody_in_turn(server):
    for chat in range(10, 20):
        warn(somebody(str(chat)))
    server.fail("down", times=100)

    send()

    assert server.calls == 2


@pytest.mark.parametrize("fault", ["mute", "late"])
def test_what_may_have_arrived_is_sent_once_more_and_says_so(server, fault, monkeypatch):
    warning = warn(somebody())
    server.fail(fault)

    send_into_silence(monkeypatch)
    assert send(NOW + 11 * SECOND) == 1

    first, second = server.sent
    assert len(second.text) > len(first.text)
    assert state_of(warning) == "sent"


def test_what_may_have_arrived_twice_is_sent_no_more(server, monkeypatch):
    warning = warn(somebody())
    server.fail("hang", times=5)

    for seconds in range(0, 60, 10):
        send_into_silence(monkeypatch, NOW + seconds * SECOND)

    assert (state_of(warning), server.calls) == ("unknown", 2)


def test_a_blocked_bot_marks_the_chat_and_costs_one_call(server):
    person = somebody()
    warnings = [warn(person)]
    server.fail("blocked")

    send()

    person.refresh_from_db()
    assert person.telegram_broken.startswith("403 Forbidden")
    assert state_of(warnings[0]) == "failed"
    later = warn(person, at=NOW + MINUTE)
    assert not Told.objects.filter(warning=later, channel="telegram").exists()


def test_a_trial_that_arrives_mends_the_chat(server):
    person = somebody(telegram_broken="403 Forbidden")

    telling.try_out(person, Told.Channel.TELEGRAM, NOW)

    assert send() == 1
    person.refresh_from_db()
    assert person.telegram_broken == ""


def test_what_is_no_longer_true_is_not_sent(server):
    closed, moved, past, still = (warn(somebody(), status="inProgress") for _n in range(4))
    services.change_status(closed.incident, Status.objects.get(key="closed"), by=closed.incident.assignee, at=NOW)
    IncidentClock.objects.filter(incident=moved.incident).update(due_at=DUE + MINUTE)
    IncidentClock.objects.filter(incident=past.incident).update(due_at=NOW)
    DeadlineWarning.objects.filter(pk=past.pk).update(due_at=NOW)

    assert send() == 1

    assert [state_of(each) for each in (closed, moved, past, still)] == ["dropped", "dropped", "dropped", "sent"]


def test_without_a_bot_nothing_waits_for_ever(server, settings):
    warning = warn(somebody())
    settings.TG_TOKEN = ""

    assert send() == 0
    assert state_of(warning) == "failed"


def test_who_finds_somebody_sending_leaves_him_alone(server):
    warn(somebody())
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, 0)", [telling_telegram.LOCK])
        assert send() == 0
        # Given back to the pool the connection lives on, and so would its lock.
        cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [telling_telegram.LOCK])
    other.close()

    assert send() == 1


# --- To whom, and when ------------------------------------------------------------------------


def test_at_night_only_whoever_is_on_shift_is_written_to(server):
    away, here = somebody(on_shift=False), somebody("8")
    warning = warn(away)

    send()

    assert [each.chat for each in server.sent] == ["8"]
    ways = set(Told.objects.filter(warning=warning).values_list("person", "channel"))
    assert ways == {(away.pk, "desk"), (here.pk, "desk"), (here.pk, "telegram")}


def test_the_quiet_hours_of_a_manager_delay_what_is_still_true_then(server):
    # 12:00 UTC is 15:00 in Moscow.
    boss = somebody(role=Role.MANAGER, on_shift=False, quiet_from=clock_time(14), quiet_until=clock_time(15, 20))
    warning = warn(boss)

    assert send() == 0
    assert send(NOW + 19 * MINUTE) == 0
    assert send(NOW + 21 * MINUTE) == 1
    assert state_of(warning) == "sent"


def test_whoever_does_not_want_it_is_not_written_to(server):
    warn(somebody(warn_by_telegram=False))

    assert send() == 0


# --- Connecting -------------------------------------------------------------------------------


def connect(at: datetime = NOW) -> int:
    return telegram_connecting.listen(now=lambda: at)


def test_a_code_written_to_the_bot_connects_the_chat_and_is_greeted(server):
    person = make_user()
    telegram_connecting.begin(person, NOW)
    server.write("42", "привет")
    server.write("42", f"/start {person.telegram_code}")

    assert connect() == 1

    person.refresh_from_db()
    assert (person.telegram_chat, person.telegram_code) == ("42", "")
    assert server.updates == []
    assert send() == 1
    assert server.sent[0].chat == "42"


def test_a_code_is_good_once_and_for_a_quarter_of_an_hour(server):
    person, other = make_user(), make_user()
    for each in (person, other):
        telegram_connecting.begin(each, NOW)
    server.write("42", person.telegram_code)
    server.write("43", person.telegram_code)

    assert connect() == 1
    server.write("44", other.telegram_code)
    assert connect(NOW + 16 * MINUTE) == 0

    assert set(User.objects.values_list("telegram_chat", flat=True)) == {"42", ""}


def test_nobody_is_asked_while_nobody_waits(server):
    make_user()

    assert connect() == 0
    assert server.calls == 0


def test_a_bot_that_cannot_be_asked_breaks_nothing(server):
    telegram_connecting.begin(make_user(), NOW)
    server.fail("down")

    assert connect() == 0


# --- Killed -----------------------------------------------------------------------------------

CHILD = """
import os, sys
import django
from django.conf import settings
django.setup()
from django.db import connections
name, url, token, moment = sys.argv[1:]
connections["default"].settings_dict["NAME"] = name
settings.TG_API_URL, settings.TG_TOKEN = url, token
from datetime import datetime
from mailbox import telegram
from sla import telling_telegram
telegram.READ_SECONDS = 60
telling_telegram.deliver(now=lambda: datetime.fromisoformat(moment))
"""


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("fault", ["hang", "mute"], ids=["message lost", "message delivered"])
def test_killed_in_the_middle_of_sending_a_warning_comes_and_never_more_than_twice(server, settings, fault):
    warning = warn(somebody())
    server.fail(fault)
    arguments = [sys.executable, "-c", CHILD, connection.settings_dict["NAME"], server.url, server.token]
    child = subprocess.Popen([*arguments, NOW.isoformat()], cwd=settings.BASE_DIR, env=os.environ)
    try:
        until = time.monotonic() + 120
        while not server.calls and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert (server.calls, state_of(warning)) == (1, "sending")
    wait_until_nobody_sends()

    for seconds in range(0, 120, 10):
        send(NOW + seconds * SECOND)

    assert state_of(warning) == "sent"
    assert len(server.sent) == (1 if fault == "hang" else 2)


def wait_until_nobody_sends() -> None:
    """The server of the database notices a moment later that the process is gone."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with alone(telling_telegram.LOCK, 0) as is_alone:
            if is_alone:
                return
        time.sleep(0.02)


def test_a_message_costs_the_same_for_two_warnings_and_for_twenty(server):
    assert cost(2) == cost(20)


def cost(number: int) -> int:
    """Queries for a message about so many."""
    person = somebody(str(100 + number))
    for _n in range(number):
        warn(person)
    with CaptureQueriesContext(connection) as queries:
        assert send() == 1
    return len(queries)
