"""A step that sends: its letter leaves by a real SMTP conversation, the status moves on, or says what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from dispatchers.models import User
from incidents import intake, notices, services, undoing_steps
from incidents.errors import DomainError
from incidents.models import FailedReaction, Incident, IncidentEmail, Notice, Status
from mailbox import files, inbox, outbox, store
from mailbox.models import Attachment, Email, Outgoing, Settled
from mailbox.parsing import parse
from tests.factories import make_email, make_incident, make_pole, make_station, make_user
from tests.smtp_server import DROP, SmtpServer, smtp_server
from tests.written import letter

pytestmark = pytest.mark.django_db

NOC, AVR, AVR2 = "noc@operator.example", "avr@contractor.example", "second@contractor.example"
ACCEPTED, HAND_OVER, CLOSING = "uvedomlaemOperatora", "peredatPodradciku", "uvedomitOZakrytii"


@pytest.fixture(autouse=True)
def _reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {
        "sending": ["incidents.notices.on_status"],
        "letter": ["incidents.ball.follow_letters"],
        "handed_over": ["incidents.ball.follow_step"],
    }
    settings.SEND_UNDO_SECONDS = 0


@pytest.fixture
def server(settings: Any) -> Iterator[SmtpServer]:
    with smtp_server(settings) as running:
        yield running


@pytest.fixture
def me() -> User:
    return make_user(last_name="Крылова", first_name="Анна")


@pytest.fixture
def incident() -> Incident:
    """In work, with the operator's letter, a pole with a station, and its contractor."""
    pole = make_pole("41960-P-43-1-1", contractor_emails=[AVR, AVR2], latitude=58.873361, longitude=49.404611)
    station = make_station("KI0075", pole)
    incident = make_incident(
        status="inProgress",
        type="power-rf",
        subject="Т2 Отсутствует ВЭС KI0075",
        pole=pole,
        base_station=station,
        contractor=pole.contractor,
        opened_at=timezone.now() - timedelta(minutes=5),
        letter_count=1,
    )
    email = make_email(
        subject="Т2 Отсутствует ВЭС KI0075",
        received_at=incident.opened_at,
        to=[{"name": "", "email": "desk@towers.example"}, {"name": "", "email": "duty@operator.example"}],
        cc=[{"name": "Смена", "email": "shift@operator.example"}],
    )
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    return incident


def step(incident: Incident, key: str, by: User | None, at: datetime | None = None, reason: str = "") -> Incident:
    to = Status.objects.get(key=key)
    services.change_status(incident, to, by=by, at=at or timezone.now(), reason=reason)
    return fresh(incident)


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def tick(after: float = 1) -> datetime:
    """The clock: what is due is sent, and statuses follow."""
    now = timezone.now() + timedelta(seconds=after)
    outbox.send_due(now=lambda: now)
    notices.settle(now)
    return now


def to_work(incident: Incident, key: str, **facts: Any) -> Incident:
    Incident.objects.filter(pk=incident.pk).update(status=Status.objects.get(key=key), **facts)
    return fresh(incident)


