"""The filling as a whole: in one transaction, so that a database is either as it was or filled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

from django.db import connection, transaction
from django.db.models import Model

from incidents.bulk_data import desk, mail, registry, series, sql
from incidents.models import (
    ChecklistMark,
    Comment,
    Incident,
    IncidentEmail,
    IncidentEvent,
    IncidentLink,
    IncidentTag,
    Promise,
    Reminder,
    Watch,
    WorkPeriod,
)
from mailbox.models import Attachment, Email, Outgoing, Receipt, ThreadId

TABLES: tuple[type[Model], ...] = (
    Email, ThreadId, Attachment, Receipt, Outgoing, Incident, IncidentEmail, IncidentEvent, Comment, IncidentTag,
    Watch, WorkPeriod, ChecklistMark, Promise, Reminder, IncidentLink,
)  # fmt: skip


class NotEmpty(Exception):
    """The database has incidents or letters already."""


def fill(
    incidents: int, letters: int, *, now: datetime, seed: int = 1, add: bool = False, say: Callable[[str], None] = print
) -> None:
    """Add about so many rows over the three years up to `now`, with a registry and people where there are none.

    Half of the incidents of the last thirty days are open. Letters come to the number asked for within a few per cent,
    the more exactly the more they are. Raises NotEmpty unless `add`.
    """
    if not add and (Incident.objects.exists() or Email.objects.exists()):
        raise NotEmpty
    is_empty = not Incident.objects.exists()
    with transaction.atomic():
        for name, value in sql.SETTINGS.items():
            sql.run(f"SET LOCAL {name} = '{value}'")
        registry.make(incidents, Random(seed))
        plan = series.Plan.make(incidents, letters, now, seed)
        series.draw(plan, registry.number_sites())
        say("drawn")
        if is_empty:
            with sql.bare(TABLES):
                _write(plan, say)
        else:
            _write(plan, say)
    if not connection.in_atomic_block:
        sql.run("VACUUM (ANALYZE)")
        say("indexes and statistics")


def _write(plan: series.Plan, say: Callable[[str], None]) -> None:
    mail.write(plan)
    say("letters")
    desk.write(plan)
    say("incidents")
