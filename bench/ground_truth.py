"""The ledger and the incidents against what is true of the letters: everything counted here must be zero."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from bench.shapes import Conversation, Letter

QUOTE_MARK = re.compile(r"(?m)^[> ]+")
EXAMPLES = 3


class Verdict:
    """What is wrong, by its name: how often, and a few examples."""

    # Every question that is asked, in the order of the table.
    QUESTIONS = (
        "lost",
        "doubled receipts",
        "not taken",
        "quarantined",
        "wrong fate",
        "doubled letters",
        "doubled incidents",
        "redelivered letters that opened or joined",
        "unthreaded In-Reply-To replies",
        "unthreaded References-only replies",
        "mis-threaded letters",
        "strangers' letters in an incident",
        "wrong sites",
        "unassigned incidents",
        "incidents not assigned exactly once",
        "damaged bodies",
        "damaged subjects",
        "wrong kinds",
        "damaged or dropped attachments",
    )

    def __init__(self) -> None:
        self.wrong: dict[str, list[str]] = {question: [] for question in self.QUESTIONS}

    def note(self, question: str, example: object) -> None:
        self.wrong[question].append(str(example)[:300])

    @property
    def is_good(self) -> bool:
        return not any(self.wrong.values())

    def counts(self) -> dict[str, int]:
        return {question: len(found) for question, found in self.wrong.items()}

    def print(self) -> None:
        for question, found in self.wrong.items():
            print(f"  {question:<42} {len(found):6d}" + "".join(f"\n      {each}" for each in found[:EXAMPLES]))


def judge(letters: Sequence[Letter], conversations: Sequence[Conversation]) -> Verdict:
    """Compare the database with the letters that were delivered. Other letters may be there too."""
    verdict = Verdict()
    truth = {letter.sha256: letter for letter in letters}
    deliveries = Counter(letter.sha256 for letter in letters)
    receipts = _receipts(deliveries)
    _judge_ledger(verdict, truth, deliveries, receipts)
    emails = _emails({row["email_id"] for rows in receipts.values() for row in rows} - {None})
    _judge_letters(verdict, letters, receipts, emails)
    _judge_places(verdict, letters, receipts, emails)
    _judge_incidents(verdict, letters, conversations, receipts, emails)
    _judge_files(verdict, emails)
    return verdict


def _receipts(wanted: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    from mailbox.models import Receipt

    found = defaultdict(list)
    columns = ("id", "sha256", "state", "email_id", "reason")
    for row in Receipt.objects.filter(sha256__in=list(wanted)).order_by("id").values(*columns):
        found[row["sha256"]].append(row)
    return found


def _emails(pks: Iterable[int]) -> dict[int, dict[str, Any]]:
    from mailbox.models import Attachment, Email

    columns = ("id", "subject", "text", "kind", "sha256", "place__incident_id", "place__way")
    found = {row["id"]: {**row, "files": []} for row in Email.objects.filter(pk__in=list(pks)).values(*columns)}
    for file in Attachment.objects.filter(email_id__in=list(found)).values("email_id", "name", "sha256"):
        found[file["email_id"]]["files"].append((file["name"], file["sha256"]))
    return found


def _judge_ledger(
    verdict: Verdict,
    truth: dict[str, Letter],
    deliveries: Counter[str],
    receipts: dict[str, list[dict[str, Any]]],
) -> None:
    """Every delivery has one row with one final state."""
    for sha256, count in deliveries.items():
        rows = receipts.get(sha256, [])
        what = f"{truth[sha256].shape}: {truth[sha256].subject}"
        for _ in range(count - len(rows)):
            verdict.note("lost", what)
        for _ in range(len(rows) - count):
            verdict.note("doubled receipts", what)
        for row in rows:
            if row["state"] == "new":
                verdict.note("not taken", f"{what} ({row['reason']})")
            elif row["state"] == "quarantined":
                verdict.note("quarantined", f"{what} ({row['reason']})")


def _judge_letters(
    verdict: Verdict,
    letters: Sequence[Letter],
    receipts: dict[str, list[dict[str, Any]]],
    emails: dict[int, dict[str, Any]],
) -> None:
    """What was read is what was written."""
    stored: dict[str, set[int]] = defaultdict(set)
    for letter in letters:
        stored[letter.original] |= {row["email_id"] for row in receipts.get(letter.sha256, []) if row["email_id"]}
    for found in stored.values():
        for pk in list(found)[1:]:
            verdict.note("doubled letters", emails[pk]["subject"])
    for letter in letters:
        for pk in stored[letter.original]:
            _judge_reading(verdict, letter, emails[pk])


def _judge_reading(verdict: Verdict, letter: Letter, email: dict[str, Any]) -> None:
    if letter.text and words(letter.text) != words(email["text"]):
        verdict.note("damaged bodies", f"{letter.shape}: {letter.text[:80]!r} read as {email['text'][:80]!r}")
    if words(letter.subject) != words(email["subject"]):
        verdict.note("damaged subjects", f"{letter.subject!r} read as {email['subject']!r}")
    if letter.kind != email["kind"]:
        verdict.note("wrong kinds", f"{letter.shape}: {email['kind']}")
    missing = Counter((file.name, file.sha256) for file in letter.files)
    missing.subtract(email["files"] if letter.text else [])
    for (name, _), count in missing.items():
        if count:
            verdict.note("damaged or dropped attachments", f"{name}: {[each[0] for each in email['files']]}")


def _judge_files(verdict: Verdict, emails: dict[int, dict[str, Any]]) -> None:
    """Whoever opens a file gets the bytes that were sent."""
    from mailbox import files
    from mailbox.models import Attachment

    for row in Attachment.objects.filter(email_id__in=list(emails)).select_related("email"):
        try:
            content = files.content(row)
        except FileNotFoundError as error:
            verdict.note("damaged or dropped attachments", f"{row.name}: {error}")
            continue
        if hashlib.sha256(content).hexdigest() != row.sha256:
            verdict.note("damaged or dropped attachments", f"{row.name}: other bytes")


def _judge_places(
    verdict: Verdict,
    letters: Sequence[Letter],
    receipts: dict[str, list[dict[str, Any]]],
    emails: dict[int, dict[str, Any]],
) -> None:
    """Every letter is in the incident of its conversation, and nobody else's is."""
    incident_of: dict[int, Counter[int | None]] = defaultdict(Counter)
    inhabitants: dict[int, set[int]] = defaultdict(set)
    placed = []
    for letter in letters:
        for row in receipts.get(letter.sha256, [])[:1]:
            incident = emails[row["email_id"]]["place__incident_id"] if row["email_id"] else None
            placed.append((letter, incident, row["state"]))
            if letter.conversation is None and incident:
                verdict.note("wrong fate", f"{letter.shape} is in incident {incident}")
            if letter.conversation is not None:
                incident_of[letter.conversation][incident] += 1
            if incident:
                inhabitants[incident].add(-1 if letter.conversation is None else letter.conversation)
    for letter, incident, _state in placed:
        if letter.conversation is None:
            continue
        home = next((each for each, _ in incident_of[letter.conversation].most_common() if each), None)
        if incident is None or incident != home:
            verdict.note(_question_of(letter), f"{letter.shape}: {letter.subject}")
    for talk, found in incident_of.items():
        for _ in range(len(set(found) - {None}) - 1):
            verdict.note("doubled incidents", f"conversation {talk}: incidents {sorted(set(found) - {None})}")
    for incident, talks in inhabitants.items():
        if len(talks) > 1:
            verdict.note("strangers' letters in an incident", f"incident {incident}: conversations {sorted(talks)}")
    _judge_copies(verdict, letters, receipts)