def test_the_operator_is_told_and_the_status_moves_on_by_itself(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    asked = Email.objects.get(place__incident=incident)
    assert step(incident, ACCEPTED, me).status.key == ACCEPTED
    assert Notice.objects.get().outgoing.email.place.thread == asked.pk

    tick()

    assert fresh(incident).status.key == "uvedomiliOperatora"
    (letter,) = server.letters
    said = parse(letter.raw)
    assert (said.subject, said.in_reply_to) == (f"Re: {incident.code}: Т2 Отсутствует ВЭС KI0075", (asked.message_id,))
    assert [each.email for each in said.to] == [NOC]
    copied = {each.email for each in said.cc}
    assert copied == {"duty@operator.example", "shift@operator.example", "desk@towers.example"}
    assert b"Auto-Submitted: auto-replied" in letter.raw
    assert letter.sender == "desk@towers.example"
    assert incident.code in said.text
    assert "41960-P-43-1-1" in said.text
    assert not FailedReaction.objects.exists()
    last = incident.events.latest("id")
    assert (last.kind, last.actor) == ("status_changed", None)


def test_the_contractor_gets_all_he_needs_in_a_conversation_of_his_own(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    step(incident, HAND_OVER, me)
    tick()

    incident = fresh(incident)
    assert (incident.status.key, incident.ball) == ("peredanoPodradciku", Incident.Ball.CONTRACTOR)
    assert incident.handed_over_at is not None
    said = parse(server.letters[0].raw)
    assert [each.email for each in said.to] == [AVR, AVR2]
    assert said.in_reply_to == ()
    for fact in (
        "KI0075",
        "41960-P-43-1-1",
        "Кировская область",
        "д. Стулово",
        "58.873361",
        "Т2",
        "Авария",
        "Нет питания",
    ):
        assert fact in said.text
    place = Notice.objects.get().outgoing.email.place
    assert place.thread == place.email_id


def test_the_last_letter_goes_to_both_in_their_own_conversations(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    step(incident, HAND_OVER, me)
    now = tick()
    handed = Notice.objects.get().outgoing.email
    step(incident, CLOSING, me, now, reason="Заменён автомат")
    tick(2)

    incident = fresh(incident)
    assert incident.status.key == "uvedomiliOZakrytii"
    assert incident.ball == Incident.Ball.CONTRACTOR
    operator, contractor = (parse(each.raw) for each in server.letters[1:])
    assert [each.email for each in operator.to] == [NOC]
    assert AVR not in server.letters[1].recipients
    assert [each.email for each in contractor.to] == [AVR, AVR2]
    assert contractor.in_reply_to == (handed.message_id,)
    assert "Заменён автомат" in operator.text
    assert {each.outgoing.email.place.thread for each in Notice.objects.filter(audience="contractor")} == {handed.pk}


def test_the_word_that_all_is_done_gives_nobody_the_move(server: SmtpServer, incident: Incident, me: User) -> None:
    to_work(incident, "peredanoPodradciku", handed_over_at=timezone.now(), ball=Incident.Ball.US)
    step(incident, CLOSING, me)

    assert fresh(incident).ball == Incident.Ball.US
    assert Notice.objects.count() == 2


def test_the_server_refuses_then_the_status_says_so_and_a_click_sends_again(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    for address in (NOC, "duty@operator.example", "shift@operator.example", "desk@towers.example"):
        server.refuse(address, "550 5.7.1 not today")
    step(incident, ACCEPTED, me)
    tick()

    incident = fresh(incident)
    assert incident.status.is_error
    assert "550 5.7.1 not today" in incident.error_reason
    assert NOC in incident.error_reason
    failed = Notice.objects.get().outgoing
    server.refused.clear()
    notices.retry(incident, by=me, at=timezone.now())
    tick()

    assert fresh(incident).status.key == "uvedomiliOperatora"
    assert len(server.letters) == 1
    assert Settled.objects.filter(kind=Settled.Kind.OUTGOING, number=failed.pk).exists()
    assert fresh(incident).error_reason == ""


def test_an_error_that_came_since_is_not_retried(server: SmtpServer, incident: Incident, me: User) -> None:
    step(incident, HAND_OVER, None)
    outbox.cancel(Outgoing.objects.get(), now=timezone.now())
    notices.settle(timezone.now())
    services.raise_error(fresh(incident), reason="Не та площадка", by=me, at=timezone.now())

    with pytest.raises(DomainError):
        notices.retry(incident, by=me, at=timezone.now())


def test_one_recipient_of_several_is_refused_and_the_letter_counts_as_sent(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    server.refuse(AVR2, "550 5.1.1 no such user")
    step(incident, HAND_OVER, me)
    tick()

    assert fresh(incident).status.key == "peredanoPodradciku"
    assert [each["state"] for each in Notice.objects.get().outgoing.recipients] == ["accepted", "refused", "accepted"]


def test_a_busy_server_is_waited_for_in_the_sending_status(server: SmtpServer, incident: Incident, me: User) -> None:
    server.at_the_end = "451 4.3.0 later"
    step(incident, ACCEPTED, me)
    tick()
    assert fresh(incident).status.key == ACCEPTED

    server.at_the_end = "250 OK"
    tick(120)
    assert fresh(incident).status.key == "uvedomiliOperatora"


def test_of_a_letter_of_unknown_fate_people_hear_in_time_and_it_is_the_same_letter_when_sent_again(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    server.at_the_end = DROP
    step(incident, ACCEPTED, me)
    tick()
    assert fresh(incident).status.key == ACCEPTED
    notices.settle(timezone.now() + notices.UNKNOWN_FOR + timedelta(minutes=1))
    incident = fresh(incident)
    assert incident.status.is_error
    assert incident.error_facts["code"] == "unknown"

    server.at_the_end = "250 OK"
    notices.retry(incident, by=me, at=timezone.now())
    tick()

    assert fresh(incident).status.key == "uvedomiliOperatora"
    first, second = Notice.objects.order_by("pk")
    assert first.outgoing == second.outgoing
    assert Outgoing.objects.count() == 1
    assert incident.letters.count() == 2


def test_a_letter_sent_again_stays_in_the_conversation_when_that_is_undone(
    server: SmtpServer, incident: Incident, me: User, settings: Any
) -> None:
    server.at_the_end = DROP
    step(incident, ACCEPTED, me)
    tick()
    notices.settle(timezone.now() + notices.UNKNOWN_FOR + timedelta(minutes=1))
    notices.retry(fresh(incident), by=me, at=timezone.now())
    undoing_steps.undo(incident.events.filter(kind="sending").latest("id"), by=me, at=timezone.now())
    tick()

    assert (fresh(incident).status.key, server.ends) == ("error", 1)
    assert incident.letters.count() == 2


def test_a_letter_that_turns_out_to_have_left_takes_its_error_away(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    server.at_the_end = DROP
    step(incident, ACCEPTED, me)
    tick()
    notices.settle(timezone.now() + notices.UNKNOWN_FOR + timedelta(minutes=1))
    Outgoing.objects.update(state=Outgoing.State.SENT, sent_at=timezone.now())

    notices.settle(timezone.now())

    assert fresh(incident).status.key == "uvedomiliOperatora"


def test_a_step_taken_twice_sends_once(server: SmtpServer, incident: Incident, me: User) -> None:
    step(incident, ACCEPTED, me)
    step(incident, ACCEPTED, me)
    notices.on_status([incident.events.get(kind="sending")])
    tick()
    tick()

    assert Outgoing.objects.count() == len(server.letters) == 1


def test_the_same_letter_within_a_minute_is_refused(server: SmtpServer, incident: Incident, me: User) -> None:
    step(incident, ACCEPTED, me)
    tick()
    to_work(incident, "inProgress")

    with pytest.raises(DomainError, match=r"\d\d:\d\d:\d\d"):
        step(fresh(incident), ACCEPTED, me)
    Notice.objects.update(at=timezone.now() - timedelta(seconds=61))
    step(fresh(incident), ACCEPTED, me)
    assert Outgoing.objects.count() == 2


def test_undoing_the_step_takes_the_letter_back(
    server: SmtpServer, incident: Incident, me: User, settings: Any
) -> None:
    settings.SEND_UNDO_SECONDS = 20
    step(incident, ACCEPTED, me)
    tick()
    assert server.letters == []

    undoing_steps.undo(incident.events.get(kind="sending"), by=me, at=timezone.now())
    tick(30)

    assert (fresh(incident).status.key, fresh(incident).letter_count, incident.letters.count()) == ("inProgress", 1, 1)
    assert server.letters == []
    assert Notice.objects.get().state == Notice.State.DROPPED
    assert step(incident, ACCEPTED, me).status.key == ACCEPTED


def test_undoing_the_handing_over_gives_the_move_back(
    server: SmtpServer, incident: Incident, me: User, settings: Any
) -> None:
    settings.SEND_UNDO_SECONDS = 20
    assert step(incident, HAND_OVER, me).ball == Incident.Ball.CONTRACTOR
    undoing_steps.undo(incident.events.get(kind="sending"), by=me, at=timezone.now())

    assert fresh(incident).ball == Incident.Ball.US


def test_a_step_whose_letter_has_left_cannot_be_undone(server: SmtpServer, incident: Incident, me: User) -> None:
    step(incident, ACCEPTED, me)
    outbox.send_due(now=lambda: timezone.now() + timedelta(seconds=1))

    with pytest.raises(DomainError):
        undoing_steps.undo(incident.events.get(kind="sending"), by=me, at=timezone.now())
    assert fresh(incident).status.key == ACCEPTED


def test_whoever_told_them_by_phone_meanwhile_keeps_the_letter_from_leaving(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    server.at_the_end = "451 4.3.0 later"
    step(incident, ACCEPTED, me)
    tick()
    step(incident, "uvedomiliOperatora", me)
    server.at_the_end = "250 OK"
    notices.settle(timezone.now())
    tick(3600)

    assert server.letters == []
    assert Outgoing.objects.get().state == Outgoing.State.CANCELLED
    assert fresh(incident).status.key == "uvedomiliOperatora"


def test_a_letter_cancelled_in_the_queue_leaves_an_error(server: SmtpServer, incident: Incident, me: User) -> None:
    step(incident, ACCEPTED, me)
    outbox.cancel(Outgoing.objects.get(), now=timezone.now())
    notices.settle(timezone.now())

    assert fresh(incident).error_facts["code"] == "cancelled"


def test_of_two_letters_only_the_one_that_failed_is_sent_again(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    to_work(incident, "peredanoPodradciku", handed_over_at=timezone.now())
    server.refuse(AVR, "550 5.7.1 no")
    server.refuse(AVR2, "550 5.7.1 no")
    server.refuse("desk@towers.example", "550 5.7.1 no")
    step(incident, CLOSING, me, reason="Заменён автомат")
    tick()
    assert fresh(incident).status.is_error
    assert len(server.letters) == 1

    server.refused.clear()
    notices.retry(fresh(incident), by=me, at=timezone.now())
    tick()

    assert fresh(incident).status.key == "uvedomiliOZakrytii"
    assert [each.recipients[0] for each in server.letters] == [NOC, AVR]
    assert "Заменён автомат" in parse(server.letters[1].raw).text
    assert "Если неисправность не устранена" in parse(server.letters[0].raw).text
    assert "Спасибо за работу" in parse(server.letters[1].raw).text


def test_while_the_brake_is_on_the_letter_waits_and_then_leaves(
    server: SmtpServer, incident: Incident, me: User, settings: Any
) -> None:
    settings.AUTO_ANSWERS_PER_HOUR = 0
    step(incident, ACCEPTED, me)
    tick()
    assert Notice.objects.get().state == Notice.State.HELD
    assert fresh(incident).status.key == ACCEPTED

    settings.AUTO_ANSWERS_PER_HOUR = 200
    tick()
    tick()

    assert len(server.letters) == 1
    assert fresh(incident).status.key == "uvedomiliOperatora"


def test_what_has_changed_while_it_was_held_back_is_asked_again(
    server: SmtpServer, incident: Incident, me: User, settings: Any
) -> None:
    settings.AUTO_ANSWERS_PER_HOUR = 0
    step(incident, HAND_OVER, me)
    assert incident.pole is not None
    incident.pole.contractor_excluded = True
    incident.pole.save()
    settings.AUTO_ANSWERS_PER_HOUR = 200
    tick()

    assert fresh(incident).error_facts["code"] == "excluded"
    assert server.letters == []


def test_a_step_of_the_machine_itself_leaves_at_once_and_counts_as_automatic(
    server: SmtpServer, incident: Incident, settings: Any
) -> None:
    settings.SEND_UNDO_SECONDS = 20
    step(incident, ACCEPTED, None)

    sent = Outgoing.objects.get()
    assert (sent.is_automatic, sent.leaves_at, sent.by) == (True, None, None)


def test_a_step_of_the_machine_that_must_not_be_taken_becomes_an_error(server: SmtpServer, incident: Incident) -> None:
    assert incident.pole is not None
    incident.pole.contractor_emails = []
    incident.pole.save()
    incident = step(incident, HAND_OVER, None)

    assert incident.status.is_error
    assert incident.error_facts["code"] == "no_email"
    assert notices.status_to_retry(incident) == Status.objects.get(key=HAND_OVER)


def test_a_status_that_the_customer_added_sends_and_moves_on_too(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    mine = Status.objects.create(
        key="tell", name_ru="Сообщаем", name_en="Telling", status_class="sending", sends="accepted"
    )
    told = Status.objects.create(key="told", name_ru="Сообщили", name_en="Told", status_class="active")
    mine.ways_in.create(from_status=incident.status)
    mine.ways_out.create(to_status=told)
    step(incident, "tell", me)
    tick()

    assert fresh(incident).status == told


def test_opening_again_writes_no_letter_unless_the_status_does(
    server: SmtpServer, incident: Incident, me: User, settings: Any
) -> None:
    settings.INCIDENT_REACTIONS = {key: ["incidents.notices.on_status"] for key in ("sending", "reopened")}
    to_work(incident, "closed", closed_at=timezone.now())
    services.reopen(fresh(incident), by=me, at=timezone.now(), reason="снова")
    assert (fresh(incident).status.key, Outgoing.objects.count()) == ("inProgress", 0)

    to_work(incident, "closed", closed_at=timezone.now())
    closed, tell = Status.objects.get(key="closed"), Status.objects.get(key=ACCEPTED)
    tell.ways_in.create(from_status=closed, position=0)
    step(fresh(incident), ACCEPTED, me)
    assert (fresh(incident).status.key, Outgoing.objects.count()) == (ACCEPTED, 1)


def test_a_status_names_its_letter_exactly_if_it_sends_one() -> None:
    with pytest.raises(ValidationError):
        Status(key="a", name_ru="А", name_en="A", status_class="sending").clean()
    with pytest.raises(ValidationError):
        Status(key="a", name_ru="А", name_en="A", status_class="active", sends="closed").clean()
    Status.objects.get(key=ACCEPTED).clean()


def test_a_status_that_leads_nowhere_is_not_offered(server: SmtpServer, incident: Incident, me: User) -> None:
    mine = Status.objects.create(
        key="tell", name_ru="Сообщаем", name_en="Telling", status_class="sending", sends="accepted"
    )
    mine.ways_in.create(from_status=incident.status)

    with pytest.raises(DomainError, match="Сообщаем"):
        step(incident, "tell", me)


def test_files_go_along_as_far_as_they_fit_and_the_others_are_named(
    server: SmtpServer, incident: Incident, me: User, settings: Any
) -> None:
    settings.NOTICE_FILES_MAX_BYTES = 1000
    email = Email.objects.get(place__incident=incident)
    for name, content in (("фото.jpg", b"\xff\xd8photo"), ("видео.mp4", b"v" * 2000)):
        facts = {"content_type": "image/jpeg", "size": len(content), "sha256": store.put(content)}
        email.attachments.create(name=name, **facts)
    step(incident, HAND_OVER, me)
    tick()
    tick()

    said = parse(server.letters[0].raw)
    assert [each.name for each in said.attachments] == ["фото.jpg"]
    assert "видео.mp4" in said.text


def test_files_are_read_by_the_clock_while_nothing_is_locked(
    server: SmtpServer, incident: Incident, me: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = Email.objects.get(place__incident=incident)
    email.attachments.create(name="a.jpg", content_type="image/jpeg", size=5, sha256=store.put(b"photo"))
    outside, read, depths = len(connection.savepoint_ids), files.content, []

    def content(attachment: Attachment) -> bytes:
        depths.append(len(connection.savepoint_ids) - outside)
        return read(attachment)

    monkeypatch.setattr(files, "content", content)
    step(incident, HAND_OVER, me)
    assert (Notice.objects.get().state, depths) == (Notice.State.HELD, [])

    tick()

    assert (Notice.objects.get().state, depths) == (Notice.State.QUEUED, [0])
    assert fresh(incident).letter_count == 2


def test_a_step_taken_back_before_its_files_were_read_sends_nothing(
    server: SmtpServer, incident: Incident, me: User
) -> None:
    email = Email.objects.get(place__incident=incident)
    email.attachments.create(name="a.jpg", content_type="image/jpeg", size=5, sha256=store.put(b"photo"))
    step(incident, HAND_OVER, me)
    undoing_steps.undo(incident.events.filter(kind="sending").latest("id"), by=me, at=timezone.now())

    tick()
    tick()

    assert server.letters == []
    assert Notice.objects.get().state == Notice.State.DROPPED


def test_the_answer_of_the_contractor_joins_by_its_headers(server: SmtpServer, incident: Incident, me: User) -> None:
    step(incident, HAND_OVER, me)
    tick()
    ours = Notice.objects.get().outgoing.email
    inbox.receive(
        letter("Выезжаем", "Бригада в пути.", sender=AVR, answers=ours.message_id),
        direction="in",
        received_at=timezone.now(),
    )
    intake.take_all(now=timezone.now)

    answer = Email.objects.get(subject="Выезжаем")
    assert (answer.place.incident, answer.place.thread) == (incident, ours.pk)
