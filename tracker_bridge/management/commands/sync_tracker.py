"""Both sides of the mirror by hand: look whether all is set up, see what would be done, do it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tracker_bridge import backends, checking, importing, mirrors, people, previewing, pulling, pushing, sweeping
from tracker_bridge.models import Import, IssueLink, Job, Mirror
from tracker_bridge.previewing import Change, Outlook, Plan
from tracker_bridge.protocol import TrackerBackend, TrackerError

FATES = {"known": "mirrored already", "linked": "would be joined", "opened": "would become an incident"}


class Command(BaseCommand):
    help = "Check, try out, import and synchronise the mirror in the tracker. Without options: both ways once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--check", action="store_true", help="whether all is there that the mirror needs")
        way.add_argument("--dry-run", action="store_true", help="what would be done both ways; writes nothing anywhere")
        way.add_argument("--import", action="store_true", dest="takes_in", help="link and take in what is there")
        parser.add_argument("--since", help="with --import and --dry-run: issues created since this day, as 2026-08-01")

    def handle(self, *args: Any, **options: Any) -> None:
        tracker, now, since = mirrors.configured(), timezone.now(), _day(options["since"])
        if tracker is None:
            raise CommandError("There is no tracker: set TRACKER_BACKEND.")
        backend = backends.load(tracker)
        try:
            if options["dry_run"]:
                self._try_out(backend, _as_it_is(tracker.backend, now), since, now)
                return
            mirror = mirrors.row(now)
            assert mirror is not None
            if options["check"]:
                self._check(backend, mirror)
            elif options["takes_in"]:
                self._import(backend, mirror, since)
            else:
                self._once(backend, mirror)
        except TrackerError as error:
            raise CommandError(f"{type(error).__name__}: {error}") from None

    # --- check

    def _check(self, backend: TrackerBackend, mirror: Mirror) -> None:
        """Ends with 1 if something has to be put right before anything is mirrored; the rest is only said."""
        problems = checking.problems(backend, timezone.now())
        mirrors.note_problems(mirror, problems, timezone.now())
        if backend.name == "yandex":
            problems += checking.mail_folders()
        for problem in problems:
            style = self.style.ERROR if problem.is_fatal else self.style.WARNING
            self.stdout.write(style(f"{problem.code}: {problem.words}"))
        fatal = sum(problem.is_fatal for problem in problems)
        if fatal:
            raise CommandError(f"{_number(len(problems), 'problem')}; nothing can be mirrored.")
        known = len(people.logins(mirror.backend))
        self.stdout.write(f"{known} of our people are known over there.")
        self.stdout.write(f"{_number(len(problems), 'problem')}; the mirror works." if problems else "All is there.")

    # --- dry run

    def _try_out(self, backend: TrackerBackend, mirror: Mirror, since: datetime | None, now: datetime) -> None:
        outlook = Outlook()
        for plan in previewing.issues(backend, mirror, since=since, now=now):
            outlook.add(plan)
            for line in _lines(plan):
                self.stdout.write(line)
        fresh = previewing.new_issues(mirror, outlook.met)
        for incident in fresh:
            self.stdout.write(f"{incident.code}: would get an issue: {incident.subject}")
        fates = outlook.fates
        self.stdout.write(
            f"{_number(sum(fates.values()), 'issue')}: {fates['known']} known, {fates['linked']} would be joined, "
            f"{fates['opened']} would become incidents, {fates['']} left alone; {_number(len(fresh), 'new issue')}."
        )
        self.stdout.write(f"{outlook.taken} values would be taken over here, {outlook.written} written over there.")
        for kind, number in previewing.waiting(mirror).items():
            self.stdout.write(f"Waiting to be told: {number} × {Job.Kind(kind).label}.")
        self.stdout.write("Nothing was written.")

    # --- import

    def _import(self, backend: TrackerBackend, mirror: Mirror, since: datetime | None) -> None:
        if mirror.state == Mirror.State.OFF:
            raise CommandError("The mirror is switched off; switch it on first, on the page /tracker/.")
        told = ""
        try:
            for row in importing.run(backend, mirror, since=since, now=timezone.now):
                line = _progress(row)
                if line != told:
                    told = line
                    self._show(line)
        except importing.Busy:
            raise CommandError("An import is running already; /tracker/ shows how far it is.") from None
        except TrackerError as error:
            self._end_line()
            raise CommandError(
                f"{type(error).__name__}: {error}. Begin the import again: it goes on from here."
            ) from None
        self._end_line()
        self.stdout.write(_result(row))

    def _show(self, line: str) -> None:
        """One line that changes on a terminal; in a log a line each."""
        if self.stdout.isatty():
            self.stdout.write(f"\r\033[K{line}", ending="")
        else:
            self.stdout.write(line)
        self.stdout.flush()

    def _end_line(self) -> None:
        if self.stdout.isatty():
            self.stdout.write("")

    # --- both ways

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


def _as_it_is(backend: str, now: datetime) -> Mirror:
    """The mirror's row; if it has never been on, one that is kept nowhere."""
    return Mirror.objects.filter(backend=backend).first() or Mirror(backend=backend, since=now, began_at=now)


def _progress(row: Import) -> str:
    """At whole percents, so that a log stays short; by hundreds where nobody knows how many there are."""
    if row.percent is None:
        return f"{row.read // 100 * 100} issues"
    left = f", {_span(row.left.total_seconds())} left" if row.left else ""
    return f"{row.percent:3} %: {row.total} issues{left}"


def _result(row: Import) -> str:
    failed = f", {row.failed} could not be taken in (the last one: {row.said})" if row.failed else ""
    alone = row.read - row.known - row.linked - row.opened - row.failed
    return (
        f"{_number(row.read, 'issue')} in {_span(row.seconds)}: {row.known} known, {row.linked} joined, "
        f"{row.opened} became incidents, {alone} left alone{failed}. "
        f"{_number(row.created, 'open incident')} will get an issue."
    )


def _lines(plan: Plan) -> Sequence[str]:
    if not plan.fate or (plan.fate == "known" and not plan.taken and not plan.written):
        return ()
    name = f"{plan.key} = {plan.code}" if plan.code else plan.key
    lines = [f"{name}: {FATES[plan.fate]}: {plan.summary}"]
    lines += [f"    here: {_change(each)}" for each in plan.taken]
    lines += [
        f"    there: {_change(each)}{', put back' if each.name in plan.disputed else ''}" for each in plan.written
    ]
    return lines


def _change(change: Change) -> str:
    return f"{change.name}: {_value(change.before)} → {_value(change.after)}"


def _value(value: object) -> str:
    if value in (None, ""):
        return "—"
    shown = value.isoformat(timespec="minutes") if isinstance(value, datetime) else " ".join(str(value).split())
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _span(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def _day(given: str | None) -> datetime | None:
    if not given:
        return None
    try:
        return timezone.make_aware(datetime.fromisoformat(given))
    except ValueError:
        raise CommandError(f"--since: {given} is no day such as 2026-08-01.") from None
