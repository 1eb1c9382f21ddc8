"""What people complained of in other desks: each complaint about wrong deadlines is a test named by its sentence."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import services
from incidents.models import Incident, IncidentType, Status, Transition
from sla import changing, clocks, explaining, recomputing, rule_following, russian_days, warnings
from sla.calendar_sheets import Sheet
from sla.calendars import Calendar
from sla.clock import Change, Rule, State, read
from sla.clocks import KINDS
from sla.explaining_rows import Reason
from sla.models import DeadlineWarning, IncidentClock, PolicyVersion
from sla.policy import Policy
from tests.factories import make_incident, make_user

MOSCOW = ZoneInfo("Europe/Moscow")
OFFICE = ((540, 780), (840, 1080))
OFFICE_WEEK = (*(OFFICE,) * 5, (), ())
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A Friday noon in Moscow, before a weekend.
NOW = datetime(2025, 11, 21, 9, 0, tzinfo=UTC)


def moscow(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=MOSCOW)


def rule(clock: str = clocks.INCIDENT, hours: float = 4, calendar: Calendar | None = None, **more: Any) -> Rule:
    kind = KINDS[clock]
    within = calendar or Calendar(MOSCOW)
    return Rule(timedelta(hours=hours), within, kind.starts, kind.stops, kind.resumes, **more)


def after(hours: float, *words: str, status: str = "") -> Change:
    return Change(NOW + timedelta(hours=hours), frozenset(words), status)


OPENED = after(0, clocks.OPENED, status="new")


def office_sheet() -> Sheet:
    sheet = Sheet("Рабочие дни", "Europe/Moscow", OFFICE_WEEK)
    for year in (2025, 2026, 2027, 2028):
        sheet = russian_days.take(sheet, year, short=True)
    return sheet


@cache
def office() -> Calendar:
    """Working days of Russia with lunch, holidays, worked Saturdays and short days."""
    return office_sheet().calendar()


def use_office(document: dict[str, Any], **more: Any) -> None:
    document["calendars"] = {"office": office_sheet().document()}
    first(document).update(calendar="office", **more)


# --- On the desk ------------------------------------------------------------------------------


@pytest.fixture
def me(db: None) -> User:
    # The shipped rules have been in force since before anything here happens.
    PolicyVersion.objects.filter(number=1).update(at=NOW - DAY)
    return make_user(Role.ADMINISTRATOR)


@pytest.fixture
def put(me: User) -> Callable[[Callable[[dict[str, Any]], None]], None]:
    """`put(change)`: the rules with this change are in force, and the open incidents have followed."""

    def put(change: Callable[[dict[str, Any]], None]) -> None:
        before = changing.newest()
        document = copy.deepcopy(before.document)
        change(document)
        changing.save(document, by=me, why="", now=NOW, based_on=before.number)
        rule_following.follow(now=lambda: NOW)

    return put


def first(document: dict[str, Any], clock: str = clocks.INCIDENT) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in document["rules"] if row["clock"] == clock)
    return found


def step(incident: Incident, key: str, by: User, at: datetime) -> Incident:
    services.change_status(incident, Status.objects.get(key=key), by=by, at=at, reason="так надо")
    incident.refresh_from_db()
    return incident


def told(incident: Incident, clock: str = clocks.INCIDENT) -> IncidentClock:
    return IncidentClock.objects.get(incident=incident, clock=clock)


def working(opened_at: datetime = NOW) -> Incident:
    incident = make_incident(type="power-msk", status="inProgress", opened_at=opened_at)
    recomputing.recompute(recomputing.load([incident.pk]), opened_at)
    incident.refresh_from_db()
    return incident


def test_it_escalates_although_we_answered_last():
    """Zammad #3140."""
    history = [OPENED, after(0.2, clocks.ANSWER), after(1, "letter:in"), after(5, "letter:in")]

    said = read(history, rule(clocks.FIRST_ANSWER, hours=0.5), NOW + 9 * HOUR)

    assert (said.state, said.is_breached) == (State.STOPPED, False)


def test_the_time_of_the_last_update_overrules_that_of_the_first_answer():
    """Zammad #5177: each clock is asked for itself, and one that is over stays over whatever the others say."""
    history = [OPENED, after(1, clocks.ANSWER), after(2, clocks.ACTION)]
    now = NOW + 3 * HOUR

    assert read(history, rule(clocks.FIRST_ANSWER, hours=0.5), now).is_breached
    assert not read(history, rule(clocks.FIRST_ACTION, hours=2.5), now).is_breached
    assert read(history, rule(hours=4), now).due == NOW + 4 * HOUR


