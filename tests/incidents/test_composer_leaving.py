"""How a letter from the card leaves: once, as it was meant, not before its time, and never lost on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from dispatchers.models import User
from incidents import composer_files, composer_leaving, drafts, intake, replying, services
from incidents.composer_files import of_letter
from incidents.errors import DomainError
from incidents.models import Draft, Incident, IncidentEmail, Reminder, ReplyFile, WrittenLetter
from incidents.reply_forms import LetterForm
from mailbox import inbox, outbox, store
from mailbox.models import Attachment, Email, Outgoing
from mailbox.parsing import Kind, parse
from tests.factories import NOW, make_email, make_incident, make_pole, make_user
from tests.smtp_server import smtp_server
from tests.written import DESK, letter

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _sending(settings: Any) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", DESK
    settings.EMAIL_FROM_NAME = "Диспетчерская"


@pytest.fixture
def me() -> User:
    return make_user(first_name="Анна", last_name="Крылова")


@pytest.fixture
def incident() -> Incident:
    return make_incident(letter_count=1, status="inProgress")


def put(incident: Incident, **over: Any) -> Email:
    email = make_email(**over)
    IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    return email


def typed(answered: Email | None = None, **over: Any) -> dict[str, Any]:
    said = {"kind": "reply", "letter": str(answered.pk) if answered else "", "to": "NOC <noc@operator.example>"}
    return {**said, "copies": "", "subject": "Отсутствует ВЭС", "text": "Бригада выехала.", **over}


def send(incident: Incident, by: User, form: dict[str, Any], at: datetime = NOW, **over: Any) -> Outgoing:
    checked = LetterForm(form, incident=incident, now=at)
    assert checked.is_valid(), checked.errors
    queued = composer_leaving.send(incident, checked.said, by=by, at=at, form=form, **over)
    assert queued is not None
    return queued


def plan(incident: Incident, by: User, form: dict[str, Any], **over: Any) -> WrittenLetter:
    return composer_leaving.plan(incident, by=by, at=NOW, leaves_at=LATER, form=form, **over)


def bring(incident: Incident, person: User, name: str = "акт осмотра.pdf", content: bytes = b"%PDF-1") -> ReplyFile:
    facts: dict[str, Any] = {"content_type": "application/pdf", "size": len(content), "sha256": store.put(content)}
    return ReplyFile.objects.create(incident=incident, person=person, name=name, at=NOW, **facts)


def come(incident: Incident, at: datetime, **over: Any) -> Email:
    """A letter from outside, with the event that everybody hears of."""
    email = put(incident, received_at=at, **over)
    incident.events.create(kind="letter", at=at, data={"email": email.pk})
    return email


# --- At once ----------------------------------------------------------------------------------


def test_an_answer_carries_the_code_the_thread_the_person_and_the_desk(incident: Incident, me: User) -> None:
    asked = put(incident, subject="Fwd: Отсутствует ВЭС", message_id="<asked@operator.example>")

    queued = send(incident, me, typed(asked))

    read = parse(store.read(queued.email.sha256))
    assert read.subject == f"Re: {incident.code}: Отсутствует ВЭС"
    assert list(read.in_reply_to) == ["<asked@operator.example>"]
    assert [each.email for each in read.cc] == [DESK]
    assert read.reply_text == "Бригада выехала."
    assert "Анна Крылова" in read.text
    assert "> Нет питания." in read.text
    # A person wrote it: programs may answer it, and what cannot be delivered comes back to us.
    assert (read.kind, read.auto_reasons) == (Kind.HUMAN, ())
    assert (queued.envelope_from, queued.is_automatic, queued.by) == (DESK, False, me)
    assert [each["address"] for each in queued.recipients] == ["noc@operator.example", DESK]


def test_it_stands_in_its_conversation_by_whoever_wrote_it_and_the_draft_is_gone(incident: Incident, me: User) -> None:
    asked = put(incident)
    drafts.keep(incident, me, "Бригада", at=NOW, field=Draft.Field.LETTER)
    drafts.keep(incident, me, "себе", at=NOW)

    queued = send(incident, me, typed(asked))

    incident.refresh_from_db()
    assert (incident.letter_count, incident.first_action_at) == (2, NOW)
    assert queued.email.place.thread == asked.place.thread
    event = incident.events.get()
    assert (event.kind, event.actor, event.data["email"]) == ("letter", me, queued.email_id)
    assert list(Draft.objects.values_list("text", flat=True)) == ["себе"]


def test_what_is_passed_on_begins_another_conversation_with_the_original_and_its_files(
    incident: Incident, me: User
) -> None:
    asked = put(incident, text="Нет питания на объекте.")
    content = b"%PDF-2"
    facts: dict[str, Any] = {"content_type": "application/pdf", "size": len(content), "sha256": store.put(content)}
    Attachment.objects.create(email=asked, name="схема.pdf", **facts)
    form = typed(asked, kind="forward", to="avr@contractor.example", attach=[str(each.pk) for each in of_letter(asked)])

    queued = send(incident, me, form)

    read = parse(store.read(queued.email.sha256))
    assert (read.in_reply_to, queued.answers, queued.email.place.thread) == ((), None, queued.email_id)
    assert "noc@operator.example" in read.text
    assert "Нет питания на объекте." in read.text
    assert [(each.name, each.content) for each in read.attachments] == [("схема.pdf", content)]


def test_a_new_letter_answers_nobody(incident: Incident, me: User) -> None:
    asked = put(incident)

    queued = send(incident, me, typed(asked, kind="new", to="avr@contractor.example", subject="Доступ"))

    assert (queued.email.in_reply_to, queued.email.place.thread) == ([], queued.email_id)
    assert queued.email.subject == f"Re: {incident.code}: Доступ"


def test_files_go_by_their_russian_names(incident: Incident, me: User) -> None:
    asked, file = put(incident), bring(incident, me)

    queued = send(incident, me, typed(asked), files=[file])

    read = parse(store.read(queued.email.sha256))
    assert [(each.name, each.content) for each in read.attachments] == [("акт осмотра.pdf", b"%PDF-1")]
    assert composer_files.at_hand(incident, me) == []


def test_its_copy_from_the_mailbox_is_the_same_letter(incident: Incident, me: User) -> None:
    queued = send(incident, me, typed(put(incident)))

    inbox.receive(store.read(queued.email.sha256), direction="out", received_at=timezone.now())
    intake.take_all(now=timezone.now)

    assert incident.letters.count() == 2
    assert Incident.objects.count() == 1


def test_the_answer_of_the_operator_joins_by_its_thread(incident: Incident, me: User) -> None:
    queued = send(incident, me, typed(put(incident)))

    raw = letter("спасибо", "Ждём.", sender="shift@elsewhere.example", answers=queued.email.message_id)
    inbox.receive(raw, direction="in", received_at=timezone.now())
    intake.take_all(now=timezone.now)

    assert incident.letters.filter(email__subject="спасибо").exists()


def test_the_same_form_sends_one_letter_however_often(incident: Incident, me: User) -> None:
    form = LetterForm(typed(), incident=incident, now=NOW)
    assert form.is_valid()

    sent = [composer_leaving.send(incident, form.said, by=me, at=NOW, form={}, once="a1") for _n in range(2)]

    assert sent[0] is not None
    assert sent[1] is None
    assert Outgoing.objects.count() == 1


def test_without_a_server_nothing_is_stored(incident: Incident, me: User, settings: Any) -> None:
    settings.EMAIL_HOST = ""

    with pytest.raises(DomainError):
        send(incident, me, typed())

    assert not replying.is_possible()
    assert (Outgoing.objects.count(), incident.letters.count(), incident.events.count()) == (0, 0, 0)


def test_nothing_is_sent_from_an_incident_that_lives_on_elsewhere(me: User) -> None:
    target = make_incident()

    with pytest.raises(DomainError, match=target.code):
        send(make_incident(merged_into=target), me, typed())

    assert not Outgoing.objects.exists()


def test_a_letter_that_is_larger_than_servers_take_is_refused_and_stays(
    incident: Incident, me: User, settings: Any
) -> None:
    file = bring(incident, me, content=b"x" * 2**20)
    settings.LETTER_MAX_BYTES = 2**20

    with pytest.raises(DomainError):
        send(incident, me, typed(), files=[file])

    assert composer_files.at_hand(incident, me) == [file]
    assert not Outgoing.objects.exists()


# --- Second thoughts --------------------------------------------------------------------------


def test_undo_brings_words_people_and_files_back_and_leaves_the_conversation_as_it_was(
    incident: Incident, me: User
) -> None:
    asked, file = put(incident), bring(incident, me)
    queued = send(incident, me, typed(asked), files=[file])
    assert queued.leaves_at == NOW + timedelta(seconds=20)

    composer_leaving.take_back(queued, by=me, at=NOW + timedelta(seconds=5))

    begun = replying.begin(incident, me)
    assert begun.values["text"] == "Бригада выехала."
    assert (begun.values["to"], begun.answered) == ("NOC <noc@operator.example>", asked)
    assert begun.files == [file]
    incident.refresh_from_db()
    assert (incident.letter_count, incident.letters.count()) == (1, 1)
    queued.refresh_from_db()
    assert queued.state == Outgoing.State.CANCELLED
    assert incident.events.filter(kind="letter_taken_back", actor=me).exists()
    # As another letter it may leave.
    send(incident, me, typed(asked), files=[file], once="b2")
    assert incident.letters.count() == 2


def test_what_was_begun_since_stays_below_the_words_that_came_back(incident: Incident, me: User) -> None:
    queued = send(incident, me, typed(put(incident)))
    drafts.keep(incident, me, "Ещё одно", at=NOW, field=Draft.Field.LETTER)

    composer_leaving.take_back(queued, by=me, at=NOW)

    assert replying.begin(incident, me).values["text"] == "Бригада выехала.\n\nЕщё одно"


def test_undo_gives_the_move_back(me: User) -> None:
    pole = make_pole(contractor_emails=["avr@contractor.example"])
    incident = make_incident(pole=pole, status="inProgress")
    queued = send(incident, me, typed(to="avr@contractor.example"))
    incident.refresh_from_db()
    assert incident.ball == Incident.Ball.CONTRACTOR

    composer_leaving.take_back(queued, by=me, at=NOW + timedelta(seconds=5))

    incident.refresh_from_db()
    assert incident.ball == Incident.Ball.US


@pytest.mark.parametrize("state", ["sending", "sent", "unknown", "failed"])
def test_what_has_perhaps_left_is_not_taken_back(incident: Incident, me: User, state: str) -> None:
    queued = send(incident, me, typed())
    Outgoing.objects.update(state=state)

    with pytest.raises(DomainError):
        composer_leaving.take_back(queued, by=me, at=NOW)

    assert incident.letters.count() == 1


def test_nobody_takes_back_the_letter_of_a_colleague(incident: Incident, me: User) -> None:
    queued = send(incident, me, typed())

    with pytest.raises(DomainError):
        composer_leaving.take_back(queued, by=make_user(), at=NOW)

    assert incident.letters.count() == 1


def test_without_a_while_for_second_thoughts_it_may_leave_at_once(incident: Incident, me: User, settings: Any) -> None:
    settings.SEND_UNDO_SECONDS = 0

    queued = send(incident, me, typed())

    assert (queued.leaves_at, queued.next_try_at) == (None, NOW)
    assert composer_leaving.seconds_left(queued, NOW) == 0


def test_a_real_server_gets_it_when_the_while_is_over_and_never_what_was_taken_back(
    incident: Incident, me: User, settings: Any
) -> None:
    with smtp_server(settings) as server:
        undone, kept = send(incident, me, typed(text="Ошибся")), send(incident, me, typed(text="Верно"))
        composer_leaving.take_back(undone, by=me, at=NOW + timedelta(seconds=10))

        for seconds in (0, 19, 21, 60):
            outbox.send_due(now=partial(_moment, NOW + timedelta(seconds=seconds)))
            assert len(server.letters) == (seconds > 20)

    assert parse(server.letters[0].raw).reply_text == "Верно"
    kept.refresh_from_db()
    assert kept.state == Outgoing.State.SENT


def _moment(at: datetime) -> datetime:
    return at


# --- Later ------------------------------------------------------------------------------------


def test_a_planned_letter_changes_nothing_until_its_moment_and_then_is_a_letter_of_that_moment(
    incident: Incident, me: User
) -> None:
    asked, file = put(incident), bring(incident, me)

    written = plan(incident, me, typed(asked), files=[file])

    assert composer_leaving.leave_due(LATER - timedelta(seconds=1)) == 0
    assert (incident.letters.count(), composer_files.at_hand(incident, me)) == (1, [])
    assert composer_leaving.leave_due(LATER) == 1
    assert composer_leaving.leave_due(LATER) == 0
    queued = Outgoing.objects.get()
    read = parse(store.read(queued.email.sha256))
    assert (read.date, [each.name for each in read.attachments]) == (LATER, ["акт осмотра.pdf"])
    assert (queued.by, queued.leaves_at, queued.next_try_at) == (me, None, LATER)
    assert incident.events.filter(kind="letter", actor=me).count() == 1
    written.refresh_from_db()
    assert written.outgoing == queued
    assert list(composer_leaving.planned(incident)) == []


def test_a_newer_letter_from_outside_holds_it_and_its_writer_is_told(incident: Incident, me: User) -> None:
    written = plan(incident, me, typed(put(incident)))
    come(incident, NOW + timedelta(hours=1))

    assert composer_leaving.leave_due(LATER) == 0

    written.refresh_from_db()
    assert written.held == WrittenLetter.Held.NEWS
    assert (Outgoing.objects.count(), Reminder.objects.get().person) == (0, me)
    assert composer_leaving.leave_due(LATER + timedelta(hours=1)) == 0
    assert Reminder.objects.count() == 1
    # A person has looked: it leaves.
    composer_leaving.leave_now(written, by=me, at=LATER)
    assert Outgoing.objects.count() == 1


def test_what_came_before_it_was_written_or_from_a_program_holds_nothing(incident: Incident, me: User) -> None:
    come(incident, NOW - timedelta(hours=1))
    plan(incident, me, typed())
    come(incident, NOW + timedelta(hours=1), kind="autoreply")

    assert composer_leaving.leave_due(LATER) == 1


def test_news_hold_nothing_where_the_desk_does_not_want_it(incident: Incident, me: User, settings: Any) -> None:
    settings.HOLD_PLANNED_LETTERS = False
    plan(incident, me, typed())
    come(incident, NOW + timedelta(hours=1))

    assert composer_leaving.leave_due(LATER) == 1


def test_what_may_not_leave_is_held_with_the_reason_and_others_go_on(incident: Incident, me: User) -> None:
    asked = put(incident)
    moved, fine = plan(incident, me, typed(asked)), plan(incident, me, typed())
    IncidentEmail.objects.filter(email=asked).update(incident=make_incident())

    assert composer_leaving.leave_due(LATER) == 1

    moved.refresh_from_db()
    fine.refresh_from_db()
    assert (moved.held, moved.outgoing) == (WrittenLetter.Held.REFUSED, None)
    assert moved.held_said
    assert fine.outgoing is not None


def test_a_letter_of_somebody_who_works_here_no_more_is_held(incident: Incident, me: User) -> None:
    written = plan(incident, me, typed())
    User.objects.update(role="observer")

    assert composer_leaving.leave_due(LATER) == 0

    written.refresh_from_db()
    assert "Анна Крылова" in written.held_said or "Крылова" in written.held_said


def test_it_goes_along_when_its_incident_is_merged(incident: Incident, me: User) -> None:
    target = make_incident()
    written = plan(incident, me, typed())
    Incident.objects.filter(pk=incident.pk).update(merged_into=target)

    assert list(composer_leaving.planned(target)) == [written]
    assert composer_leaving.leave_due(LATER) == 1
    assert target.letters.get().email.subject.startswith(f"Re: {target.code}:")


def test_a_planned_letter_is_changed_by_whoever_wants_to(incident: Incident, me: User) -> None:
    file = bring(incident, me)
    written = plan(incident, me, typed(), files=[file])
    other = make_user()

    composer_leaving.change(written, by=other, at=NOW)

    begun = replying.begin(incident, other)
    assert (begun.values["text"], begun.files) == ("Бригада выехала.", [file])
    assert composer_leaving.leave_due(LATER) == 0
    with pytest.raises(DomainError):
        composer_leaving.leave_now(written, by=me, at=NOW)


def test_one_that_is_dropped_stays_its_writers_draft(incident: Incident, me: User) -> None:
    written = plan(incident, me, typed())

    composer_leaving.drop(written, by=make_user(), at=NOW)

    assert replying.begin(incident, me).values["text"] == "Бригада выехала."
    assert not WrittenLetter.objects.exists()


def test_a_note_of_a_colleague_holds_nothing(incident: Incident, me: User) -> None:
    plan(incident, me, typed())
    services.add_comment(incident, "Сам отвечу", by=make_user(), at=NOW + timedelta(minutes=5))

    assert composer_leaving.leave_due(LATER) == 1


def together(*works: Callable[[], object]) -> list[Exception]:
    """Do all of this at one moment; returns what was raised."""
    begin, raised = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        try:
            begin.wait(10)
            work()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_clocks_and_a_person_let_it_leave_once(incident: Incident, me: User) -> None:
    written = plan(incident, me, typed())

    raised = together(
        partial(composer_leaving.leave_due, LATER),
        partial(composer_leaving.leave_due, LATER),
        partial(composer_leaving.leave_now, written, by=me, at=LATER),
    )

    # The person may hear that it has left already.
    assert all(isinstance(error, DomainError) for error in raised)
    assert len(raised) <= 1
    assert (Outgoing.objects.count(), incident.letters.count(), Reminder.objects.count()) == (1, 1, 0)


def test_a_letter_that_is_in_its_writers_form_again_does_not_leave(incident: Incident, me: User) -> None:
    written = plan(incident, me, typed())
    composer_leaving.change(written, by=me, at=NOW)

    assert composer_leaving._leave_or_hold(written.pk or 0, LATER) is False
    with pytest.raises(DomainError):
        composer_leaving.drop(WrittenLetter(pk=77777), by=me, at=NOW)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_draft_that_is_saved_while_its_letter_comes_back_waits_its_turn(incident: Incident, me: User) -> None:
    for _round in range(5):
        queued = send(incident, me, typed())

        raised = together(
            partial(drafts.keep, incident, me, "Второе", at=NOW, field=Draft.Field.LETTER),
            partial(composer_leaving.take_back, queued, by=me, at=NOW),
        )

        assert raised == []
        assert Draft.objects.count() == 1
        drafts.clear(incident, me, field=Draft.Field.LETTER)
