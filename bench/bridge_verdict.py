"""Both sides of the mirror compared, in every field and word. Each deviation is counted by its kind."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from django.utils import timezone

from bench.bridge_deeds import HERE, LETTER, THERE
from demo.tracker import Tracker
from demo.tracker.records import Issue
from demo.tracker.shapes import Shapes
from incidents.models import Comment, Incident, IncidentEmail
from mailbox.models import Attachment
from tracker_bridge import backends, mirrors, reconciling
from tracker_bridge.models import IssueLink
from tracker_bridge.statuses import Statuses

RELATED = ("status", "type", "assignee", "pole", "base_station", "contractor", "operator", "merged_into")
MARK = re.compile(r"\(dispatch ([^()\s]+)\)")


def deviations(tracker: Tracker) -> Counter[str]:
    """None is to be left."""
    wrong = Counter[str]()
    links = {link.incident_id: link for link in IssueLink.objects.filter(is_left_behind=False)}
    wrong["incidents without an issue"] = Incident.objects.exclude(pk__in=links).count()
    wrong["issues without an incident"] = len(tracker.store.issues) - len({each.remote_id for each in links.values()})
    uniques = Counter(issue.unique for issue in tracker.store.issues.values() if issue.unique)
    wrong["issues doubled"] = sum(number - 1 for number in uniques.values())
    wrong += _fields(tracker, links)
    for name in ("comments doubled over there", "issues doubled"):
        wrong[name] += 0
    _words(tracker, links, wrong)
    return wrong


def _fields(tracker: Tracker, links: dict[int, IssueLink]) -> Counter[str]:
    backend: Any = backends.load(mirrors.configured())
    shapes, now, wrong = Shapes(tracker.store, f"{tracker.url}/v2"), timezone.now(), Counter[str]()
    frozen = 0
    for incident in Incident.objects.filter(pk__in=links).select_related(*RELATED).iterator(chunk_size=500):
        link = links[incident.pk]
        remote = backend.shapes.issue(shapes.issue(tracker.store.issues[link.remote_id]))
        ours, theirs = (
            reconciling.ours(incident, link.backend, Statuses({}), now, by_hand=link.is_by_hand),
            reconciling.theirs(remote),
        )
        other = {name for name, value in ours.items() if theirs.get(name) != value}
        frozen += bool(link.frozen)
        for name in other - set(link.frozen):
            if wrong[f"other {name}"] < 3:
                print(f"  {incident.code} {name}: {ours[name]!r} here, {theirs.get(name)!r} there")
                _story(incident, link, tracker.store.issues[link.remote_id], name)
            wrong[f"other {name}"] += 1
    if frozen:
        print(f"{frozen} issues have a field that both sides kept setting back")
    return wrong


def _story(incident: Incident, link: IssueLink, issue: Issue, name: str) -> None:
    """What happened to it on both sides, oldest first."""
    rows = [(each.at, f"here {each.kind} {each.data}") for each in incident.events.order_by("pk")]
    rows += [(each.at, f"there {each.author.login} {each.fields}") for each in issue.changes if each.fields]
    conflicts = link.conflicts.filter(field=name)
    rows += [(each.at, f"conflict {each.base} {each.ours} {each.theirs} {each.winner}") for each in conflicts]
    for at, words in sorted(rows):
        print(f"      {at:%H:%M:%S.%f} {words}"[:200])


def _words(tracker: Tracker, links: dict[int, IssueLink], wrong: Counter[str]) -> None:
    """Letters, notes and comments: each once on the other side, with its files."""
    there = Counter[str]()
    for issue in tracker.store.issues.values():
        texts = [comment.text for comment in issue.comments]
        marks = Counter(mark for text in texts for mark in MARK.findall(text))
        wrong["comments doubled over there"] += sum(number - 1 for number in marks.values())
        there.update(word for text in texts for word in re.findall(rf"(?:{HERE}|{LETTER})\d+\.", text))
    here = [text for (text,) in Comment.objects.values_list("text")]
    notes = Counter(word for text in here for word in re.findall(rf"{THERE}\d+\.", text))
    _once(wrong, "notes %s over there", [text for text in here if text.startswith(HERE)], there)
    said = [each.text for issue in tracker.store.issues.values() for each in issue.comments]
    _once(wrong, "comments %s here", [text for text in said if text.startswith(THERE)], notes)
    _letters(tracker, links, wrong)
    _files_of_comments(tracker, wrong)


def _once(wrong: Counter[str], words: str, wanted: list[str], found: Counter[str]) -> None:
    wrong[words % "missing"] += sum(found[each] == 0 for each in wanted)
    wrong[words % "doubled"] += sum(found[each] > 1 for each in wanted)


def _letters(tracker: Tracker, links: dict[int, IssueLink], wrong: Counter[str]) -> None:
    """Every letter stands in the issue of the incident that it is in now, once, with its files."""
    files = Counter(Attachment.objects.values_list("email", flat=True))
    wrong["letters missing over there"] += 0
    wrong["files of letters missing over there"] += 0
    for incident, email in IncidentEmail.objects.values_list("incident", "email"):
        issue = tracker.store.issues[links[incident].remote_id] if incident in links else None
        told = [each for each in issue.comments if f"(dispatch letter:{email})" in each.text] if issue else []
        wrong["letters missing over there"] += not told
        wrong["files of letters missing over there"] += bool(told) and len(told[0].files) != files[email]


def _files_of_comments(tracker: Tracker, wrong: Counter[str]) -> None:
    from incidents.models import NoteFile

    wrong["files of comments missing here"] += 0
    wrong["files of comments doubled here"] += 0
    here = Counter(NoteFile.objects.values_list("name", flat=True))
    for issue in tracker.store.issues.values():
        for comment in issue.comments:
            for file in comment.files if comment.text.startswith(THERE) else ():
                wrong["files of comments missing here"] += here[file.name] == 0
                wrong["files of comments doubled here"] += here[file.name] > 1