def test_the_deadline_is_not_updated_and_the_difference_at_closing_is_never_written(me):
    """Zammad #2082, #2579."""
    incident = services.set_type(working(), IncidentType.objects.get(key="power-rf"), by=me, at=NOW + HOUR)
    assert incident.due_at == NOW + 24 * HOUR

    step(incident, "closed", me, NOW + 30 * HOUR)

    assert told(incident).left == -6 * HOUR


def test_a_release_broke_every_view_of_deadlines():
    """Zammad #3523: documents of the first version, without the words that came later, are read for ever."""
    document = {
        "zone": "Europe/Moscow",
        "types": {"power-msk": 240},
        "rules": [{"clock": "incident", "minutes": None}, {"clock": "first_action", "minutes": 10, "match": {}}],
    }
    for clock, minutes in (("incident", 240), ("first_action", 10)):
        chosen = Policy(1, document).choose(clock, {"type": "power-msk"})
        assert chosen is not None
        assert read([OPENED], chosen[1], NOW).due == NOW + timedelta(minutes=minutes)


def test_a_deleted_rule_leaves_its_deadline_on_the_incidents(put):
    """Zammad #4359."""
    incident = working()

    put(lambda document: document["rules"].remove(first(document)))

    incident.refresh_from_db()
    assert incident.due_at is None
    assert not IncidentClock.objects.filter(incident=incident, clock=clocks.INCIDENT).exists()


def test_people_are_reminded_at_night_of_what_counts_working_hours(put):
    """Zammad #4432, #2157: due on Monday at 10:30, so the hour before begins on Monday at 9:30, not on Friday night."""
    put(lambda document: use_office(document, warn=[60], escalate=None))
    # Friday 17:30: half an hour on Friday, then 9:00 to 13:00 and 14:00 on.
    incident = working(moscow(2025, 11, 21, 15, 30))
    assert incident.due_at == moscow(2025, 11, 24, 10, 30)

    def warned(at: datetime) -> int:
        warnings.find(at, since=NOW)
        return DeadlineWarning.objects.filter(incident=incident, clock=clocks.INCIDENT).count()

    silent = [moscow(2025, 11, 21, 23), moscow(2025, 11, 22, 3), moscow(2025, 11, 24, 4), moscow(2025, 11, 24, 9, 29)]
    assert [warned(at) for at in silent] == [0, 0, 0, 0]
    assert warned(moscow(2025, 11, 24, 9, 30)) == 1


@pytest.mark.django_db
def test_nobody_can_see_why_48_hours_are_six_days(put):
    """Zammad #390: two “casual” holidays of a feed. Each day that does not count is named."""
    put(lambda document: use_office(document, minutes=48 * 60))
    incident = working(moscow(2025, 4, 29, 9))
    now = moscow(2025, 5, 14, 9)

    account = next(
        each for each in explaining.explain(recomputing.load([incident.pk])[0], now) if each.clock == clocks.INCIDENT
    )

    named = {row.day for row in account.rows if row.reason is Reason.HOLIDAY}
    moved = {"Выходной (перенесено с 04.01.2025)", "Выходной (перенесено с 23.02.2025)"}
    assert named == {"Праздник Весны и Труда", "День Победы"} | moved
    assert sum((row.counted for row in account.rows), timedelta()) == account.spent


def test_another_priority_forgets_the_pauses_so_far(put, me):
    """GLPI #6902, #15605."""

    def by_priority(document: dict[str, Any]) -> None:
        first(document)["pauses"] = ["needAcceptance"]
        document["rules"].append(
            {"clock": "incident", "minutes": 600, "match": {"priority": ["low"]}, "pauses": ["needAcceptance"]}
        )

    put(by_priority)
    incident = working()
    step(incident, "needAcceptance", me, NOW + HOUR)
    step(incident, "inProgress", me, NOW + 3 * HOUR)
    assert incident.due_at == NOW + 6 * HOUR

    services.set_priority(incident, Incident.Priority.LOW, by=me, at=NOW + 3 * HOUR)

    incident.refresh_from_db()
    assert incident.due_at == NOW + 12 * HOUR


def test_a_pause_over_a_weekend_is_counted_round_the_clock_though_the_target_counts_working_hours():
    """GLPI #10594. Friday 16:00 to Monday 11:00: two hours on Friday and two on Monday are no time spent."""
    history = [OPENED, after(4, status="waiting"), after(71, status="working")]

    said = read(history, rule(hours=8, calendar=office(), pauses=frozenset({"waiting"})), NOW + 71 * HOUR)

    assert (said.spent, said.due) == (3 * HOUR, moscow(2025, 11, 24, 17))


def test_it_is_breached_while_it_is_pending():
    """GLPI #24481."""
    waits = rule(pauses=frozenset({"waiting"}))
    history = [OPENED, after(3.9, status="waiting"), after(200, status="working")]

    assert not read(history, waits, NOW + 199 * HOUR).is_breached
    assert read(history, waits, NOW + 200 * HOUR).due == NOW + 200.1 * HOUR


