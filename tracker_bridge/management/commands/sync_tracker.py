"""Both sides of the mirror by hand: look whether all is set up, see what would be done, do it."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tracker_bridge import backends, importing, mirrors, people, pulling, pushing, sweeping
from tracker_bridge.importing import Tally
from tracker_bridge.models import IssueLink, Job, Mirror
from tracker_bridge.protocol import TrackerBackend, TrackerError


class Command(BaseCommand):
    help = "Check, try out, import and synchronise the mirror in the tracker. Without options: both ways once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--check", action="store_true", help="whether queue, fields, statuses and people are there")
        way.add_argument("--dry-run", action="store_true", help="what an import would do; nothing is written anywhere")
        way.add_argument("--import", action="store_true", dest="takes_in", help="link and take in what is there")
        parser.add_argument("--since", help="with --import and --dry-run: issues created since this day, as 2026-08-01")

    def handle(self, *args: Any, **options: Any) -> None:
        mirror = mirrors.row(timezone.now())
        if mirror is None:
            raise CommandError("There is no tracker: set TRACKER_BACKEND.")
        backend = backends.load(mirrors.configured())
        try:
            if options["check"]:
                self._check(backend, mirror)
            elif options["dry_run"] or options["takes_in"]:
                self._import(backend, mirror, _day(options["since"]), write=options["takes_in"])
            else:
                self._once(backend, mirror)
        except TrackerError as error:
            raise CommandError(f"{type(error).__name__}: {error}") from None

    def _check(self, backend: TrackerBackend, mirror: Mirror) -> None:
        problems = backend.check()
        mirrors.note_problems(mirror, problems, timezone.now())
        for problem in problems:
            self.stdout.write(f"{problem.code}: {problem.words}")
        if problems:
            raise CommandError(f"{len(problems)} problems.")
        known = people.meet(mirror.backend, backend.people())
        self.stdout.write(f"All is there. {known} of our people are known over there.")

    def _import(self, backend: TrackerBackend, mirror: Mirror, since: datetime, *, write: bool) -> None:
        tally = Tally()
        for tally in importing.issues(backend, mirror, since=since, now=timezone.now, write=write):
            self.stdout.write(
                f"{tally.seen} issues: {tally.known} known, {tally.linked} linked, {tally.opened} new incidents; "
                f"{tally.taken} values taken over, {tally.written} to be written"
            )
        created = importing.incidents(mirror, tally, now=timezone.now(), write=write)
        self.stdout.write(f"{created} open incidents without an issue")
        self.stdout.write("Done." if write else "Nothing was written.")

    def _once(self, backend: TrackerBackend, mirror: Mirror) -> None:
        now = timezone.now()
        sweeping.add_missing_letters(mirror, now)
        pushed = pushing.push(backend, mirror, now=timezone.now, most=100_000, seconds=3600)
        pulled = pulling.pull(backend, mirror, now=timezone.now, seconds=3600)
        waiting = Job.objects.filter(backend=mirror.backend, state=Job.State.WAITING).count()
        dead = Job.objects.filter(backend=mirror.backend, state=Job.State.DEAD).count()
        linked = IssueLink.objects.filter(backend=mirror.backend, is_left_behind=False).count()
        self.stdout.write(
            f"{pushed} jobs done, {pulled} changes read; {linked} linked, {waiting} wait, {dead} not done"
        )


def _day(given: str | None) -> datetime:
    if not given:
        return datetime.min.replace(tzinfo=timezone.get_current_timezone())
    try:
        return timezone.make_aware(datetime.fromisoformat(given))
    except ValueError:
        raise CommandError(f"--since: {given} is no day such as 2026-08-01.") from None
