"""What an administrator may change by hand: names, steps and types. Incidents change through the desk only."""

from typing import ClassVar

from django.contrib import admin

from incidents.models import ChecklistItem, IncidentType, Status, Tag, Transition


@admin.register(Status)
class StatusAdmin(admin.ModelAdmin):
    list_display = (
        "name_ru",
        "name_en",
        "key",
        "status_class",
        "sends",
        "hands_over",
        "finishes_contractor",
        "position",
    )
    list_editable = ("position",)


@admin.register(Transition)
class TransitionAdmin(admin.ModelAdmin):
    list_display = ("from_status", "to_status", "needs_reason", "position")
    list_display_links = ("to_status",)
    list_editable = ("needs_reason", "position")
    list_filter = ("from_status",)
    list_select_related = ("from_status", "to_status")


@admin.register(IncidentType)
class IncidentTypeAdmin(admin.ModelAdmin):
    list_display = ("name_ru", "name_en", "key", "sla", "is_active", "position")
    list_editable = ("is_active", "position")
    prepopulated_fields: ClassVar = {"key": ("name_en",)}


@admin.register(ChecklistItem)
class ChecklistItemAdmin(admin.ModelAdmin):
    list_display = ("name_ru", "name_en", "type", "is_required", "is_active", "position")
    list_editable = ("is_required", "is_active", "position")
    list_filter = ("type", "is_active")
    list_select_related = ("type",)


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ("name",)
    search_fields = ("name",)
