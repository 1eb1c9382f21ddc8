"""Types of incidents in the administration: the time they allow is a fact of the rules, so saving it is a version."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.admin import IncidentTypeAdmin
from incidents.models import IncidentType
from sla import changing

admin.site.unregister(IncidentType)


@admin.register(IncidentType)
class TimedTypeAdmin(IncidentTypeAdmin):
    """A type that is added has its time in the rules at once, and open incidents follow one that changed."""

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: IncidentType, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not request.user.is_authenticated:
            return
        version = changing.follow_types([obj], by=request.user, now=timezone.now())
        if version:
            said = _("Version %(n)d of the rules is in force: open incidents of this type follow.")
            messages.info(request, said % {"n": version.number})
