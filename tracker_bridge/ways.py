"""How to bring an issue to a status that no single step leads to."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable

from incidents.models import Status, StatusClass
from tracker_bridge import workflow
from tracker_bridge.statuses import Statuses


def first_step(allowed: Iterable[str], wanted: str, been: Collection[str], statuses: Statuses) -> str | None:
    """Which of the steps that are allowed over there is the beginning of the shortest way; None: none leads there.

    Both workflows are much alike, so that ours says how it goes on. Statuses where the issue has been, and those that
    send letters, are no part of the way.
    """
    sending = Status.objects.filter(status_class=StatusClass.SENDING)
    shut = {*been, *(statuses.theirs(each) for each in sending)}
    edges = workflow.steps(statuses)
    first = {key: key for key in allowed if key not in shut}
    waiting = deque(first)
    while waiting:
        here = waiting.popleft()
        if here == wanted or (here, wanted) in edges:
            return first[here]
        for start, end in sorted(edges):
            if start == here and end not in shut and end not in first:
                first[end] = first[here]
                waiting.append(end)
    return None
