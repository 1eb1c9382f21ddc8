"""The journal of fields that both sides had changed."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from config.web import Request
from incidents.paging import Cursor
from tracker_bridge import conflict_list, field_words, numbers
from tracker_bridge.conflict_list import ConflictFilter
from tracker_bridge.models import Conflict, Mirror
from tracker_bridge.value_words import ValueWords
from tracker_bridge.views.doors import may_look

_WINNERS = {
    Conflict.Winner.DISPATCH: pgettext_lazy("conflict", "Ours was kept"),
    Conflict.Winner.TRACKER: pgettext_lazy("conflict", "The tracker's was kept"),
    Conflict.Winner.NOBODY: pgettext_lazy("conflict", "Left alone"),
}
_DAYS = ((0, gettext_lazy("Today")), (6, gettext_lazy("7 days")), (29, gettext_lazy("30 days")))


@require_safe
@may_look
def conflicts(request: Request, mirror: Mirror) -> HttpResponse:
    """The newest first."""
    filters = ConflictFilter.read(request.GET)
    after, words, today = Cursor.parse(request.GET.get("after", "")), ValueWords(mirror.backend), timezone.localdate()
    context = {
        "now": timezone.now(),
        "filters": filters,
        "kept": filters.address,
        "after": after,
        "page": conflict_list.page(filters, mirror.backend, words, after),
        "fields": {key: field_words.name(key) for key in field_words.NAMES},
        "field_name": field_words.name(filters.field),
        "winners": _WINNERS,
        "winner_name": _WINNERS.get(Conflict.Winner(filters.winner)) if filters.winner else "",
        "people": words.people,
        "person_name": words.person(filters.person),
        "days": [((today - timedelta(days=back)).isoformat(), label) for back, label in _DAYS],
        "dead": numbers.dead(mirror.backend),
        "here": reverse("tracker_bridge:conflicts"),
    }
    return render(request, "tracker_bridge/conflicts.html", context)
