"""What administrators may look at: letters on their way out. Nothing of it is changed by hand."""

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from mailbox.models import BadAddress, Outgoing


class Shown(admin.ModelAdmin):
    """A list and its rows, to be read only."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Outgoing)
class OutgoingAdmin(Shown):
    list_display = ("email", "to_address", "is_automatic", "state", "attempts", "next_try_at", "said", "queued_at")
    list_filter = ("state", "is_automatic")
    list_select_related: ClassVar = ["email"]
    ordering = ("-id",)


@admin.register(BadAddress)
class BadAddressAdmin(Shown):
    list_display = ("address", "said", "at")
    search_fields = ("address",)
    ordering = ("-at",)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """An address that works again may be written to at once."""
        return bool(request.user.has_perm("mailbox.delete_badaddress"))
