"""Random work on both sides, failures and deaths of the worker at random calls: in the end both sides say the same."""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random
from typing import Any

import pytest

from incidents import lifecycle, moving, services
from incidents.errors import DomainError
from incidents.models import Comment, Incident, IncidentType
from tests.factories import make_pole, make_station
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.test_robust import Killed, fresh, killed_once
from tracker_bridge import adopting, jobs, pushing, reconciling, remarks, sweeping
from tracker_bridge.models import Conflict, IssueLink, Job
from tracker_bridge.protocol import Ambiguous, RemoteComment, RemoteRef, Transient
from tracker_bridge.protocol import Conflict as Stale
from tracker_bridge.statuses import Statuses

TYPES = ("Авария ВОЛС", "Авария по питанию РФ", "Угроза гибели / гибель объекта")
CALLED = ("ensure_issue", "update_fields", "set_status", "put_comment", "get_issue", "comments", "history", "changes")
# Where the work is between two steps of its own.
PLACES = (
    *((pushing, "_agreed"), (pushing, "_linked"), (jobs, "done"), (jobs, "wait"), (reconciling, "reconcile")),
    *((remarks, "take"), (adopting, "adopt")),
)
STEPS = 70


class Both:
    """Deeds on both sides, by one generator of chance."""

    def __init__(self, bridge: Bridge, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch = monkeypatch
        self.bridge, self.rng, self.numbers = bridge, Random(seed), itertools.count(1)
        self.people = [bridge.person("anna"), bridge.person("oleg")]
        self.poles = [make_pole(f"{41960 + number}-P-43-1-1") for number in range(3)]
        self.stations = [make_station(f"KI00007{number}", pole) for number, pole in enumerate(self.poles)]
        self.said: list[tuple[RemoteRef, RemoteComment]] = []
        self.there: set[str] = set()
        self.here: set[str] = set()
        for _ in range(3):
            bridge.open(by=self.people[0])

    def deed(self) -> None:
        deeds = (
            self.work_here,
            self.work_here,
            self.work_there,
            self.work_there,
            self.fail,
            self.die,
            self.push,
            self.pull,
        )
        self.rng.choice(deeds)()
        self.bridge.wait(seconds=self.rng.choice((1, 20, 100)))

    def work_here(self) -> None:
        incident, by, now = fresh(self.rng.choice(Incident.objects.order_by("pk"))), self.people[1], self.bridge.now
        deed = self.rng.randrange(7)
        try:
            if deed == 0:
                services.set_type(incident, IncidentType.objects.get(name_ru=self.rng.choice(TYPES)), by=by, at=now)
            elif deed == 1:
                station = self.rng.choice(self.stations)
                services.link_asset(incident, pole=station.pole, station=station, by=by, at=now)
            elif deed == 2:
                services.assign(incident, to=self.rng.choice(self.people), by=by, at=now)
            elif deed == 3:
                self.here.add(services.add_comment(incident, f"здесь №{next(self.numbers)}.", by=by, at=now).text)
            elif deed == 4 and self.rng.random() < 0.3:
                moving.merge(incident, fresh(self.rng.choice(Incident.objects.order_by("pk"))), by=by, at=now)
            elif deed == 5 and not incident.is_open and not incident.merged_into_id:
                services.reopen(incident, by=by, at=now, reason="Снова.")
            elif steps := [each for each in lifecycle.next_steps(incident) if not each.to_status.sends]:
                services.change_status(incident, self.rng.choice(steps).to_status, by=by, at=now, reason="Так надо.")
        except DomainError:
            pass

    def work_there(self) -> None:
        issues = self.bridge.backend.issues()
        if not issues:
            return
        ref, deed = self.rng.choice(issues).ref, self.rng.randrange(9)
        edits: dict[int, dict[str, Any]] = {
            0: {"type": self.rng.choice(TYPES)},
            1: {"base_station": self.rng.choice(self.stations).name},
            2: {"assignee": self.rng.choice(("anna", "oleg"))},
            3: {"summary": "Правка", "database_id": 1},
            7: {"pole": "99999-X"},
            4: {"status": self.rng.choice(("inProgress", "closed", "uvedomiliOperatora"))},
        }
        if deed in edits:
            self.bridge.backend.edit(ref, "anna", **edits[deed])
        elif deed == 8 and len(issues) < 6:
            self.bridge.backend.create("anna", f"Позвонили {next(self.numbers)}")
        elif deed == 5 or not self.said:
            self.there.add(words := f"там №{next(self.numbers)}.")
            self.said.append((ref, self.bridge.backend.say(ref, "anna", words)))
        else:
            self.rewrite()

    def rewrite(self) -> None:
        place = self.rng.randrange(len(self.said))
        ref, comment = self.said[place]
        # What it said before may have been read or not.
        self.there.discard(comment.text)
        self.there.add(words := f"там №{next(self.numbers)}.")
        self.said[place] = (ref, self.bridge.backend.rewrite(ref, comment, "anna", words))

    def fail(self) -> None:
        error = self.rng.choice((Transient("busy"), Ambiguous("lost"), Killed("dead"), Stale("stale")))
        method = self.rng.choice(CALLED)
        if isinstance(error, Stale) and method != "update_fields":
            return
        after = isinstance(error, Ambiguous) or (isinstance(error, Killed) and self.rng.random() < 0.5)
        self.bridge.backend.fail(method, error, after=after)  # type: ignore[arg-type]

    def die(self) -> None:
        killed_once(self.patch, *self.rng.choice(PLACES))
        self.rng.choice((self.push, self.pull))()
        self.patch.undo()

    def push(self) -> None:
        try:
            self.bridge.push()
        except Killed:
            return

    def pull(self) -> None:
        try:
            self.bridge.pull()
        except Killed:
            return

    def rest(self) -> None:
        self.bridge.backend.mend()
        for _ in range(30):
            self.bridge.wait(minutes=20)
            sweeping.note_quiet_changes(self.bridge.mirror, self.bridge.now)
            if not self.bridge.push() + self.bridge.pull():
                return
        raise AssertionError("the two sides do not come to rest")


def said_here(bridge: Bridge, incident: Incident) -> dict[str, Any]:
    by_hand = bridge.link(incident).is_by_hand
    return reconciling.ours(fresh(incident), "memory", Statuses({}), bridge.now, by_hand=by_hand)


@pytest.mark.parametrize("seed", range(6))
def test_both_sides_say_the_same_in_the_end(bridge: Bridge, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    both = Both(bridge, seed, monkeypatch)
    for _ in range(STEPS):
        both.deed()
    both.rest()
    assert not Job.objects.filter(state__in=(Job.State.WAITING, Job.State.DEAD)).exists()
    incidents = list(Incident.objects.order_by("pk"))
    assert len(incidents) == IssueLink.objects.count() == len(bridge.backend.issues())
    told = Counter[str]()
    for incident in incidents:
        issue, ours = bridge.issue(incident), said_here(bridge, incident)
        theirs = reconciling.theirs(issue)
        left_alone = bridge.link(incident).frozen
        ours = {name: value for name, value in ours.items() if name not in left_alone}
        assert {name: theirs.get(name) for name in ours} == ours, list(Conflict.objects.values())
        told.update(line for comment in bridge.backend.comments(issue.ref) for line in comment.text.splitlines())
    assert {words: told[words] for words in both.here} == dict.fromkeys(both.here, 1)
    notes = list(Comment.objects.values_list("text", flat=True))
    assert {words: sum(words in note for note in notes) for words in both.there} == dict.fromkeys(both.there, 1)
