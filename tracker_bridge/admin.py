"""Who is who over there, for people whose e-mails differ."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tracker_bridge import meeting, mirrors
from tracker_bridge.models import TrackerPerson


@admin.register(TrackerPerson)
class TrackerPersonAdmin(admin.ModelAdmin):
    """What is saved here is named by hand: no comparison of addresses changes it."""

    list_display = ("user", "login", "backend", "is_fixed")
    search_fields = ("login", "user__username", "user__last_name")
    autocomplete_fields = ("user",)
    fields = ("user", "login")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrackerPerson]:
        return super().get_queryset(request).select_related("user")

    def save_model(self, request: HttpRequest, obj: TrackerPerson, form: Any, change: bool) -> None:
        obj.is_fixed = True
        if not obj.backend:
            tracker = mirrors.configured()
            obj.backend = tracker.backend if tracker else ""
        super().save_model(request, obj, form, change)
        meeting.tell_of([obj.user_id], obj.backend, timezone.now())

    def has_module_permission(self, request: HttpRequest) -> bool:
        return mirrors.configured() is not None and super().has_module_permission(request)
