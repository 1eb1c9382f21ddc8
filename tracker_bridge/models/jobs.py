"""What has still to be told to the tracker: the outbox of the mirror."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models import Comment, Incident
from mailbox.models import Email


class Job(models.Model):
    """One thing to be told of an incident, written in the transaction of what happened.

    Jobs of one incident are done in the order of their keys, one at a time; those of others do not wait for them. A
    job of kind `state` carries nothing: whoever does it writes what the incident is by then, so ten changes are one.
    """

    class Kind(models.TextChoices):
        # Create the issue, bring its fields and status up to the incident's.
        STATE = "state", _("fields and status")
        LETTER = "letter", pgettext_lazy("mirror", "letter")
        NOTE = "note", pgettext_lazy("mirror", "note")

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("job", "waiting")
        DONE = "done", pgettext_lazy("job", "done")
        # Needs a person: try again, or skip.
        DEAD = "dead", pgettext_lazy("job", "not done")
        SKIPPED = "skipped", pgettext_lazy("job", "skipped")

    backend = models.CharField(max_length=30)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tracker_jobs")
    kind = models.CharField(max_length=10, choices=Kind)
    email = models.ForeignKey(Email, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    comment = models.ForeignKey(Comment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    made_at = models.DateTimeField()
    not_before = models.DateTimeField()
    # A worker has it until then; after that it has died.
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # The class of the last error (tracker_bridge.protocol) and the tracker's words.
    error = models.CharField(max_length=20, blank=True)
    said = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # The person who chose that it is not to be done.
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("job of the mirror")
        verbose_name_plural = _("jobs of the mirror")
        constraints: ClassVar = [
            # One that a worker has may be out of date already, so it does not keep a new one away.
            models.UniqueConstraint(
                fields=["backend", "incident"],
                condition=Q(kind="state", state="waiting", leased_until=None),
                name="job_of_state_once",
            ),
            models.UniqueConstraint(
                fields=["backend", "incident", "email"], condition=Q(kind="letter"), name="job_of_letter_once"
            ),
            models.UniqueConstraint(fields=["backend", "comment"], condition=Q(kind="note"), name="job_of_note_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["backend", "not_before", "id"], condition=Q(state="waiting"), name="job_due"),
            models.Index(fields=["incident", "id"], condition=Q(state__in=["waiting", "dead"]), name="job_in_order"),
            models.Index(fields=["backend", "-ended_at", "-id"], condition=Q(state="dead"), name="job_dead"),
            models.Index(
                fields=["backend", "-ended_at", "-id"], condition=Q(state__in=["done", "skipped"]), name="job_ended"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"
