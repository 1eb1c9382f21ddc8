from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.translation import gettext_lazy as _

from dispatchers.models import User


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People: the role says everything, so Django's groups and single permissions stay out of sight."""

    list_display = ("username", "last_name", "first_name", "role", "on_shift", "accepts_incidents", "is_active")
    list_filter = ("role", "on_shift", "is_active")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("last_name", "first_name", "email", "phone", "telegram_chat")}),
        (_("Work"), {"fields": ("role", "on_shift", "accepts_incidents", "is_active")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "password1", "password2")}),
        (_("Person"), {"fields": ("last_name", "first_name", "email", "role")}),
    )
