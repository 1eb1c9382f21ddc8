from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from incidents import replay
from incidents.replay import Difference

# Letters named under each group of differences; --json names all of them.
EXAMPLES = 10
REFUSED = (
    "Nothing is ever rewritten by this command: say --dry-run to see what would differ.\n"
    "To put one letter right, open it at /letters/NUMBER/reading/ and say there what is right; "
    "what is kept there is checked by --cases."
)


class Command(BaseCommand):
    help = "Run stored letters through today's rules and print what would differ; nothing is changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", metavar="DATE", help="letters received from then on: 2026-08-18 or with a time")
        parser.add_argument("--until", metavar="DATE", help="letters received before that")
        parser.add_argument("--limit", type=int, metavar="N", help="at most so many letters")
        parser.add_argument("--dry-run", action="store_true", help="needed: there is no other way")
        parser.add_argument("--cases", action="store_true", help="check the letters that people corrected")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["cases"]:
            self._cases(as_json=options["json"])
        elif not options["since"]:
            raise CommandError("Say from when on: --since 2026-08-18, or --cases.")
        elif not options["dry_run"]:
            raise CommandError(REFUSED)
        else:
            self._replay(options)

    def _replay(self, options: dict[str, Any]) -> None:
        since = _moment(options["since"])
        until = _moment(options["until"]) if options["until"] else None
        progress, counts, number = _Progress(self), Counter[str](), 0
        examples: dict[str, list[Difference]] = {}
        for _email, differences in replay.replay(since, until):
            number += 1
            for each in differences:
                counts[each.group] += 1
                if options["json"]:
                    self.stdout.write(json.dumps(_plain(each), ensure_ascii=False))
                elif len(shown := examples.setdefault(each.group, [])) < EXAMPLES:
                    shown.append(each)
            progress.tell(number, counts)
            if number == options["limit"]:
                break
        progress.end(number, counts)
        if not options["json"]:
            self._groups(number, counts, examples)

    def _groups(self, number: int, counts: Counter[str], examples: dict[str, list[Difference]]) -> None:
        for group, count in counts.most_common():
            self.stdout.write(f"{count:>7}  {group}")
            for each in examples[group]:
                self.stdout.write(
                    f"         /letters/{each.email_id}/reading/  {each.before} → {each.now}  {each.subject[:60]}"
                )
            if count > EXAMPLES:
                self.stdout.write(f"         … and {count - EXAMPLES} more")
        self.stdout.write(f"{number} letters, {counts.total()} differences. Nothing was changed.")

    def _cases(self, *, as_json: bool) -> None:
        failed = number = 0
        for verdict in replay.cases():
            number += 1
            failed += not verdict.passes
            case = verdict.case
            right = {"pole": case.pole_code, "base_station": case.station_name, "kind": case.kind}
            read = {"pole": verdict.pole_code, "base_station": verdict.station_name, "kind": verdict.kind}
            if as_json:
                row = {"letter": case.email_id, "passes": verdict.passes, "gone": verdict.is_gone}
                self.stdout.write(json.dumps({**row, "right": right, "read": read}, ensure_ascii=False))
                continue
            word = "gone" if verdict.is_gone else "pass" if verdict.passes else "FAIL"
            self.stdout.write(f"{word}  /letters/{case.email_id}/reading/  {case.email.subject[:60]}")
            if word == "FAIL":
                self.stdout.write(f"      right: {_said(right)}; read: {_said(read)}")
        if failed:
            raise CommandError(f"{failed} of {number} cases fail.", returncode=1)
        if not as_json:
            self.stdout.write(f"{number} cases, all read right.")


class _Progress:
    """A line on standard error now and then, so that standard output stays the answer."""

    EVERY = 5.0

    def __init__(self, command: BaseCommand) -> None:
        self.command, self.begun = command, time.monotonic()
        self.told = self.begun

    def tell(self, number: int, counts: Counter[str]) -> None:
        if time.monotonic() - self.told >= self.EVERY:
            self.end(number, counts)

    def end(self, number: int, counts: Counter[str]) -> None:
        self.told = time.monotonic()
        rate = number / max(self.told - self.begun, 0.001)
        self.command.stderr.write(f"{number} letters, {rate:.0f} a second, {counts.total()} differences")


def _moment(text: str) -> datetime:
    try:
        moment, day = parse_datetime(text), parse_date(text)
    except ValueError as error:
        raise CommandError(f"{text}: {error}") from error
    if day is not None:
        moment = datetime.combine(day, datetime.min.time())
    if moment is None:
        raise CommandError(f"{text} is no date; write it as 2026-08-18 or 2026-08-18T12:00.")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _plain(difference: Difference) -> dict[str, Any]:
    row = asdict(difference)
    row["letter"] = row.pop("email_id")
    return {**row, "received_at": difference.received_at.isoformat()}


def _said(site: dict[str, str]) -> str:
    named = " ".join(filter(None, (site["pole"], site["base_station"]))) or "no site"
    return f"{named}, {site['kind']}" if site["kind"] else named
