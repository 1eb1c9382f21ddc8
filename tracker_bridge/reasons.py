"""Why a job was not done, for people: the class of the error as a sentence, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tracker_bridge.models import Job


@dataclass(frozen=True, slots=True)
class Reason:
    """`todo` is for a job that nobody tries again by itself."""

    what: str | Promise
    todo: str | Promise


# By the names of the classes in tracker_bridge.protocol, as jobs keep them.
REASONS = {
    "Transient": Reason(
        _("The tracker did not do it."), _("It was tried for long. Look whether the tracker works, then try again.")
    ),
    "Ambiguous": Reason(
        _("The answer was lost: nobody knows whether it was done."),
        _("Try again: done under the same key, nothing is written twice."),
    ),
    "Refused": Reason(
        _("The tracker does not take it."),
        _("Put right over there what it minds, then try again; or skip it."),
    ),
    "Exhausted": Reason(
        _("The issue takes no more changes or comments."),
        _("Go on in a new issue; this one stays as it is."),
    ),
    "Gone": Reason(
        _("The issue is gone, or is not shown to the robot."),
        _("Bring it back, or let the robot see it, then try again; or go on in a new issue."),
    ),
    "Conflict": Reason(
        _("The issue changes faster than it can be read."),
        _("Somebody's rule over there seems to change it without end. Stop it, then try again."),
    ),
}
UNKNOWN = Reason(_("It went wrong."), _("Try again; if it fails again, look into the worker's log."))
# For these a new issue helps.
WANTS_NEW_ISSUE = frozenset({"Exhausted", "Gone"})


def of(job: Job) -> Reason | None:
    """None: nothing was ever said against it."""
    return REASONS.get(job.error, UNKNOWN) if job.error else None
