import json
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from incidents import sites
from incidents.letter_files import LetterFile, letters_in
from mailbox.parsing import ParsedEmail, parse
from towers.matching import Match


class Command(BaseCommand):
    help = "Show how letters are read, without storing anything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="files or folders")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        for letter in letters_in(options["paths"]):
            if letter.skipped:
                self.stderr.write(f"{letter.path}: {letter.problem}")
                continue
            facts = explain(letter)
            self.stdout.write(json.dumps(facts, ensure_ascii=False) if options["json"] else in_words(facts))


def explain(letter: LetterFile) -> dict[str, Any]:
    """How one letter is read; with `error` where it cannot be."""
    if letter.problem:
        return {"path": letter.path, "error": letter.problem}
    try:
        parsed = parse(letter.raw)
        unreadable = next((p.detail for p in parsed.problems if p.code == "unreadable"), None)
        if unreadable is not None:
            return {"path": letter.path, "error": unreadable, **_reading(parsed, Match())}
        return {"path": letter.path, **_reading(parsed, sites.read(parsed))}
    except Exception as error:
        # One letter that shows a mistake of ours must not hide how the others are read.
        return {"path": letter.path, "error": f"{type(error).__name__}: {error}"}


def _reading(parsed: ParsedEmail, match: Match) -> dict[str, Any]:
    evidence = match.as_json()["evidence"]
    return {
        "subject": parsed.subject,
        "from_email": parsed.from_email,
        "from_name": parsed.from_name,
        "to": [each.email for each in parsed.to],
        "cc": [each.email for each in parsed.cc],
        "date": parsed.date.isoformat() if parsed.date else None,
        "message_id": parsed.message_id,
        "in_reply_to": list(parsed.in_reply_to),
        "references": list(parsed.references),
        "text": parsed.text,
        "html": parsed.html,
        "reply_text": parsed.reply_text,
        "attachments": [
            {
                "name": each.name,
                "content_type": each.content_type,
                "size": each.size,
                "sha256": each.sha256,
                "inline": each.inline,
            }
            for each in parsed.attachments
        ],
        "kind": parsed.kind.value,
        "security": parsed.security,
        "codes": list(dict.fromkeys(each["value"] or each["text"] for each in evidence)),
        "pole": match.pole_code,
        "base_station": match.station_name,
        "candidates": list(match.candidates),
        "evidence": evidence,
        "problems": [
            *({"code": each.code, "detail": each.detail} for each in parsed.problems),
            *([{"code": match.problem, "detail": sites.reason(match)}] if match.problem else []),
        ],
    }


def in_words(facts: dict[str, Any]) -> str:
    """The same for a person: a block of lines a letter."""
    if "subject" not in facts:
        return f"{facts['path']}\n  cannot be read: {facts['error']}\n"
    lines = [
        facts["path"],
        f"  {facts['kind']} from {facts['from_name']} <{facts['from_email']}>: {facts['subject']}",
        f"  pole {facts['pole'] or '—'}, base station {facts['base_station'] or '—'}",
    ]
    lines += [
        f"  {e['kind']} {e['text']!r} = {e['value'] or '?'} ({e['rule']}, {e['source']})" for e in facts["evidence"]
    ]
    lines += [f"  {each['code']}: {each['detail']}" for each in facts["problems"]]
    lines += [f"  file {each['name']}, {each['size']} bytes" for each in facts["attachments"]]
    return "\n".join(lines) + "\n"
