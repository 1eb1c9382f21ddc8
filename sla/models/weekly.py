"""The letter of the week to managers: which weeks it was written for, and who does not want it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class WeeklyLetter(models.Model):
    """A week that managers were written about. The row is made with its letters: there is one, or none."""

    # Its Monday, by the desk's calendar.
    week = models.DateField(_("week"), unique=True)
    at = models.DateTimeField(_("moment"))
    # One a manager; none where nobody wanted one, or where no letters leave.
    letters = models.ManyToManyField("mailbox.Outgoing", related_name="+")

    class Meta:
        verbose_name = _("letter of the week")
        verbose_name_plural = _("letters of the week")
        ordering: ClassVar = ["-week"]

    def __str__(self) -> str:
        return f"{self.week:%G-W%V}"


class WeeklyRefusal(models.Model):
    """Somebody who does not want the letter of the week."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(_("moment"))

    class Meta:
        verbose_name = _("refusal of the letter of the week")
        verbose_name_plural = _("refusals of the letter of the week")

    def __str__(self) -> str:
        return str(self.person_id)