def _judge_copies(verdict: Verdict, letters: Sequence[Letter], receipts: dict[str, list[dict[str, Any]]]) -> None:
    """Of all deliveries of one letter exactly one is not a copy."""
    fates: dict[str, dict[int, str]] = defaultdict(dict)
    for letter in letters:
        fates[letter.original] |= {row["id"]: row["state"] for row in receipts.get(letter.sha256, [])}
    names = {letter.original: letter for letter in letters}
    for identity, states in fates.items():
        firsts = sum(state in ("opened", "joined", "kept") for state in states.values())
        for _ in range(firsts - 1):
            verdict.note("redelivered letters that opened or joined", names[identity].subject)
        if states and not firsts:
            verdict.note("wrong fate", f"{names[identity].subject}: only {set(states.values())}")


def _judge_incidents(
    verdict: Verdict,
    letters: Sequence[Letter],
    conversations: Sequence[Conversation],
    receipts: dict[str, list[dict[str, Any]]],
    emails: dict[int, dict[str, Any]],
) -> None:
    """Every incident has its site and was given to somebody once."""
    from incidents.models import Incident, IncidentEvent

    talk_of: dict[int, int] = {}
    shapes: dict[int, list[str]] = defaultdict(list)
    for letter in letters:
        for row in receipts.get(letter.sha256, []):
            incident = emails[row["email_id"]]["place__incident_id"] if row["email_id"] else None
            if incident and letter.conversation is not None:
                talk_of.setdefault(incident, letter.conversation)
                shapes[incident].append(f"{letter.shape} {emails[row['email_id']]['place__way']}")
    given = Counter(
        IncidentEvent.objects.filter(incident__in=talk_of, kind="assigned").values_list("incident_id", flat=True)
    )
    rows = Incident.objects.filter(pk__in=talk_of)
    for pk, code, pole, station, assignee in rows.values_list(
        "pk", "code", "pole__code", "base_station__name", "assignee_id"
    ):
        site = conversations[talk_of[pk]].site
        if (pole, station) != (site.pole, site.station):
            wrong = f"{code}: {pole}, {station} instead of {site.pole}, {site.station}"
            verdict.note("wrong sites", f"{wrong}; {', '.join(shapes[pk])}")
        if assignee is None:
            verdict.note("unassigned incidents", code)
        if given[pk] != 1:
            verdict.note("incidents not assigned exactly once", f"{code}: {given[pk]}")


def _question_of(letter: Letter) -> str:
    if letter.shape in ("references", "orphan"):
        return "unthreaded References-only replies"
    return "unthreaded In-Reply-To replies" if letter.shape == "reply" else "mis-threaded letters"


def words(text: str) -> str:
    """The text without what mail programs add: quotation marks of lines, and how much space there is."""
    return " ".join(QUOTE_MARK.sub("", text).split())
