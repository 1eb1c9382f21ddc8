"""The rules, version by version: the only facts among the tables of the clocks."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PolicyVersion(models.Model):
    """The whole of the rules as they were from one moment on; sla.policy says what the document holds."""

    number = models.PositiveIntegerField(_("version"), unique=True)
    document = models.JSONField()
    at = models.DateTimeField(_("moment"), default=timezone.now)
    # Empty: shipped with Dispatch.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("version of the rules")
        verbose_name_plural = _("versions of the rules")
        ordering: ClassVar = ["-number"]
        permissions: ClassVar = [
            ("view_dashboard", "Can see how deadlines are kept"),
            ("compare_dispatchers", "Can see how each dispatcher keeps deadlines"),
        ]

    def __str__(self) -> str:
        return str(self.number)
