"""What the bar of the selection offers."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from incidents.fields import Choices
from incidents.models import Incident, IncidentType, Status, StatusClass, Transition

register = template.Library()


@dataclass(frozen=True, slots=True)
class Offer:
    """Statuses that some step leads to without a reason, those that want one, and types in use."""

    plain: list[Status]
    asking: list[Status]
    types: list[IncidentType]
    priorities: list[str]


@register.simple_tag
def bulk_offer(choices: Choices) -> Offer:
    """One query beside those of the filters. Statuses that send letters are left out: letters are looked at singly."""
    asks: dict[int, bool] = {}
    for status, needs_reason in Transition.objects.order_by().values_list("to_status", "needs_reason"):
        asks[status] = asks.get(status, False) or needs_reason
    within = [each for each in choices.statuses if each.pk in asks and each.status_class != StatusClass.SENDING]
    return Offer(
        [each for each in within if not asks[each.pk]],
        [each for each in within if asks[each.pk]],
        [each.thing for each in choices.types if isinstance(each.thing, IncidentType) and each.thing.is_active],
        list(Incident.Priority.values),
    )
