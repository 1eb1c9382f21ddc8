"""Changing the rules: every change is a version with its author and reason, made from the version before it."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from celery import current_app
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError

from incidents.errors import DomainError
from incidents.models import Incident, IncidentType
from sla.models import PolicyVersion, Recomputation
from sla.rule_checks import problems as problems

if TYPE_CHECKING:
    from dispatchers.models import User

logger = logging.getLogger(__name__)

MAY_CHANGE = "sla.change_policyversion"
MINUTE = timedelta(minutes=1)


class ChangedMeanwhile(DomainError):
    """Somebody has saved other rules since; `newest` are those."""

    def __init__(self, newest: PolicyVersion) -> None:
        self.newest = newest
        said = _("Meanwhile %(who)s saved version %(n)d of the rules. Nothing was changed; your text is kept.")
        super().__init__(said % {"who": newest.by.full_name if newest.by else "Dispatch", "n": newest.number})


class Refused(DomainError):
    """The rules are not sound; `problems` says why, a sentence each."""

    def __init__(self, found: list[str]) -> None:
        self.problems = found
        super().__init__(" ".join(found))


def newest() -> PolicyVersion:
    return PolicyVersion.objects.select_related("by").order_by("-number")[:1].get()


@transaction.atomic
def save(document: Mapping[str, Any], *, by: User, why: str, now: datetime, based_on: int) -> PolicyVersion:
    """The document from now on, made from version `based_on`; the open incidents follow by a worker.

    Raises ChangedMeanwhile, or Refused for what is wrong and was not wrong before. The same document again is no
    version: the newest one is returned.
    """
    if not by.has_perm(MAY_CHANGE):
        raise PermissionDenied
    before = _locked()
    if before.number != based_on:
        raise ChangedMeanwhile(before)
    if before.document == document:
        return before
    wrong = new_problems(document, before.document)
    if wrong:
        raise Refused(wrong)
    # Two versions never begin at one moment, whatever the clocks of two servers say.
    at = max(now, before.at + timedelta(microseconds=1))
    version = PolicyVersion.objects.create(number=before.number + 1, document=document, at=at, by=by, why=why.strip())
    _tell_types(version)
    Recomputation.objects.filter(finished_at=None).update(finished_at=at)
    Recomputation.objects.create(version=version, total=Incident.objects.open().count())
    wake("sla.tasks.follow_rules")
    return version


def new_problems(document: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """What this change would make wrong; a status deleted long ago keeps nobody from putting another rule right."""
    found = problems(document)
    return [each for each in found if each not in problems(before)] if found else []


@transaction.atomic
def follow_types(types: Iterable[IncidentType], *, by: User, now: datetime) -> PolicyVersion | None:
    """The times that the administration gave to types become those of the rules; None if they are already."""
    before = _locked()
    given = {kind.key: int(kind.sla / MINUTE) for kind in types}
    said = before.document["types"]
    if all(said.get(key) == minutes for key, minutes in given.items()):
        return None
    document = copy.deepcopy(before.document)
    document["types"].update(given)
    names = ", ".join(sorted(kind.name_ru for kind in types if said.get(kind.key) != given[kind.key]))
    why = _("time allowed of the type: %(types)s") % {"types": names}
    return save(document, by=by, why=why[:300], now=now, based_on=before.number)


def _locked() -> PolicyVersion:
    """The newest version; whoever else saves waits for the end of the transaction."""
    # The first row is always there and never changes: a lock on the newest one would not keep a newer one away.
    PolicyVersion.objects.select_for_update(of=("self",)).order_by("number")[:1].get()
    return newest()


def _tell_types(version: PolicyVersion) -> None:
    """What the desk shows beside the types is a copy of the rules."""
    for kind in IncidentType.objects.filter(key__in=version.document["types"]):
        allowed = version.document["types"][kind.key] * MINUTE
        if kind.sla != allowed:
            IncidentType.objects.filter(pk=kind.pk).update(sla=allowed)


def wake(task: str) -> None:
    """Tell a worker after the commit. Only a wake-up: the clock finds the same rows in seconds."""
    # Beside the request: a broker that is away would keep it waiting for seconds.
    transaction.on_commit(lambda: threading.Thread(target=_send, args=(task,), daemon=True).start())


def _send(task: str) -> None:
    try:
        current_app.send_task(task, expires=10)
    except (BrokerError, OSError) as error:
        logger.warning("broker: %s; %s waits for the next tick", error, task)
