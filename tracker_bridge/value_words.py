"""Values of mirrored fields as people read them: statuses and people by their names, moments in the desk's zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import pgettext

from incidents import clocks
from incidents.models import Status
from tracker_bridge import reconciling
from tracker_bridge.fields import STATUS
from tracker_bridge.models import TrackerPerson
from tracker_bridge.statuses import Statuses

LONGEST = 300


class ValueWords:
    """Knows all names after two queries, however many values it is asked for."""

    def __init__(self, backend: str) -> None:
        statuses = Statuses(reconciling.renamed())
        self._statuses = {statuses.theirs(each): each.name for each in Status.objects.all()}
        people = TrackerPerson.objects.filter(backend=backend).select_related("user")
        self.people: Mapping[str, str] = {each.login: each.user.full_name for each in people}

    def of(self, field: str, value: Any) -> str:
        """As a journal keeps it; nothing is a dash."""
        if value in (None, "", []):
            return "—"
        if isinstance(value, bool):
            return pgettext("value", "yes") if value else pgettext("value", "no")
        if isinstance(value, dict) and "at" in value:
            return clocks.exact(datetime.fromisoformat(value["at"]))
        if isinstance(value, list):
            return ", ".join(map(str, value))
        known = {STATUS: self._statuses, "assignee": self.people}.get(field, {})
        return Truncator(known.get(str(value), str(value))).chars(LONGEST)

    def person(self, login: str) -> str:
        """Our user of this login, else the login."""
        return self.people.get(login, login)
