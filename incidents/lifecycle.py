"""Which steps are allowed. The steps are rows (Transition); this file only reads them."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from incidents.errors import DomainError
from incidents.models import Incident, Status, StatusClass, Transition
from mailbox import accounts


def next_steps(incident: Incident) -> list[Transition]:
    """The allowed steps from the incident's status, the usual one first.

    A step into a status that sends a letter is offered only where letters leave and the status leads on: nobody may
    be left waiting in a status that never moves. A merged incident goes nowhere: its matter is another's.
    """
    if incident.merged_into_id:
        return []
    steps = _steps_from(incident.status)
    sending = {step.to_status_id for step in steps if step.to_status.status_class == StatusClass.SENDING}
    dead = sending - (_that_move_on(sending) if sending and _letters_leave() else set())
    return [step for step in steps if step.to_status_id not in dead]


def require(incident: Incident, to: Status) -> Transition:
    """The step from the incident's status to `to`; raises DomainError that names the allowed ones."""
    steps = next_steps(incident)
    for step in steps:
        if step.to_status_id == to.pk:
            return step
    raise DomainError(
        _("“%(from)s” cannot become “%(to)s”. Allowed now: %(allowed)s.")
        % {
            "from": incident.status.name,
            "to": to.name,
            "allowed": ", ".join(f"“{step.to_status.name}”" for step in steps) or _("nothing"),
        }
    )


def _steps_from(status: Status) -> list[Transition]:
    from_here = Q(from_status=status)
    if status.status_class != StatusClass.END:
        from_here |= Q(from_status=None)
    rows = Transition.objects.filter(from_here).exclude(to_status=status).select_related("to_status")
    unique = {row.to_status_id: row for row in sorted(rows, key=lambda row: (row.position, row.pk))}
    return list(unique.values())


def _letters_leave() -> bool:
    return bool(settings.INCIDENT_REACTIONS.get("sending")) and accounts.is_possible()


def _that_move_on(sending: set[int]) -> set[int]:
    """Those of these statuses that name a letter, and lead somewhere when it has left."""
    leads_on = Exists(Transition.objects.filter(from_status=OuterRef("pk")))
    return set(Status.objects.filter(leads_on, pk__in=sending).exclude(sends="").values_list("pk", flat=True))


def after_sending(status: Status) -> Status | None:
    """Where a status that sends leads by itself when its letter has left: its own first step."""
    steps = Transition.objects.filter(from_status=status).exclude(to_status=status).select_related("to_status")
    step = steps.order_by("position", "pk").first()
    return step.to_status if step else None


def start_status() -> Status:
    return Status.objects.filter(status_class=StatusClass.START).earliest("position", "pk")


def error_status() -> Status:
    return Status.objects.get(key="error")


def end_status() -> Status:
    return Status.objects.filter(status_class=StatusClass.END).earliest("position", "pk")


def first_active_step(incident: Incident) -> Status | None:
    """The first step from here into work, or None."""
    steps = (step.to_status for step in next_steps(incident))
    return next((status for status in steps if status.status_class == StatusClass.ACTIVE), None)
