"""What the pictures of the mirror need: an import that has ended, conflicts, and changes that were refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

import requests

from dispatchers.models import User
from incidents import services
from tracker_bridge.models import Conflict, Import, IssueLink, Job

LONGEST = 300
# A field of the desk's own, and what somebody over there writes into it.
WRITTEN = {"operatorName": "МегаФон", "avrName": "ООО «Энергосеть»", "slaDeadline": "2026-12-31T12:00:00.000+0000"}
OURS = ("operator", "contractor", "sla_deadline")


def play(url: str, now: datetime) -> str:
    """Do the deeds, once; the code of an incident whose card tells of its issue."""
    _wait(lambda: Import.objects.exclude(ended_at=None).exists() and not _waiting())
    links = list(IssueLink.objects.filter(incident__closed_at=None).select_related("incident").order_by("-pk")[:6])
    disputes = Conflict.objects.filter(field__in=OURS)
    if not disputes.exists():
        for link, (field, value) in zip(links, WRITTEN.items(), strict=False):
            _act(url, link, f"field:{field}", **{field: value})
        _wait(lambda: disputes.count() >= len(WRITTEN))
    if not Job.objects.filter(state=Job.State.DEAD).exists():
        words = "Комментарий слишком длинный."
        fault = {"method": "POST", "path": "/comments$", "status": 422, "message": words, "times": 2}
        requests.post(f"{url}/_knobs", json={"fail": fault}, timeout=10).raise_for_status()
        for link in links[3:5]:
            services.add_comment(link.incident, "Бригада на месте", by=User.objects.get(username="dispatcher"), at=now)
        _wait(lambda: Job.objects.filter(state=Job.State.DEAD).count() >= 2)
    _act(url, links[5], "comment", text="Пропуск для бригады заказан.")
    _wait(lambda: not _waiting())
    return links[3].incident.code


def _act(url: str, link: IssueLink, deed: str, **form: str) -> None:
    """As a user of the tracker, on its page."""
    filled = {"do": deed, "by": "e.kurganova", "issue": link.key, **form}
    requests.post(f"{url}/act", data=filled, timeout=10).raise_for_status()


def _waiting() -> bool:
    return Job.objects.filter(state=Job.State.WAITING).exists()


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit("The mirror does not come to rest; its words are in VAR_DIR/logs.")
        time.sleep(1)
