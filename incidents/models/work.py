"""What people do on an incident beside talking: kinds of work, checklists, tags, promises, reminders, links."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models.incident import Incident
from incidents.models.workflow import IncidentType, Named

PERSON = settings.AUTH_USER_MODEL


class Tag(models.Model):
    """A word of the desk's own."""

    name = models.CharField(_("name"), max_length=50, unique=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class IncidentTag(models.Model):
    """A tag on an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tag_rows")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="incident_rows")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["incident", "tag"], name="tag_once_an_incident")]
        indexes: ClassVar = [models.Index(fields=["tag", "-incident"], name="incidents_by_tag")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.tag}"


class Watch(models.Model):
    """Somebody who wants to know of every change, without being the assignee."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="watches")
    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="watches")
    # The newest event the person has seen; what others did later is news.
    seen = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["incident", "person"], name="watch_once_an_incident")]

    def __str__(self) -> str:
        return f"{self.person_id} → {self.incident_id}"


class WorkPeriod(models.Model):
    """Work of one kind on the site, from its start to its end."""

    class Kind(models.TextChoices):
        EMERGENCY = "avr", _("emergency repair")
        RESTORATION = "rvr", _("restoration repair")
        GENERATOR = "dgu", _("diesel generator")
        MAINTENANCE = "eks", _("maintenance")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="work_periods")
    kind = models.CharField(_("kind"), max_length=3, choices=Kind)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    author = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("work")
        verbose_name_plural = _("works")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="work_ends_after_its_start"
            ),
            models.UniqueConstraint(
                fields=["incident", "kind"], condition=Q(ended_at=None), name="work_of_a_kind_runs_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"


class ChecklistItem(Named):
    """A thing to do for incidents of a type; no type: for all."""

    type = models.ForeignKey(
        IncidentType,
        verbose_name=_("type"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="checklist",
    )
    is_active = models.BooleanField(_("in use"), default=True)
    # Closing asks about what is not done.
    is_required = models.BooleanField(_("asked for at closing"), default=False)

    class Meta(Named.Meta):
        verbose_name = _("checklist item")
        verbose_name_plural = _("checklist items")


class ChecklistMark(models.Model):
    """Somebody did what the checklist says."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="checklist_marks")
    item = models.ForeignKey(ChecklistItem, on_delete=models.CASCADE, related_name="marks")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["incident", "item"], name="checklist_marked_once")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.item_id}"


class Reminder(models.Model):
    """ "Wake me at 15:00": shown to the person when the moment has come, until it is done or put off."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="reminders")
    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="reminders")
    at = models.DateTimeField(_("moment"))
    text = models.CharField(_("what about"), max_length=300, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    # Open pages have been told that the moment has come.
    rung_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        indexes: ClassVar = [
            models.Index(fields=["at"], condition=Q(done_at=None, rung_at=None), name="reminder_to_ring"),
            models.Index(fields=["person", "at"], condition=Q(done_at=None), name="reminder_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.at:%H:%M}"


class Promise(models.Model):
    """What somebody outside promised, and by when: "the crew will be there by 15:30"."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="promises")
    by = models.CharField(_("who promised"), max_length=10, choices=Incident.Ball)
    text = models.CharField(_("what"), max_length=300)
    due_at = models.DateTimeField(_("by when"))
    # The letter that says so, if one does.
    email = models.ForeignKey("mailbox.Email", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    kept_at = models.DateTimeField(_("kept"), null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    # That it was missed stands in the timeline.
    missed_at = models.DateTimeField(_("missed"), null=True, blank=True)
    author = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("promise")
        verbose_name_plural = _("promises")
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], condition=Q(kept_at=None, cancelled_at=None, missed_at=None), name="promise_to_check"
            ),
            models.Index(fields=["incident", "due_at"], name="promises_of_incident"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.text}"


class IncidentLink(models.Model):
    """How one incident has to do with another. `related` is the same both ways."""

    class Kind(models.TextChoices):
        RELATED = "related", _("related to")
        DUPLICATE = "duplicate", _("a duplicate of")
        BLOCKS = "blocks", _("blocks")
        PARENT = "parent", _("the parent of")

    source = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="links_out")
    target = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="links_in")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    author = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "target", "kind"], name="link_once"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="link_of_two_incidents"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.target_id}"
