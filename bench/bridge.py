"""Random work on both sides of the mirror, a tracker that fails, workers that die; then both sides compared.

    python bench/bridge.py --incidents 10000

Against the look-alike of Yandex Tracker: one call in ten is answered with 429, or with 500 after its effect, hangs, is
stale, finds its token ended, or is dropped; searches are late. Meanwhile people change types, sites, persons, statuses
and write notes on both sides, and workers are killed. In the end every incident has one issue, both say the same, and
every note and comment stands once on the other side. Prints the calls an incident took. Exits 1 on any deviation.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from demo.tracker import Tracker
    from incidents.models import Incident

WORKERS = 2
HEALING_LIMIT = 900.0
FAULT_SHARE = 0.1
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 429, "retry_after": "1"},
    {"status": 500, "after": True},
    {"status": 503},
    {"kind": "html", "status": 502, "after": True},
    {"status": 409, "method": "PATCH"},
    {"kind": "drop"},
    {"kind": "drop", "after": True},
    {"kind": "hang", "after": True},
)
TYPES = ("Авария ВОЛС", "Авария по питанию РФ", "Угроза гибели / гибель объекта")
FIELDS = {
    "YT_DATABASE_ID_GLOBAL_FIELD_ID": "incidentDbId",
    "YT_EMAILS_IDS_GLOBAL_FIELD_ID": "emailIds",
    "YT_POLE_NUMBER_GLOBAL_FIELD_ID": "poleNumber",
    "YT_BASE_STATION_GLOBAL_FIELD_ID": "baseStation",
    "YT_EMAIL_DATETIME_GLOBAL_FIELD_ID": "emailDatetime",
    "YT_IS_NEW_MSG_GLOBAL_FIELD_ID": "isNewMessage",
    "YT_SLA_DEADLINE_GLOBAL_FIELD_ID": "slaDeadline",
    "YT_IS_SLA_EXPIRED_GLOBAL_FIELD_ID": "isSlaExpired",
    "YT_OPERATOR_NAME_GLOBAL_FIELD_NAME": "operatorName",
    "YT_AVR_NAME_GLOBAL_FIELD_ID": "avrName",
    "YT_TYPE_OF_INCIDENT_LOCAL_FIELD_ID": "typeOfProblem",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        var = Path(folder).resolve()
        os.environ |= {"VAR_DIR": str(var), "LOG_LEVEL": "CRITICAL", "DJANGO_SETTINGS_MODULE": "config.settings"}
        os.environ |= {"TRACKER_BACKEND": "yandex", "YT_QUEUE": "DISPATCH", "YT_ORGANIZATION_ID": "1", **FIELDS}
        os.environ |= {"YT_ACCESS_TOKEN": "demo-token", "YT_REFRESH_TOKEN": "demo-refresh"}
        os.environ |= {"YT_CLIENT_ID": "demo-client", "YT_CLIENT_SECRET": "demo-secret"}
        from demo.tracker import Tracker

        with Tracker(wait=1.0) as tracker:
            os.environ |= {"YT_API_URL": tracker.url, "YT_OAUTH_URL": f"{tracker.url}/oauth"}
            from config.embedded import postgres

            with postgres.shared(var, fast=True):
                import django

                django.setup()
                is_good = Run(tracker, options).run()
    sys.exit(not is_good)


class Run:
    """One run: both sides work, workers die, everything is compared."""

    def __init__(self, tracker: Tracker, options: argparse.Namespace) -> None:
        self.tracker, self.options, self.rng = tracker, options, Random(options.seed)
        self.workers: list[Any] = []
        self.kills = 0
        self.said: Counter[str] = Counter()

    def run(self) -> bool:
        from django.core.management import call_command
        from django.db import connections

        from bench import bridge_worker

        call_command("migrate", verbosity=0)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["bench.bridge_worker"])
        self.work = bridge_worker.work
        self.people()
        self.tracker.store.rules.search_lag_ms = 300
        began = time.monotonic()
        try:
            self.live()
            worked = time.monotonic() - began
            print(f"{self.options.incidents} incidents worked on both sides within {worked:.0f} s", flush=True)
            self.heal()
            return self.judge(time.monotonic() - began)
        finally:
            self.stop()
            connections.close_all()
            connections["default"].close_pool()  # type: ignore[attr-defined]

    def people(self) -> None:
        from dispatchers.models import User
        from tests.factories import make_pole, make_station, make_user
        from tracker_bridge.models import TrackerPerson

        make_user(username="anna", email="anna@tower.example")
        make_user(username="oleg", email="oleg@tower.example")
        for user in User.objects.filter(username__in=("anna", "oleg")):
            TrackerPerson.objects.create(backend="yandex", user=user, login=user.username)
        self.poles = [make_pole(f"{41000 + number}-P-43-1-1") for number in range(20)]
        self.stations = [make_station(f"KI{number:06}", pole) for number, pole in enumerate(self.poles)]
        self.users = list(User.objects.filter(username__in=("anna", "oleg")))

    # --- Both sides at work -------------------------------------------------------------------

    def live(self) -> None:
        """Incidents are opened in lots; after each, some of both sides' are changed, and a worker may die."""
        lots = max(self.options.kills, 1)
        size = -(-self.options.incidents // lots)
        opened: list[Incident] = []
        self.start()
        for lot in range(lots):
            opened += [self.open() for _ in range(min(size, self.options.incidents - len(opened)))]
            for incident in self.rng.sample(opened, min(len(opened), size)):
                self.change_here(incident)
            for _ in range(size):
                self.change_there()
            self.make_trouble(size)
            if lot < self.options.kills:
                self.kill()

    def open(self) -> Incident:
        from django.utils import timezone

        from incidents import services

        number = self.rng.randrange(10**6)
        return services.open_by_hand(f"Нет питания {number}", by=self.rng.choice(self.users), at=timezone.now())

    def change_here(self, incident: Incident) -> None:
        from django.utils import timezone

        from incidents import lifecycle, services
        from incidents.errors import DomainError
        from incidents.models import Incident, IncidentType

        incident = Incident.objects.select_related("status").get(pk=incident.pk)
        by, now, deed = self.rng.choice(self.users), timezone.now(), self.rng.randrange(5)
        try:
            if deed == 0:
                services.set_type(incident, IncidentType.objects.get(name_ru=self.rng.choice(TYPES)), by=by, at=now)
            elif deed == 1:
                services.link_asset(incident, pole=self.rng.choice(self.poles), station=None, by=by, at=now)
            elif deed == 2:
                services.assign(incident, to=self.rng.choice(self.users), by=by, at=now)
            elif deed == 3:
                services.add_comment(incident, f"здесь {self.rng.random()}", by=by, at=now)
            else:
                steps = [step for step in lifecycle.next_steps(incident) if not step.needs_reason]
                if steps:
                    services.change_status(incident, self.rng.choice(steps).to_status, by=by, at=now)
        except DomainError:
            self.said["refused here"] += 1

    def change_there(self) -> None:
        from demo.tracker.records import ApiError

        with self.tracker.lock:
            store = self.tracker.store
            issues = list(store.issues.values())
            if not issues:
                return
            issue, by, deed = (
                self.rng.choice(issues),
                store.user(self.rng.choice(("anna", "oleg"))),
                self.rng.randrange(6),
            )
            local = next(field.id for field in store.fields.values() if field.queue)
            try:
                if deed == 0:
                    store.patch(issue, {local: self.rng.choice(TYPES)}, by, None, None)
                elif deed == 1:
                    store.patch(issue, {"poleNumber": self.rng.choice(self.poles).code}, by, None, None)
                elif deed == 2:
                    store.patch(issue, {"assignee": self.rng.choice(("anna", "oleg"))}, by, None, None)
                elif deed == 3:
                    store.comment(issue, {"text": f"там {self.rng.random()}"}, by)
                elif deed == 4:
                    store.patch(issue, {"summary": "Правка чужого поля", "baseStation": "KI0000"}, by, None, None)
                elif steps := store.steps_from(issue):
                    store.execute(issue, self.rng.choice(steps).id, {}, by)
            except ApiError:
                self.said["refused there"] += 1

    def make_trouble(self, size: int) -> None:
        """One call in ten fails: about four calls an incident are made."""
        for _ in range(max(int(size * 4 * FAULT_SHARE), 1)):
            self.tracker.fail(**self.rng.choice(FAULTS))
        if self.rng.random() < 0.1:
            with self.tracker.lock:
                self.tracker.tokens.expire()
            self.said["tokens ended"] += 1

    # --- Workers ------------------------------------------------------------------------------

    def start(self) -> None:
        self.workers = [self.started(number == 0) for number in range(WORKERS)]

    def started(self, reads: bool) -> Any:
        process = self.context.Process(target=self.work, args=(reads,), daemon=True)
        process.start()
        return process

    def kill(self) -> None:
        time.sleep(self.rng.uniform(0, 0.5))
        number = self.rng.randrange(WORKERS)
        os.kill(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].join()
        self.kills += 1
        self.workers[number] = self.started(number == 0)

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.join()

    def heal(self) -> None:
        """No more trouble, and time to come to rest: nothing waits, and nothing was read for a while."""
        from tracker_bridge.models import Job

        self.tracker.faults.clear()
        began, quiet = time.monotonic(), 0
        while quiet < 8 and time.monotonic() - began < HEALING_LIMIT:
            calls = sum(method != "POST" or "_search" not in path for method, path in self.tracker.calls)
            time.sleep(1)
            moved = calls != sum(method != "POST" or "_search" not in path for method, path in self.tracker.calls)
            quiet = 0 if moved or Job.objects.filter(state=Job.State.WAITING).exists() else quiet + 1
        print(f"at rest {time.monotonic() - began:.0f} s after the last change", flush=True)

    # --- The judgement ------------------------------------------------------------------------

    def judge(self, seconds: float) -> bool:
        from incidents.models import Incident
        from tracker_bridge.models import Conflict, IssueLink, Job

        self.stop()
        wrong = self.compare()
        jobs = Counter(Job.objects.values_list("state", flat=True))
        made = Counter(f"{method} {path.split('/')[0]}" for method, path in self.tracker.calls)
        incidents = Incident.objects.count()
        print(f"{incidents} incidents, {IssueLink.objects.count()} links, {len(self.tracker.store.issues)} issues")
        print(f"{self.kills} kills; {dict(self.said)}; {Conflict.objects.count()} conflicts in the journal")
        print(f"jobs: {dict(jobs)}")
        for words, number in Counter(Job.objects.filter(state="dead").values_list("error", flat=True)).items():
            print(f"  not done: {number} {words}")
        searches = sum("_search" in path for _, path in self.tracker.calls)
        asked = len(self.tracker.calls) - searches
        print(f"{asked} calls and {searches} searches in {seconds:.0f} s: {asked / incidents:.1f} calls an incident")
        print(f"  {dict(made)}")
        for name, number in wrong.items():
            print(f"{number:6} {name}")
        return not any(wrong.values())

    def compare(self) -> dict[str, int]:
        """How many deviations of each kind; all are to be none."""
        from django.utils import timezone

        from incidents.models import Comment, Incident
        from tracker_bridge import backends, mirrors, reconciling
        from tracker_bridge.models import IssueLink, Job
        from tracker_bridge.statuses import Statuses

        backend: Any = backends.load(mirrors.configured())
        store, now, wrong = self.tracker.store, timezone.now(), Counter[str]()
        links = {link.incident_id: link for link in IssueLink.objects.filter(is_left_behind=False)}
        dead = set(Job.objects.filter(state=Job.State.DEAD).values_list("incident", flat=True))
        wrong["incidents without an issue"] = Incident.objects.exclude(pk__in=links).count()
        wrong["issues without an incident"] = len(store.issues) - len(links)
        related = Incident.objects.select_related(
            *("status", "type", "assignee", "pole", "base_station", "contractor", "operator", "merged_into")
        )
        for incident in related.filter(pk__in=links).iterator(chunk_size=500):
            link = links[incident.pk]
            issue = store.issues[link.remote_id]
            remote = backend.shapes.issue(self.shown(issue))
            ours, theirs = reconciling.ours(incident, link.backend, Statuses({}), now), reconciling.theirs(remote)
            other = {name for name, value in ours.items() if theirs.get(name) != value}
            if incident.pk in dead:
                # A step that the workflow over there does not have waits for a person, and says so.
                other.discard("status")
            wrong.update(f"other {name}" for name in other - set(link.frozen))
            texts = [comment.text for comment in issue.comments]
            marks = Counter(text.rpartition("(dispatch ")[2] for text in texts if "(dispatch " in text)
            wrong["comments doubled over there"] += sum(number - 1 for number in marks.values())
            notes = list(Comment.objects.filter(incident=incident).values_list("text", flat=True))
            for note in notes:
                if note.startswith("здесь "):
                    wrong["notes missing over there"] += not any(note in text for text in texts)
            for text in texts:
                if text.startswith("там "):
                    wrong["comments missing here"] += text not in notes
            wrong["notes doubled here"] += len(notes) - len(set(notes))
        print(f"{sum(bool(link.frozen) for link in links.values())} issues have a frozen field")
        return {
            name: number
            for name, number in wrong.items()
            if number or name.endswith(("issue", "incident", "there", "here"))
        }

    def shown(self, issue: Any) -> dict[str, Any]:
        from demo.tracker.shapes import Shapes

        return Shapes(self.tracker.store, f"{self.tracker.url}/v2").issue(issue)


if __name__ == "__main__":
    main()
