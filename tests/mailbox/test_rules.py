"""Which letters open incidents, and by which rule the others are kept without one."""

from __future__ import annotations

import pytest

from mailbox.models import Email, SenderRule
from mailbox.rules import KEPT_BY, Rules
from tests.factories import make_email

pytestmark = pytest.mark.django_db

ROBOT = "robot@operator.example"


def kept(email: Email, *, opened_lately: int = 0) -> str:
    return Rules.load().kept_by(email, opened_lately=opened_lately)


def test_a_persons_letter_opens() -> None:
    assert kept(make_email()) == ""


def test_a_monitoring_alarm_opens_without_any_rule() -> None:
    assert kept(make_email(auto_reasons=["auto-submitted: auto-generated"])) == ""


def test_a_newsletter_opens_until_somebody_says_otherwise() -> None:
    letter = make_email(auto_reasons=["precedence: bulk", "list-id"], from_email=ROBOT)
    assert kept(letter) == ""

    SenderRule.objects.create(sender=ROBOT, action=SenderRule.Action.KEEP)

    assert kept(letter) == "sender"


@pytest.mark.parametrize("kind", [Email.Kind.AUTOREPLY, Email.Kind.BOUNCE, Email.Kind.FEEDBACK])
def test_automatic_letters_open_nothing(kind: str) -> None:
    assert kept(make_email(kind=kind, auto_reasons=[f"kind: {kind}"])) == "automatic"


def test_a_rule_lets_an_automatic_reply_open() -> None:
    SenderRule.objects.create(sender=ROBOT, action=SenderRule.Action.OPEN)

    assert kept(make_email(kind=Email.Kind.AUTOREPLY, from_email="Robot@Operator.example")) == ""


@pytest.mark.parametrize("kind", [Email.Kind.BOUNCE, Email.Kind.FEEDBACK])
def test_no_rule_lets_a_bounce_open(kind: str) -> None:
    SenderRule.objects.create(sender=ROBOT, action=SenderRule.Action.OPEN)

    assert kept(make_email(kind=kind, from_email=ROBOT)) == "automatic"


def test_the_full_address_is_stronger_than_its_domain() -> None:
    SenderRule.objects.create(sender="@operator.example", action=SenderRule.Action.KEEP)
    SenderRule.objects.create(sender=ROBOT, action=SenderRule.Action.OPEN)

    assert kept(make_email(from_email=ROBOT)) == ""
    assert kept(make_email(from_email="sales@operator.example")) == "sender"
    assert kept(make_email(from_email="sales@other-operator.example")) == ""


def test_what_we_sent_opens_nothing() -> None:
    assert kept(make_email(direction=Email.Direction.OUT, from_email="desk@towers.example")) == "sent"


def test_our_own_automatic_letter_opens_nothing_whoever_seems_to_send_it() -> None:
    SenderRule.objects.create(sender=ROBOT, action=SenderRule.Action.OPEN)

    assert kept(make_email(from_email=ROBOT, auto_reasons=["x-dispatch-loop"])) == "ours"


def test_one_sender_opens_so_many_incidents_an_hour_and_no_more(settings) -> None:
    settings.INCIDENTS_PER_SENDER_HOUR = 2

    assert kept(make_email(), opened_lately=1) == ""
    assert kept(make_email(), opened_lately=2) == "flood"


def test_a_rule_lifts_the_limit_of_a_busy_sender(settings) -> None:
    settings.INCIDENTS_PER_SENDER_HOUR = 2
    SenderRule.objects.create(sender="@operator.example", action=SenderRule.Action.OPEN)

    assert kept(make_email(), opened_lately=500) == ""


def test_rules_are_loaded_by_one_query(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        loaded = Rules.load()
    with django_assert_num_queries(0):
        loaded.kept_by(Email(from_email=ROBOT, direction="in", kind="human"))


def test_every_answer_has_its_sentence() -> None:
    assert set(KEPT_BY) == {"sent", "automatic", "sender", "flood", "ours"}