def test_opened_again_it_counts_as_if_it_had_been_pending(me):
    """GLPI #23359: what was left when it was closed is what is left when it is opened again, no more and no less."""
    incident = working()
    step(incident, "closed", me, NOW + HOUR)
    step(incident, "inProgress", me, NOW + 40 * HOUR)

    assert incident.due_at == NOW + 43 * HOUR
    assert told(incident).state == State.RUNNING


def test_a_warning_ten_days_before_fires_on_the_deadline(put):
    """GLPI PR #15357."""
    put(lambda document: first(document).update(minutes=20 * 24 * 60, warn=[10 * 24 * 60], escalate=None))
    incident = working()

    def warned(at: datetime) -> list[tuple[str, datetime]]:
        warnings.find(at, since=NOW)
        said = DeadlineWarning.objects.filter(incident=incident, clock=clocks.INCIDENT)
        return list(said.order_by("pk").values_list("kind", "planned_at"))

    assert warned(NOW + 10 * DAY - timedelta(minutes=1)) == []
    assert warned(NOW + 10 * DAY) == [("near", NOW + 10 * DAY)]
    assert warned(NOW + 20 * DAY) == [("near", NOW + 10 * DAY), ("breach", NOW + 20 * DAY)]


def test_working_hours_are_ignored():
    """Chatwoot PR #13392."""
    opened = moscow(2025, 11, 21, 17, 30)

    assert office().after(opened, 8 * HOUR) == moscow(2025, 11, 24, 17, 30)


def test_the_clock_runs_on_after_it_was_solved():
    """Chatwoot #10178."""
    history = [OPENED, after(1, clocks.END, status="closed")]

    assert read(history, rule(), NOW + HOUR).spent == read(history, rule(), NOW + 9_999 * HOUR).spent == HOUR


def test_lunch_counts():
    """Chatwoot #14009, Frappe #2212: what comes in at lunch has not begun to run before lunch is over."""
    assert office().counted(moscow(2025, 11, 24, 12, 30), moscow(2025, 11, 24, 14, 30)) == HOUR
    assert office().after(moscow(2025, 11, 24, 13, 10), HOUR) == moscow(2025, 11, 24, 15)


def test_no_status_can_pause_the_clock(put, me):
    """osTicket #3034, asked for since 2016; every status can, also one that the customer added himself."""
    own = Status.objects.create(key="waitingForParts", name_ru="Ждём запчасти", name_en="Parts", status_class="paused")
    Transition.objects.create(from_status=Status.objects.get(key="inProgress"), to_status=own)
    put(lambda document: first(document).update(pauses=[own.key]))

    incident = step(working(), own.key, me, NOW + HOUR)

    assert (incident.due_at, incident.clock_left) == (None, 3 * HOUR)


def test_we_answered_the_customer_is_silent_and_it_is_overdue(put, me):
    """osTicket #1684."""
    put(lambda document: first(document).update(pauses=["needAcceptance"]))
    incident = step(working(), "needAcceptance", me, NOW + HOUR)

    assert not Incident.objects.overdue(NOW + 999 * HOUR).filter(pk=incident.pk).exists()
    assert not read_again(incident, NOW + 999 * HOUR).is_breached


def test_what_is_overdue_forgets_which_rule_it_broke():
    """osTicket #4078."""
    said = read([OPENED], rule(hours=4), NOW + 999 * HOUR)

    assert (said.is_breached, said.due) == (True, NOW + 4 * HOUR)


@pytest.mark.django_db
def test_an_overdue_incident_still_names_its_rule():
    incident = working()
    recomputing.recompute(recomputing.load([incident.pk]), NOW + 999 * HOUR)

    assert (told(incident).version, told(incident).rule) == (changing.newest().number, 1)


def test_the_deadline_is_not_computed_anew_after_a_pause(put, me):
    """Frappe #1675."""
    put(lambda document: first(document).update(pauses=["needAcceptance"]))
    incident = working()
    step(incident, "needAcceptance", me, NOW + HOUR)

    step(incident, "inProgress", me, NOW + 6 * HOUR)

    assert incident.due_at == NOW + 9 * HOUR


# --- What holds whatever happens --------------------------------------------------------------

TWO_YEARS = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)]
MOMENTS = st.datetimes(TWO_YEARS[0].replace(tzinfo=None), TWO_YEARS[1].replace(tzinfo=None), timezones=st.just(UTC))
HOURS = st.integers(1, 500).map(lambda number: number * HOUR)


def read_again(incident: Incident, now: datetime) -> Any:
    """The clock from its events alone."""
    policies = recomputing.Policies()
    changes = recomputing.history.of([incident])[incident.pk]
    return dict(recomputing.tell(incident, changes, policies, now))[clocks.INCIDENT].reading


