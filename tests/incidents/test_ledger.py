"""The ledger: it adds up whatever comes in, its alarms see what is amiss, and deeds about letters happen once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatchers.roles import Role
from incidents import intake, ledger, ledger_deeds
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEmail, IncidentEvent
from mailbox import inbox, store
from mailbox.models import Email, Folder, Outgoing, Receipt, Reconciliation
from tests.factories import make_email, make_incident, make_user
from tests.incidents.letters_received import make_folder, make_receipt, received
from tests.written import letter

pytestmark = pytest.mark.django_db
State = Receipt.State


def come(raw: bytes, direction: str = "in") -> Receipt:
    return inbox.receive(raw, direction=direction, received_at=timezone.now())


def _reply(sent: list[bytes], pick: int) -> bytes:
    return letter("Re: ответ", answers=f"<known{pick % (len(sent) + 1)}@written.example>")


COMING: dict[str, Callable[[list[bytes], int], Receipt]] = {
    "new": lambda sent, n: come(letter(message_id=f"<known{len(sent)}@written.example>", text=f"Письмо {len(sent)}")),
    "copy": lambda sent, n: come(sent[n % len(sent)] if sent else letter()),
    "reply": lambda sent, n: come(_reply(sent, n)),
    "automatic": lambda sent, n: come(letter("Автоответ", headers={"Auto-Submitted": "auto-replied"})),
    "ours": lambda sent, n: come(letter(sender="desk@towers.example", to="a@b.example"), "out"),
    "broken": lambda sent, n: make_receipt(sha256="f" * 64),
    "not handed over": lambda sent, n: make_receipt(sha256="", state=State.QUARANTINED),
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from([*COMING, "take"]), st.integers(0, 50)), max_size=12))
def test_whatever_comes_in_adds_up_and_disagrees_with_nothing(events: list[tuple[str, int]]) -> None:
    Receipt.objects.all().delete()
    IncidentEmail.objects.all().delete()
    Email.objects.all().delete()
    sent: list[bytes] = []
    came = 0
    for event, n in events:
        if event == "take":
            intake.take_all(timezone.now)
        else:
            receipt = COMING[event](sent, n)
            came += 1
            if event == "new":
                sent.append(store.read(receipt.sha256))
        today = timezone.localdate()
        lines = ledger.balance(today, today)
        assert sum(line.received for line in lines) == came
        assert all(line.missing == 0 for line in lines)
        assert ledger.alarms(timezone.now()) == []
    for hours in range(2, 2 * len(inbox.PLAN) + 4, 2):
        while intake.take_some(timezone.now() + timedelta(hours=hours)):
            pass
    opened = Receipt.objects.filter(state=State.OPENED).count()
    assert Receipt.objects.filter(state=State.NEW).count() == 0
    assert opened == IncidentEmail.objects.filter(way="opened").count()


def test_days_are_those_of_the_desk_and_folders_are_counted_apart() -> None:
    inbox_folder, sent = make_folder(), make_folder("Sent", role="sent")
    evening = datetime.fromisoformat("2026-08-18T20:59:59+00:00")
    for folder, moment in ((inbox_folder, evening), (inbox_folder, evening + timedelta(seconds=2)), (sent, evening)):
        make_receipt(folder=folder, received_at=moment, state=State.QUARANTINED)
    day = evening.date()

    lines = ledger.balance(day, day + timedelta(days=1))

    assert [(line.day, line.folder_id, line.received) for line in lines] == [
        (day + timedelta(days=1), inbox_folder.pk, 1),
        (day, inbox_folder.pk, 1),
        (day, sent.pk, 1),
    ]
    assert [line.received for line in ledger.by_day(lines, day - timedelta(days=1), day + timedelta(days=1))] == [
        1,
        2,
        0,
    ]


def kinds() -> dict[str, int]:
    return {alarm.kind: alarm.number for alarm in ledger.alarms(timezone.now())}


def waits_too_long() -> None:
    Receipt.objects.filter(pk=make_receipt().pk).update(stored_at=timezone.now() - timedelta(minutes=6))


def has_no_place() -> None:
    place = received(State.JOINED).email.place  # type: ignore[union-attr]
    place.delete()


def joined_but_opener() -> None:
    Receipt.objects.filter(pk=received(State.OPENED).pk).update(state=State.JOINED)


def opened_but_guest() -> None:
    Receipt.objects.filter(pk=received(State.JOINED).pk).update(state=State.OPENED)


def kept_but_in_an_incident() -> None:
    Receipt.objects.filter(pk=received(State.JOINED).pk).update(state=State.KEPT)


def stands_in_an_incident_without_receipt() -> None:
    email = make_email(received_at=timezone.now())
    make_incident().letters.create(email=email, way="thread", thread=email.pk)


def is_stored_without_receipt() -> None:
    make_email(received_at=timezone.now())


def has_an_unknown_fate() -> None:
    Receipt.objects.filter(pk=received().pk).update(state="vanished")


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (waits_too_long, {"waiting": 1}),
        (has_no_place, {"lost": 1}),
        (joined_but_opener, {"misplaced": 1}),
        (opened_but_guest, {"misplaced": 1}),
        (kept_but_in_an_incident, {"misplaced": 1}),
        (stands_in_an_incident_without_receipt, {"orphan": 1}),
        (is_stored_without_receipt, {"orphan": 1}),
        (has_an_unknown_fate, {"unknown": 1, "misplaced": 1}),
    ],
)
def test_an_alarm_sees_when_ledger_and_world_disagree(happens: Callable[[], None], expected: dict[str, int]) -> None:
    for state in (State.OPENED, State.JOINED, State.KEPT):
        received(state)
    assert kinds() == {}

    happens()

    assert kinds() == expected
    assert ledger.attention(timezone.now()).alarms == len(expected.keys() - {"unknown"})


def test_what_is_as_it_should_be_alarms_nobody() -> None:
    old = timezone.now() - timedelta(minutes=20)
    history = make_receipt(is_old=True)
    fresh = make_receipt(next_try_at=timezone.now())
    Receipt.objects.filter(pk__in=[history.pk, fresh.pk]).update(stored_at=old)
    ours = make_email(direction="out", received_at=timezone.now())
    Outgoing.objects.create(email=ours, to_address="a@b.example", queued_at=timezone.now())

    assert kinds() == {}


def test_a_letter_that_keeps_failing_has_waited_all_the_time() -> None:
    failing = make_receipt(attempts=2, next_try_at=timezone.now() + timedelta(minutes=9))
    Receipt.objects.filter(pk=failing.pk).update(stored_at=timezone.now() - timedelta(minutes=6))

    assert kinds() == {"waiting": 1}


def test_the_last_comparison_of_a_folder_counts_and_no_earlier_one() -> None:
    now, folder = timezone.now(), make_folder()
    compared = {"folder": folder, "on_server": 3, "in_ledger": 3}
    Reconciliation.objects.create(at=now - timedelta(days=1), missing=[5], without_bytes=1, **compared)
    Reconciliation.objects.create(at=now - timedelta(hours=1), **compared)
    assert kinds() == {}

    Reconciliation.objects.create(at=now, missing=[5, 6], without_bytes=1, **compared)
    assert kinds() == {"missing": 2, "without_bytes": 1}
    assert ledger.attention(now).alarms == 1

    Reconciliation.objects.create(at=now + timedelta(hours=1), error="no such folder", **compared)
    assert kinds() == {"not_compared": 1}


def test_a_folder_that_is_not_compared_for_two_nights_is_an_alarm_while_it_is_watched() -> None:
    folder = make_folder()
    Reconciliation.objects.create(folder=folder, at=timezone.now() - timedelta(hours=40))
    assert kinds() == {"stale": 1}

    Folder.objects.update(is_watched=False)
    assert kinds() == {}


def test_the_mark_costs_one_query() -> None:
    make_receipt(state=State.QUARANTINED)

    with CaptureQueriesContext(connection) as asked:
        assert ledger.attention(timezone.now()) == ledger.Attention(alarms=0, quarantined=1)

    assert len(asked) == 1


def test_check_ledger_prints_the_balance_and_fails_on_an_alarm() -> None:
    received(State.OPENED)
    said = StringIO()
    call_command("check_ledger", "--days", "2", stdout=said)
    assert f"{timezone.localdate()}         1           1" in said.getvalue()
    is_stored_without_receipt()

    with pytest.raises(CommandError) as failed:
        call_command("check_ledger", stdout=StringIO(), stderr=said)

    assert failed.value.returncode == 1
    assert "ALARM orphan" in said.getvalue()


def kept(**over: Any) -> Receipt:
    """An automatic letter as intake keeps it."""
    receipt = come(letter("Авария на БС", headers={"Auto-Submitted": "auto-replied"}, **over))
    intake.take_all(timezone.now)
    receipt.refresh_from_db()
    assert receipt.state == State.KEPT
    return receipt


def test_a_kept_letter_opens_an_incident_by_hand_once() -> None:
    receipt, me, now = kept(), make_user(), timezone.now()

    done = ledger_deeds.open_incident(receipt, by=me, at=now)
    again = ledger_deeds.open_incident(receipt, by=make_user(), at=now)

    receipt.refresh_from_db()
    assert (done.is_new, again.is_new, again.incident) == (True, False, done.incident)
    assert (receipt.state, receipt.rule) == (State.OPENED, "")
    assert Incident.objects.count() == 1
    assert IncidentEvent.objects.filter(incident=done.incident, actor=me, kind="comment").exists()
    assert kinds() == {}


def test_a_kept_letter_joins_an_incident_even_one_that_was_merged() -> None:
    target = make_incident()
    merged = make_incident(merged_into=target)
    receipt = kept()

    done = ledger_deeds.join(receipt, merged, by=make_user(), at=timezone.now())

    receipt.refresh_from_db()
    assert (done.incident, receipt.state) == (target, State.JOINED)
    assert receipt.email is not None
    assert receipt.email.place.way == IncidentEmail.Way.HAND
    assert kinds() == {}


def test_a_letter_of_the_desk_joins_and_opens_nothing() -> None:
    receipt = come(letter(sender="desk@towers.example", to="a@b.example"), "out")
    intake.take_all(timezone.now)
    receipt.refresh_from_db()
    assert not ledger_deeds.may_open(receipt)

    with pytest.raises(DomainError):
        ledger_deeds.open_incident(receipt, by=make_user(), at=timezone.now())

    assert Incident.objects.count() == 0
    assert ledger_deeds.join(receipt, make_incident(), by=make_user(), at=timezone.now()).is_new


def test_a_quarantined_letter_that_can_be_read_now_opens_an_incident() -> None:
    receipt = make_receipt(state=State.QUARANTINED, reason="x", sha256=store.put(letter("Нет питания")))

    done = ledger_deeds.open_incident(receipt, by=make_user(), at=timezone.now())

    receipt.refresh_from_db()
    assert (done.incident.subject, receipt.state, receipt.reason) == ("Нет питания", State.OPENED, "")
    assert kinds() == {}


def test_a_quarantined_copy_leads_to_the_incident_of_its_letter() -> None:
    raw = letter()
    come(raw)
    intake.take_all(timezone.now)
    receipt = make_receipt(state=State.QUARANTINED, sha256=store.put(raw))

    done = ledger_deeds.open_incident(receipt, by=make_user(), at=timezone.now())

    receipt.refresh_from_db()
    assert (done.is_new, receipt.state) == (False, State.COPY)
    assert done.incident == Incident.objects.get()
    assert kinds() == {}


def test_a_quarantined_copy_of_a_kept_letter_lets_that_one_open() -> None:
    first = kept()
    receipt = make_receipt(state=State.QUARANTINED, sha256=first.sha256)

    ledger_deeds.open_incident(receipt, by=make_user(), at=timezone.now())

    first.refresh_from_db()
    receipt.refresh_from_db()
    assert (first.state, receipt.state) == (State.OPENED, State.COPY)
    assert kinds() == {}


@pytest.mark.parametrize("facts", [{"sha256": ""}, {"sha256": "f" * 64}, {"state": State.NEW}])
def test_what_cannot_be_read_says_so_and_stays_where_it_is(facts: dict[str, Any]) -> None:
    receipt = make_receipt(**{"state": State.QUARANTINED, **facts})
    before = Receipt.objects.values().get(pk=receipt.pk)

    with pytest.raises(DomainError):
        ledger_deeds.open_incident(receipt, by=make_user(), at=timezone.now())

    assert Receipt.objects.values().get(pk=receipt.pk) == before


def test_a_parser_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(receipt: Receipt) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(inbox, "read", fail)
    receipt = make_receipt(state=State.QUARANTINED)

    with pytest.raises(DomainError, match="RecursionError: too deep"):
        ledger_deeds.open_incident(receipt, by=make_user(), at=timezone.now())


def test_a_letter_tried_again_is_taken_like_a_new_one() -> None:
    receipt = make_receipt(state=State.QUARANTINED, attempts=5, reason="x", sha256=store.put(letter()))
    now = timezone.now()

    assert ledger_deeds.try_again(receipt, by=make_user(), at=now)
    assert not ledger_deeds.try_again(receipt, by=make_user(), at=now)
    assert kinds() == {}
    intake.take_all(timezone.now)

    receipt.refresh_from_db()
    assert receipt.state == State.OPENED


def test_the_whole_quarantine_is_tried_again_and_folders_are_looked_at_for_what_has_no_bytes() -> None:
    folder, now = make_folder(), timezone.now()
    stored = [make_receipt(state=State.QUARANTINED) for _ in range(3)]
    empty = make_receipt(state=State.QUARANTINED, sha256="", folder=folder, attempts=10)

    assert ledger_deeds.try_all_again(by=make_user(), at=now) == 4

    assert Receipt.objects.filter(pk__in=[each.pk for each in stored], state=State.NEW, attempts=0).count() == 3
    empty.refresh_from_db()
    folder.refresh_from_db()
    assert (empty.state, empty.attempts, empty.next_try_at) == (State.QUARANTINED, 0, now)
    assert folder.asked_at == now


def test_an_observer_does_nothing_about_letters() -> None:
    receipt, nobody = make_receipt(state=State.QUARANTINED), make_user(Role.OBSERVER)

    for deed in (ledger_deeds.try_again, ledger_deeds.open_incident):
        with pytest.raises(PermissionDenied):
            deed(receipt, by=nobody, at=timezone.now())
    with pytest.raises(PermissionDenied):
        ledger_deeds.try_all_again(by=nobody, at=timezone.now())


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_people_who_click_at_once_open_one_incident() -> None:
    receipt = kept()
    people = [make_user() for _ in range(4)]
    start, done = threading.Barrier(len(people)), []

    def click(person: Any) -> None:
        start.wait()
        try:
            done.append(ledger_deeds.open_incident(receipt, by=person, at=timezone.now()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(each.is_new for each in done) == [False, False, False, True]
    assert Incident.objects.count() == 1
    assert kinds() == {}
