"""What belongs to a person at the desk: half-written words, views, and who is looking at what."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.models.incident import Incident

PERSON = settings.AUTH_USER_MODEL


class Draft(models.Model):
    """Words somebody has begun to write on an incident, kept from the first second on."""

    class Field(models.TextChoices):
        NOTE = "note", _("note")
        LETTER = "letter", _("letter")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="drafts")
    field = models.CharField(max_length=10, choices=Field, default=Field.NOTE)
    text = models.TextField(blank=True)
    # What stands around the words of a letter: kind, addressees, subject, files chosen (incidents.reply_forms).
    form = models.JSONField(default=dict, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "person", "field"], name="draft_once_a_field")
        ]

    def __str__(self) -> str:
        return self.text[:80]


class Presence(models.Model):
    """Who has an incident before him; old rows mean nothing."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="presence")
    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()
    typing_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["incident", "person"], name="presence_once_an_incident")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} @ {self.incident_id}"


class SavedView(models.Model):
    """A list as somebody wants to see it again: the query string of the desk. Shared ones are everybody's."""

    owner = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="views")
    name = models.CharField(_("name"), max_length=80)
    # As in the address: queue, filters, order, columns.
    query = models.TextField(_("query"), blank=True)
    is_shared = models.BooleanField(_("for everybody"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering: ClassVar = ["position", "name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="view_once_a_name"),
        ]
        indexes: ClassVar = [models.Index(fields=["position"], condition=Q(is_shared=True), name="views_shared")]

    def __str__(self) -> str:
        return self.name
