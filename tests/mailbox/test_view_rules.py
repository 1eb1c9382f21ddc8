"""The page of senders' rules: who sees it, who changes it, and what it says each rule decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from mailbox.models import Receipt, SenderRule
from mailbox.rule_forms import sender_of
from mailbox.rules import Touched, touched
from tests.factories import NOW, make_email, make_user

pytestmark = pytest.mark.django_db

PAGE = "/mail/rules/"
State = Receipt.State


def browser(role: str = Role.ADMINISTRATOR) -> Client:
    client = Client()
    client.force_login(make_user(role))
    return client


def make_rule(sender: str = "robot@operator.example", action: str = "keep", **over: Any) -> SenderRule:
    return SenderRule.objects.create(sender=sender, action=action, **over)


def came(sender: str, state: str = State.OPENED, *, days_ago: float = 1, at: Any = NOW, direction: str = "in") -> None:
    email = make_email(from_email=sender)
    Receipt.objects.create(
        direction=direction, sha256=email.sha256, size=1, state=state, email=email, received_at=at - timedelta(days_ago)
    )


def test_an_administrator_adds_a_rule() -> None:
    desk = browser()

    answer = desk.post(PAGE, {"sender": "Мониторинг <Robot@Operator.example>", "action": "open", "note": "Zabbix"})

    assert answer.status_code == 302
    rule = SenderRule.objects.get()
    assert (rule.sender, rule.action, rule.note) == ("robot@operator.example", "open", "Zabbix")
    assert isinstance(rule.author, User)
    assert rule.sender in desk.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("typed", "sender"),
    [
        ("robot@operator.example", "robot@operator.example"),
        (" Operator.Example ", "@operator.example"),
        ("@operator.example", "@operator.example"),
        ("Имя Фамилия <A.B+c@почта.example>", "a.b+c@почта.example"),
        ("operator", ""),
        ("a@b@c.example", ""),
        ("a b@c.example", ""),
        ("a@c.example, d@c.example", ""),
        ("<>", ""),
        ("", ""),
    ],
)
def test_what_is_typed_becomes_an_address_or_a_domain(typed: str, sender: str) -> None:
    assert sender_of(typed) == sender


@pytest.mark.parametrize(
    "typed", [{}, {"sender": "x"}, {"sender": "desk@towers.example"}, {"sender": "robot@operator.example"}]
)
def test_what_cannot_be_a_rule_is_refused_with_a_word(typed: dict[str, str]) -> None:
    make_rule()

    answer = browser().post(PAGE, {"action": "keep", **typed})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert SenderRule.objects.count() == 1


def test_a_rule_is_changed_and_removed() -> None:
    rule, desk = make_rule(), browser()
    address = reverse("mailbox:change_rule", args=[rule.pk])
    assert 'value="robot@operator.example"' in desk.get(address).content.decode()

    desk.post(address, {"sender": "@operator.example", "action": "open", "note": ""})
    rule.refresh_from_db()
    assert (rule.sender, rule.action) == ("@operator.example", "open")

    for _ in range(2):
        assert desk.post(reverse("mailbox:remove_rule", args=[rule.pk])).status_code == 302
    assert not SenderRule.objects.exists()


def test_a_dispatcher_reads_the_rules_and_changes_none() -> None:
    rule, desk = make_rule(), browser(Role.DISPATCHER)

    page = desk.get(PAGE).content.decode()

    assert rule.sender in page
    assert "<form" not in page.split("rl-page")[1].split("</main>")[0]
    assert desk.post(PAGE, {"sender": "x@y.example", "action": "keep"}).status_code == 403
    assert SenderRule.objects.get() == rule


def test_each_rule_says_what_it_decided_lately() -> None:
    came("Robot@operator.example")
    came("robot@operator.example", State.KEPT)
    came("noc@operator.example")
    came("noc@operator.example", State.JOINED)
    came("noc@operator.example", days_ago=31)
    came("noc@other.example")
    came("noc@operator.example", State.KEPT, direction="out")
    make_rule()

    assert touched(["robot@operator.example", "@operator.example", "@none.example"], NOW) == {
        "robot@operator.example": Touched(opened=1, kept=1),
        "@operator.example": Touched(opened=1, kept=0),
        "@none.example": Touched(),
    }
    # Without the rule of its own the robot is one of its domain.
    SenderRule.objects.all().delete()
    assert touched(["@operator.example"], NOW) == {"@operator.example": Touched(opened=2, kept=1)}


def test_while_typing_it_tells_what_the_rule_would_have_decided() -> None:
    came("noc@operator.example", at=timezone.now())
    desk = browser()

    said = desk.get(f"{PAGE}touched/", {"sender": "operator.example"}).content.decode()

    assert "1" in said
    assert desk.get(f"{PAGE}touched/", {"sender": "oper"}).content.decode().strip() == ""


def test_the_list_goes_on_by_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailbox.views.rules.RULES_ON_A_PAGE", 2)
    for letter in "abc":
        make_rule(f"{letter}@operator.example")
    desk = browser()

    first = desk.get(PAGE).content.decode()
    second = desk.get(PAGE, {"after": "b@operator.example"}).content.decode()

    assert "?after=b%40operator.example" in first
    assert [f"{each}@operator.example" in first for each in "abc"] == [True, True, False]
    assert [f'title="{each}@operator.example"' in second for each in "abc"] == [False, False, True]


@pytest.mark.parametrize("number", [5, 50])
def test_the_number_of_queries_does_not_grow(number: int, django_assert_max_num_queries) -> None:
    author = make_user()
    for each in range(number):
        make_rule(f"robot{each}@operator.example", author=author)
        came(f"robot{each}@operator.example", at=timezone.now())
    desk = browser()
    desk.get(PAGE)

    with django_assert_max_num_queries(8):
        desk.get(PAGE)
