"""Names of the fields that are mirrored, for people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

NAMES: dict[str, str | Promise] = {
    "status": _("Status"),
    "type": _("Type"),
    "pole": _("Pole"),
    "base_station": _("Base station"),
    "assignee": _("Assignee"),
    "summary": _("Subject"),
    "description": _("Description"),
    "operator": _("Operator"),
    "contractor": _("Contractor"),
    "sla_deadline": _("Deadline"),
    "sla_state": pgettext_lazy("mirrored field", "Deadline kept"),
    "is_new_message": pgettext_lazy("mirrored field", "New letter"),
    "email_datetime": pgettext_lazy("mirrored field", "First letter"),
    "email_ids": pgettext_lazy("mirrored field", "Numbers of letters"),
    "database_id": pgettext_lazy("mirrored field", "Number of the incident"),
}


def name(field: str) -> str:
    """As people call the field; a field that is gone meanwhile by its own name."""
    return str(NAMES.get(field, field))
