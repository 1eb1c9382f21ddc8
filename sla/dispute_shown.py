"""A link to a reckoning as the page of its incident lists it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from incidents.models import Incident
from sla import dispute_links
from sla.models import DisputeLink, PolicyVersion
from sla.rule_words import Names


@dataclass(frozen=True, slots=True)
class Shown:
    link: DisputeLink
    title: str
    # Whole, to be sent to somebody.
    address: str
    is_good: bool

    @classmethod
    def of(cls, link: DisputeLink, request: HttpRequest, now: datetime, names: Names | None = None) -> Shown:
        address = request.build_absolute_uri(reverse("sla:dispute", args=[dispute_links.token(link)]))
        title = (names or _names()).clock(link.clock)
        return cls(link, title, address, dispute_links.is_good(link, now))

    @classmethod
    def all_of(cls, incident: Incident, request: HttpRequest, now: datetime) -> list[Shown]:
        """The links of an incident, the newest first."""
        links = dispute_links.of(incident)
        names = _names() if links else None
        return [cls.of(link, request, now, names) for link in links]


def _names() -> Names:
    return Names(tuple(PolicyVersion.objects.order_by("-number").values_list("document", flat=True)[:1]))
