"""The whole way, from what people do to the stored clock, against a person with a list and a lot of patience.

The list knows nothing of events: it is what was done, in order, without what was taken back. The type and the priority
are those of the end, as the desk has it: time that was spent and pauses so far stay, whatever changes later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatchers.models import User
from incidents import lifecycle, moving, services, undoing, undoing_steps
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEvent, IncidentType, Status, StatusClass
from sla import clocks, recomputing
from sla.calendars import Calendar, always
from sla.clock import Change, Rule, State
from sla.models import IncidentClock, PolicyVersion
from tests.factories import make_incident, make_user
from tests.sla.slow_clock import slowly

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
# A Friday morning; that day is short, the Saturday is worked, the Monday is a holiday.
START = datetime(2025, 6, 6, 6, 0, tzinfo=UTC)
WEEK = [[[540, 780], [840, 1080]]] * 5 + [[], []]
SPECIAL: dict[str, list[list[int]]] = {
    "2025-06-06": [[540, 780], [840, 1020]],
    "2025-06-07": [[600, 900]],
    "2025-06-09": [],
}
WAITING = "needAcceptance"
OWN = "own:1"
DOCUMENT = {
    "zone": "Europe/Moscow",
    "calendars": {"office": {"name": "Office", "zone": "Asia/Yekaterinburg", "week": WEEK, "days": SPECIAL}},
    "types": {"power-msk": 240, "power-rf": 1440},
    "clocks": {OWN: {"name": "Own", "starts": ["status:inProgress"], "stops": [f"status:{WAITING}"], "resumes": []}},
    "rules": [
        {"clock": "incident", "minutes": None, "calendar": "office", "pauses": [WAITING]},
        {"clock": "incident", "minutes": 600, "match": {"priority": ["low"]}, "pauses": [WAITING, "error"]},
        {"clock": OWN, "minutes": 100, "calendar": "office"},
    ],
}
DEED = st.tuples(
    st.sampled_from(["step"] * 4 + ["wait", "work", "close", "undo", "type", "priority", "merge", "unmerge"]),
    st.integers(0, 9),
    st.integers(1, 900),
)


@dataclass
class Listed:
    """What somebody with a list has noted of one incident: steps as (moment, status), and the merge if it stands."""

    steps: list[tuple[datetime, Status]]
    merged_at: datetime | None = None
    merges: list[IncidentEvent] = field(default_factory=list)

    def history(self) -> list[Change]:
        (_start, status), *later = self.steps
        changes = [Change(START, frozenset({clocks.OPENED}), status.key)]
        for at, entered in later:
            words = {f"status:{entered.key}", f"class:{entered.status_class}"}
            if status.status_class == StatusClass.END != entered.status_class:
                words.add(clocks.REOPENED)
            changes.append(Change(at, frozenset(words), entered.key))
            status = entered
        if self.merged_at:
            changes.append(Change(self.merged_at, frozenset({clocks.END})))
        return changes


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEED, max_size=12))
def test_the_stored_clocks_are_those_of_a_patient_reader(deeds):
    with transaction.atomic():
        PolicyVersion.objects.create(number=2, document=DOCUMENT, at=START - timedelta(days=1))
        me = make_user()
        incidents = [make_incident(type="power-msk", status="inProgress", opened_at=START) for _each in range(2)]
        lists = [Listed([(START, incident.status)]) for incident in incidents]
        recomputing.recompute(recomputing.load([each.pk for each in incidents]), START)
        at = START
        for name, number, minutes in deeds:
            at += MINUTE * minutes
            which = number % 2
            try:
                _do(name, number, incidents[which].pk, incidents[1 - which].pk, lists[which], me, at)
            except DomainError:
                continue
        recomputing.recompute(recomputing.load([each.pk for each in incidents]), at)
        for incident, listed in zip(incidents, lists, strict=True):
            incident.refresh_from_db()
            for clock, rule in _rules(incident).items():
                _compare(incident, clock, rule, listed, at)
        transaction.set_rollback(True)


def _do(name: str, number: int, key: int, other: int, listed: Listed, me: User, at: datetime) -> None:
    incident = Incident.objects.get(pk=key)
    if name in {"step", "wait", "work", "close"}:
        wanted = {"wait": WAITING, "work": "inProgress", "close": "closed"}.get(name)
        steps = [step.to_status for step in lifecycle.next_steps(incident)]
        steps = [each for each in steps if each.key == wanted] or steps
        if steps:
            to = steps[number % len(steps)]
            services.change_status(incident, to, by=me, at=at, reason="так надо")
            listed.steps.append((at, to))
    elif name == "undo":
        last = incident.events.filter(kind__in=undoing_steps.STEPS).order_by("-id").first()
        if last and len(listed.steps) > 1:
            undoing_steps.undo(last, by=me, at=listed.steps[-1][0] + MINUTE * (number % 10))
            listed.steps.pop()
    elif name == "type":
        kinds = list(IncidentType.objects.filter(key__in=DOCUMENT["types"]))
        services.set_type(incident, kinds[number // 2 % 2], by=me, at=at)
    elif name == "priority":
        services.set_priority(incident, list(Incident.Priority)[number % 4], by=me, at=at)
    elif name == "merge":
        listed.merges.append(moving.merge(incident, Incident.objects.get(pk=other), by=me, at=at))
        listed.merged_at = at
    elif listed.merges:
        undoing.undo(listed.merges.pop(), by=me, at=at)
        listed.merged_at = None


def _rules(incident: Incident) -> dict[str, Rule]:
    """Chosen by eye."""
    office = Calendar(
        ZoneInfo("Asia/Yekaterinburg"),
        tuple(tuple((since, to) for since, to in day) for day in WEEK),
        {datetime.fromisoformat(day).date(): tuple((a, b) for a, b in spans) for day, spans in SPECIAL.items()},
    )
    end = frozenset({clocks.END})
    by_type = {"power-msk": 240, "power-rf": 1440}[incident.type.key if incident.type else ""]
    allowed, calendar, pauses = by_type * MINUTE, office, frozenset({WAITING})
    if incident.priority == Incident.Priority.LOW:
        allowed, calendar, pauses = 600 * MINUTE, always(ZoneInfo("Europe/Moscow")), frozenset({WAITING, "error"})
    return {
        clocks.INCIDENT: Rule(allowed, calendar, frozenset({clocks.OPENED}), end, frozenset({clocks.REOPENED}), pauses),
        OWN: Rule(100 * MINUTE, office, frozenset({"status:inProgress"}), end | {f"status:{WAITING}"}),
    }


def _compare(incident: Incident, clock: str, rule: Rule, listed: Listed, now: datetime) -> None:
    slow = slowly(listed.history(), rule, START, now)
    stored = IncidentClock.objects.filter(incident=incident, clock=clock).first()
    if slow.state is State.IDLE:
        assert stored is None
        return
    assert stored is not None
    assert stored.state == slow.state
    if slow.state is State.RUNNING:
        assert stored.due_at == (slow.over or rule.calendar.after(now, rule.allowed - slow.spent))
    else:
        assert stored.left == rule.allowed - slow.spent
        # What was over before it stood still has its deadline; what stopped in time has one that lies ahead.
        was_over = stored.due_at is not None and (stored.stopped_at is None or stored.due_at < stored.stopped_at)
        assert was_over == slow.is_late
