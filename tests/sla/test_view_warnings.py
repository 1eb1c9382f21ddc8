"""The page of warnings, the number in the rail, messages on open pages, and how somebody is warned."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents.models import Incident
from sla import telling, ticks
from sla.models import DeadlineWarning, Tick, Told
from tests.factories import make_incident, make_user

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def me() -> User:
    return make_user(email="sedov@towers.example")


@pytest.fixture
def mine(me: User, client: Client) -> Client:
    client.force_login(me)
    return client


def warn(incident: Incident, kind: str = "breach", *, ago: timedelta = timedelta(), **over: object) -> DeadlineWarning:
    """A warning written so long ago, told to whoever has to know."""
    at = timezone.now() - ago
    facts = {"clock": "incident", "due_at": at, "planned_at": at, "at": at, **over}
    warning = DeadlineWarning.objects.create(incident=incident, kind=kind, **facts)
    telling.tell([warning], at)
    return warning


def page(client: Client, name: str = "warnings", **said: str) -> str:
    return client.get(reverse(f"sla:{name}"), said).content.decode()


def test_the_page_shows_ones_own_warnings_and_which_were_not_seen(mine, me):
    incident, other = make_incident(assignee=me), make_incident(assignee=make_user())
    warn(incident), warn(other)

    said = page(mine)

    assert incident.subject in said
    assert other.subject not in said
    assert "is-unread" in said


def test_only_whoever_may_compare_dispatchers_sees_everybodys(mine, client):
    other = make_incident(assignee=make_user(last_name="Петров"))
    warn(other)
    assert other.subject not in page(mine, whose="all")

    client.force_login(make_user(Role.MANAGER))

    said = page(client, whose="all")
    assert other.subject in said
    assert "Петров" in said


def test_it_is_narrowed_by_kind_clock_and_days(mine, me):
    near = make_incident(assignee=me)
    old = make_incident(assignee=me)
    warn(near, "near", clock="contractor", due_at=timezone.now() + MINUTE)
    warn(old, ago=timedelta(days=3))

    for said, found in (({"kind": "near"}, near), ({"clock": "contractor"}, near), ({"days": "1"}, near)):
        assert (near.subject in page(mine, **said), old.subject in page(mine, **said)) == (found is near, found is old)
    assert old.subject in page(mine, days="7")
    assert old.subject in page(mine, kind="wrong", clock="none", days="0", after="x")


def test_pages_go_on_where_the_last_one_ended(mine, me):
    incident = make_incident(assignee=me)
    for number in range(60):
        warn(incident, ago=number * MINUTE)

    first = mine.get(reverse("sla:warnings"))
    second = mine.get(reverse("sla:warnings"), {"after": str(first.context["page"].after)})

    keys = [row.warning.pk for each in (first, second) for row in each.context["page"].rows]
    assert (len(first.context["page"].rows), len(set(keys)), second.context["page"].after) == (50, 60, None)


@pytest.mark.parametrize("whose", ["mine", "all"])
def test_the_page_costs_the_same_for_five_and_for_fifty(client, whose):
    boss = make_user(Role.MANAGER)
    client.force_login(boss)
    costs = []
    for number in (5, 45):
        for _n in range(number):
            warn(make_incident(assignee=make_user()), is_escalated=True)
        with CaptureQueriesContext(connection) as queries:
            page(client, whose=whose)
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 12


def test_the_mark_counts_what_was_not_seen_and_names_its_incidents(mine, me):
    incident = make_incident(assignee=me)
    warn(incident), warn(incident, "near", due_at=timezone.now() + MINUTE)

    said = page(mine, "warning_mark")

    assert 'data-unread="2"' in said
    assert f'data-codes="{incident.code}"' in said
    assert "data-alarm" not in said


def test_messages_are_those_after_the_last_one_that_the_page_knows(mine, me):
    incidents = [make_incident(assignee=me) for _n in range(5)]
    told = [Told.objects.get(warning=warn(incident), channel="desk").pk for incident in incidents]

    said = page(mine, "warning_messages", after=str(told[0]))

    assert [incident.code in said for incident in incidents] == [False, False, True, True, True]
    assert "?unread=1" in said  # one more
    assert f'data-newest="{told[-1]}"' in said


@pytest.mark.parametrize("how", ["told", "code", "all"])
def test_what_was_seen_is_counted_no_more(mine, me, how):
    incident, other = make_incident(assignee=me), make_incident(assignee=me)
    warning = warn(incident)
    warn(other)
    told = Told.objects.get(warning=warning, person=me)

    mine.post(reverse("sla:warnings_seen"), {"told": {"told": told.pk}, "code": {"code": incident.code}}.get(how, {}))

    assert telling.unread(me).count() == (0 if how == "all" else 1)


def test_nobody_sees_for_another(mine, me):
    other = make_user()
    warning = warn(make_incident(assignee=other))
    told = Told.objects.get(warning=warning, person=other)

    mine.post(reverse("sla:warnings_seen"), {"told": told.pk})

    assert telling.unread(other).count() == 1


def test_when_nobody_looks_at_deadlines_every_page_says_so(mine):
    now = timezone.now()
    Tick.objects.create(name=ticks.WARNINGS, since=now, at=now - 5 * MINUTE, lag=timedelta())

    assert "data-alarm" in page(mine, "warning_mark")
    assert 'role="alert"' in page(mine)


def test_a_warning_says_how_late_it_came(mine, me):
    at = timezone.now()
    warn(make_incident(assignee=me), planned_at=at - 40 * MINUTE)

    assert "40" in page(mine).split("dk-badge is-wait on")[1][:40]


def test_what_the_server_said_of_a_message_stands_beside_it(mine, me):
    warning = warn(make_incident(assignee=me))
    Told.objects.create(
        warning=warning, person=me, channel="telegram", state="failed", at=warning.at, said="403 bot was blocked"
    )

    assert "403 bot was blocked" in page(mine)


# --- How somebody is warned -------------------------------------------------------------------


def save(client: Client, **said: str) -> int:
    return client.post(reverse("sla:warning_settings"), said).status_code


def test_a_person_chooses_his_ways(mine, me):
    assert save(mine, warn_by_email="on") == 302

    me.refresh_from_db()
    assert (me.warn_by_email, me.warn_by_telegram, me.warn_by_sound) == (True, False, False)


def test_managers_have_quiet_hours_with_two_ends(client):
    boss = make_user(Role.MANAGER)
    client.force_login(boss)

    assert save(client, quiet_from="22:00") == 422
    assert save(client, quiet_from="22:00", quiet_until="22:00") == 422
    assert save(client, quiet_from="22:00", quiet_until="07:00") == 302

    boss.refresh_from_db()
    assert (str(boss.quiet_from), str(boss.quiet_until)) == ("22:00:00", "07:00:00")


def test_a_code_for_the_bot_stands_on_the_page_as_long_as_it_is_good(mine, me, settings):
    settings.TG_TOKEN = "1:x"

    mine.post(reverse("sla:warnings_connect"))

    me.refresh_from_db()
    assert me.telegram_code in page(mine, "warning_settings")
    User.objects.filter(pk=me.pk).update(telegram_code_until=timezone.now() - MINUTE)
    assert me.telegram_code not in page(mine, "warning_settings")


def test_a_broken_chat_is_shown_with_the_words_of_the_server(mine, me, settings):
    settings.TG_TOKEN = "1:x"
    User.objects.filter(pk=me.pk).update(telegram_chat="7", telegram_broken="403 Forbidden: bot was blocked")

    assert "403 Forbidden: bot was blocked" in page(mine, "warning_settings")

    mine.post(reverse("sla:warnings_disconnect"))
    assert "403 Forbidden" not in page(mine, "warning_settings")


def test_trying_a_way_twice_sends_one_message(mine, me):
    for _n in range(2):
        mine.post(reverse("sla:warnings_try"), {"channel": "telegram"})

    assert Told.objects.filter(person=me, warning=None).count() == 1