@settings(max_examples=100, deadline=None)
@given(MOMENTS, st.integers(0, 100).map(lambda number: number * HOUR), HOURS)
def test_who_opens_later_is_not_due_earlier(start, more, allowed):
    one, other = office().after(start, allowed), office().after(start + more, allowed)

    assert one is not None
    assert other is not None
    assert one <= other


@settings(max_examples=100, deadline=None)
@given(MOMENTS, HOURS)
def test_a_deadline_never_lies_outside_the_working_hours(start, allowed):
    due = office().after(start, allowed)

    assert due is not None
    wall = due.astimezone(MOSCOW)
    minute = wall.hour * 60 + wall.minute
    second = minute * 60 + wall.second + wall.microsecond / 1e6
    assert any(since * 60 < second <= to * 60 for since, to in office().intervals(wall.date()))


@settings(max_examples=100, deadline=None)
@given(MOMENTS, HOURS, st.integers(0, 400), st.integers(0, 400))
def test_a_pause_moves_the_deadline_by_the_working_hours_in_it(start, allowed, before, length):
    """Pause-neutral: with the pause or without, the same time is spent from its end on."""
    pause, goes_on = start + before * HOUR, start + (before + length) * HOUR
    history = [
        Change(start, frozenset({clocks.OPENED}), "new"),
        Change(pause, frozenset(), "waiting"),
        Change(goes_on, frozenset(), "working"),
    ]
    paused = replace(rule(calendar=office(), pauses=frozenset({"waiting"})), allowed=allowed)
    said = read(history, paused, goes_on)

    spent = office().counted(start, pause)
    assert said.spent == spent
    is_over = spent >= allowed
    assert said.due == (office().after(start, allowed) if is_over else office().after(goes_on, allowed - spent))


@pytest.mark.django_db
def test_what_was_lost_is_computed_again_from_events_alone(put, me):
    """Restart-invariant: without a single stored clock the command finds every one of them as it was."""
    put(lambda document: first(document).update(pauses=["needAcceptance"]))
    incident = working()
    step(incident, "needAcceptance", me, NOW + HOUR)
    step(incident, "inProgress", me, NOW + 2 * HOUR)
    step(incident, "closed", me, NOW + 3 * HOUR)
    fields = ["clock", *recomputing.FIELDS]
    before = list(IncidentClock.objects.order_by("clock").values_list(*fields))
    IncidentClock.objects.all().delete()
    Incident.objects.update(due_at=None, clock_left=None, contractor_due_at=None, first_action_due_at=None)

    call_command("recompute_sla", stdout=StringIO())

    assert list(IncidentClock.objects.order_by("clock").values_list(*fields)) == before
    incident.refresh_from_db()
    assert incident.due_at == NOW + 5 * HOUR


@pytest.mark.django_db
def test_the_versions_of_the_rules_are_not_touched_by_anything(me, put):
    before = PolicyVersion.objects.get(number=1).document
    put(lambda document: use_office(document))

    assert PolicyVersion.objects.get(number=1).document == before


@pytest.mark.parametrize(
    ("zone", "start", "hours", "due"),
    [
        # Clocks go forward in the night to Sunday, back in autumn: office hours are those of the wall.
        ("Europe/Berlin", datetime(2026, 3, 27, 17, 0), 2, datetime(2026, 3, 30, 10, 0)),
        ("Europe/Berlin", datetime(2026, 10, 23, 17, 0), 2, datetime(2026, 10, 26, 10, 0)),
        # The leap day is a Thursday.
        ("Europe/Moscow", datetime(2024, 2, 28, 17, 0), 9, datetime(2024, 2, 29, 18, 0)),
        # Eleven zones, one working day: Kamchatka begins nine hours before Moscow.
        ("Asia/Kamchatka", datetime(2026, 11, 20, 17, 30), 1, datetime(2026, 11, 23, 9, 30)),
    ],
)
def test_office_hours_are_those_of_the_wall_clock(zone, start, hours, due):
    there = Calendar(ZoneInfo(zone), OFFICE_WEEK)

    found = there.after(start.replace(tzinfo=ZoneInfo(zone)), hours * HOUR)

    assert found == due.replace(tzinfo=ZoneInfo(zone))


def test_the_short_day_before_a_holiday_and_the_moved_saturday_count_as_they_are_worked():
    assert office().counted(moscow(2027, 2, 20), moscow(2027, 2, 21)) == 7 * HOUR
    assert office().counted(moscow(2027, 2, 21), moscow(2027, 2, 24)) == timedelta()
    assert office().after(moscow(2025, 11, 1, 16), 2 * HOUR) == moscow(2025, 11, 5, 10)
