"""The queue "mail problems": what stands in it, how many there are, and how a problem leaves it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.roles import Role
from incidents import mail_problem_deeds, mail_problem_rows, mail_problems
from incidents.models import Incident, IncidentEmail
from incidents.paging import Cursor
from mailbox.models import AccountState, Email, Outgoing, Receipt, Reconciliation, Settled
from tests.factories import make_email, make_incident, make_user
from tests.incidents.letters_received import make_folder, make_receipt

pytestmark = pytest.mark.django_db
State = Receipt.State
PAGE = "/letters/problems/"


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    caches["calls"].clear()


def make_outgoing(state: str = "failed", incident: Incident | None = None, **facts: Any) -> Outgoing:
    email = make_email(direction="out", kind="human")
    if incident:
        IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    recipients = [{"address": "noc@operator.example", "state": "refused", "said": "550 5.7.1 no"}]
    return Outgoing.objects.create(
        **{
            "email": email,
            "state": state,
            "recipients": recipients,
            "to_address": "noc@operator.example",
            "queued_at": timezone.now(),
            "said": "550 5.7.1 no",
            **facts,
        }
    )


def make_bounce(incident: Incident, **facts: Any) -> Email:
    email = make_email(**{"kind": "bounce", "text": "550 5.1.1 User unknown", "received_at": timezone.now(), **facts})
    IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    make_receipt(email=email, state=State.JOINED)
    return email


def kinds() -> list[str]:
    return [each.kind for each in mail_problems.page(timezone.now()).named]


def test_where_nothing_is_wrong_nothing_stands() -> None:
    make_outgoing("sent")
    make_receipt()
    make_incident()

    assert sum(mail_problems.counts(timezone.now()).values()) == 0
    assert (kinds(), mail_problem_rows.states(timezone.now())) == ([], [])


def test_everything_of_the_mail_that_a_person_must_look_at_stands_in_it_with_its_button(
    settings: Any,
) -> None:
    incident = make_incident()
    make_receipt(state=State.QUARANTINED, reason="RecursionError: too deep")
    make_outgoing("failed", incident)
    make_outgoing("unknown")
    make_bounce(incident)
    make_incident(status="error", error_reason="Нет такой опоры")
    ill = {"last_error": "connection refused", "last_ok_at": timezone.now()}
    folder = make_folder(failed_since=timezone.now() - timedelta(minutes=2), **ill)
    make_folder(failed_since=timezone.now() - timedelta(seconds=20), **ill)
    Reconciliation.objects.create(folder=folder, at=timezone.now(), on_server=2, in_ledger=1, missing=[7])
    settings.AUTO_ANSWERS_PER_HOUR = 1
    make_outgoing("sent", is_automatic=True)

    now = timezone.now()
    rows = mail_problem_rows.load(mail_problems.page(now).named)
    states = mail_problem_rows.states(now)

    assert sorted(kinds()) == ["bounce", "error", "outgoing", "outgoing", "quarantine"]
    assert all(row.deed and row.why for row in rows)
    assert len(states) == 3
    assert sum(mail_problems.counts(now).values()) == len(rows) + len(states) == 8


def test_the_number_is_what_the_page_shows_when_the_ledger_does_not_add_up() -> None:
    email = make_email()
    Receipt.objects.create(
        direction="in", sha256="a" * 64, size=1, received_at=timezone.now(), state=State.OPENED, email=email
    )

    now = timezone.now()
    assert [state.title for state in mail_problem_rows.states(now)] == ["Журнал писем не сходится"]
    assert sum(mail_problems.counts(now).values()) == 1


def test_a_letter_that_came_back_to_a_closed_incident_bothers_nobody() -> None:
    incident = make_incident()
    make_bounce(incident)
    assert kinds() == ["bounce"]

    Incident.objects.update(closed_at=timezone.now())

    assert kinds() == []


def test_pages_follow_each_other_without_gap_or_double_whatever_the_kind() -> None:
    now = timezone.now()
    incident = make_incident()
    for n in range(40):
        # Many share a moment.
        at = now - timedelta(minutes=n // 4)
        make_receipt(state=State.QUARANTINED, received_at=at)
        make_outgoing(queued_at=at)
        make_bounce(incident, received_at=at)

    seen: list[mail_problems.Named] = []
    after: Cursor | None = None
    while True:
        page = mail_problems.page(now, after)
        seen += page.named
        if page.after is None:
            break
        after = Cursor.parse(str(page.after))
        assert after

    assert len(seen) == len(set(seen)) == 120
    moments = [row.at for row in mail_problem_rows.load(seen)]
    assert moments == sorted(moments, reverse=True)


def test_a_settled_problem_is_gone_and_its_incident_remembers_who_settled_it() -> None:
    incident, person = make_incident(), make_user(role=Role.DISPATCHER)
    letter = make_outgoing(incident=incident)
    receipt = make_receipt(state=State.QUARANTINED)
    bounce = make_bounce(incident)
    at = timezone.now()

    assert mail_problem_deeds.settle("outgoing", letter.pk, by=person, at=at)
    assert mail_problem_deeds.settle("receipt", receipt.pk, by=person, at=at)
    assert mail_problem_deeds.settle("bounce", bounce.pk, by=person, at=at)
    assert not mail_problem_deeds.settle("bounce", bounce.pk, by=person, at=at)

    assert kinds() == []
    events = incident.events.filter(kind="mail_settled")
    assert {(event.actor, event.data["what"]) for event in events} == {(person, "outgoing"), (person, "bounce")}
    assert events.count() == 2


def test_a_letter_that_is_tried_again_is_a_problem_again_when_it_fails_again(client: Client) -> None:
    person = make_user(role=Role.DISPATCHER)
    client.force_login(person)
    receipt = make_receipt(state=State.QUARANTINED, sha256="")
    mail_problem_deeds.settle("receipt", receipt.pk, by=person, at=timezone.now())
    assert kinds() == []

    client.post(reverse("incidents:receipt_retry", args=[receipt.pk]))

    assert kinds() == ["quarantine"]


def test_a_failed_letter_is_sent_again_once_to_those_who_have_not_got_it(settings: Any) -> None:
    settings.EMAIL_HOST = "smtp.example"
    incident, person = make_incident(), make_user(role=Role.DISPATCHER)
    letter = make_outgoing(incident=incident)
    letter.recipients.append({"address": "b@operator.example", "state": "accepted", "said": ""})
    letter.save()

    assert mail_problem_deeds.send_again(letter, by=person, at=timezone.now())
    assert not mail_problem_deeds.send_again(letter, by=person, at=timezone.now())

    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == ("queued", 0)
    assert [each["state"] for each in letter.recipients] == ["waiting", "accepted"]
    assert incident.events.get(kind="letter_sent_again").actor == person
    assert kinds() == []


def some_refused(*states: str, **facts: Any) -> Outgoing:
    to = [{"address": f"{n}@operator.example", "state": state, "said": "550 no"} for n, state in enumerate(states)]
    return make_outgoing("sent", recipients=to, is_lacking=True, **facts)


def test_a_letter_that_some_have_not_got_is_a_problem_with_their_addresses(client: Client) -> None:
    some_refused("accepted", "refused", "bounced")
    client.force_login(make_user(role=Role.DISPATCHER))

    (row,) = mail_problem_rows.load(mail_problems.page(timezone.now()).named)
    text = client.get(PAGE, headers={"accept-language": "en"}).text

    assert row.who == "1@operator.example, 2@operator.example"
    assert 'name="instead" value="1@operator.example"' in text
    assert 'name="instead" value="2@operator.example"' in text
    assert 'name="instead" value="0@operator.example"' not in text


def test_whoever_was_refused_gets_it_at_the_right_address_and_the_incident_knows(client: Client, settings: Any) -> None:
    settings.EMAIL_HOST = "smtp.example"
    incident, person = make_incident(), make_user(role=Role.DISPATCHER)
    letter = some_refused("accepted", "refused", incident=incident)
    client.force_login(person)
    posted = {"lost": "1@operator.example", "instead": "right@operator.example"}

    client.post(reverse("incidents:send_again", args=[letter.pk]), posted)

    letter.refresh_from_db()
    assert [(each["address"], each["state"]) for each in letter.recipients] == [
        ("0@operator.example", "accepted"),
        ("right@operator.example", "waiting"),
    ]
    event = incident.events.get(kind="letter_sent_again")
    assert event.data["instead"] == {"1@operator.example": "right@operator.example"}
    assert kinds() == []


def test_an_address_that_is_none_is_said_and_nothing_is_sent(client: Client, settings: Any) -> None:
    settings.EMAIL_HOST = "smtp.example"
    letter = some_refused("accepted", "refused")
    client.force_login(make_user(role=Role.DISPATCHER))

    posted = {"lost": "1@operator.example", "instead": "nobody"}
    answer = client.post(reverse("incidents:send_again", args=[letter.pk]), posted, follow=True)

    assert "“nobody”" in answer.text or "«nobody»" in answer.text
    letter.refresh_from_db()
    assert letter.state == "sent"
    assert kinds() == ["outgoing"]


def test_a_return_that_stands_with_its_letter_is_no_second_problem() -> None:
    incident = make_incident()
    letter, bounce = some_refused("bounced", incident=incident), make_bounce(incident)
    assert sorted(kinds()) == ["bounce", "outgoing"]

    letter.bounces.add(bounce)

    assert kinds() == ["outgoing"]


def test_observers_look_and_do_nothing(client: Client) -> None:
    observer = make_user(role=Role.OBSERVER)
    receipt = make_receipt(state=State.QUARANTINED)
    client.force_login(observer)

    page = client.get(PAGE).content.decode()

    assert "settle" not in page
    assert "retry" not in page
    with pytest.raises(PermissionDenied):
        mail_problem_deeds.settle("receipt", receipt.pk, by=observer, at=timezone.now())


def test_the_page_and_its_number_cost_the_same_whatever_is_wrong(client: Client) -> None:
    client.force_login(make_user(role=Role.DISPATCHER))
    incident = make_incident()

    def more(count: int) -> None:
        for _ in range(count):
            make_receipt(state=State.QUARANTINED)
            make_outgoing(incident=incident)
            make_bounce(incident)
            make_incident(status="error", error_reason="Нет такой опоры")
            Reconciliation.objects.create(folder=make_folder(), at=timezone.now(), missing=[7])

    more(2)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    more(10)
    with CaptureQueriesContext(connection) as many:
        assert client.get(PAGE).status_code == 200
    with CaptureQueriesContext(connection) as counted:
        assert mail_problems.number(timezone.now()) == 60
        assert mail_problems.number(timezone.now()) == 60

    assert len(few) == len(many)
    # The letters' problems, and three for the ledger: what the clock found, the days' fates, the last day's checks;
    # and what waits to leave: accounts in trouble, then letters.
    assert len(counted) == 6


def test_the_queue_of_the_desk_tells_the_number_and_is_told_anew_after_a_deed(client: Client) -> None:
    person = make_user(role=Role.DISPATCHER)
    client.force_login(person)
    receipt = make_receipt(state=State.QUARANTINED)

    assert ">1<" in client.get(f"{PAGE}number/").content.decode()
    client.post(reverse("incidents:settle_mail_problem", args=["receipt", receipt.pk]))

    assert ">0<" in client.get(f"{PAGE}number/").content.decode()
    assert PAGE in client.get("/").content.decode()


def test_what_strangers_write_stays_words(client: Client) -> None:
    client.force_login(make_user(role=Role.DISPATCHER))
    make_bounce(make_incident(), subject="<script>alert(1)</script>", from_name="<b>x</b>")

    page = client.get(PAGE).content.decode()

    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    assert Settled.objects.count() == 0


def test_letters_that_cannot_leave_are_one_problem_with_what_to_do() -> None:
    now = timezone.now()
    long_ago = now - timedelta(minutes=30)
    make_outgoing("queued", queued_at=long_ago, next_try_at=now)
    assert mail_problem_rows.states(now) == []

    AccountState.objects.create(account=None, failed_since=long_ago, said="535 5.7.8 authentication failed")

    state = mail_problem_rows.states(now)[0]
    assert (state.deed.url, state.since) == ("/mail/accounts/", long_ago)
    assert "535" not in state.why
    assert sum(mail_problems.counts(now).values()) == 1


def test_letters_that_nobody_sends_are_one_problem_too() -> None:
    now = timezone.now()
    make_outgoing("queued", queued_at=now, next_try_at=now - timedelta(minutes=30))

    assert [state.deed.url for state in mail_problem_rows.states(now)] == ["/letters/out/?state=queued"]


def test_whoever_sends_a_letter_again_that_may_have_arrived_is_told_so_first(client: Client) -> None:
    client.force_login(make_user(role=Role.DISPATCHER))
    unknown, failed = make_outgoing("unknown"), make_outgoing("failed")

    page = client.get(PAGE).text

    assert f'popovertarget="sure-{unknown.pk}"' in page
    assert f'popovertarget="sure-{failed.pk}"' not in page
