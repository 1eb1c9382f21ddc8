"""The incident, what happened to it, and what has still to happen."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Upper
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.workflow import IncidentType, Status
from incidents.queries import IncidentQuerySet
from mailbox.models.letters import apart

# Letters have an index of their own; here are the words of those who called, and a subject that was put right.
SEARCH_OF_INCIDENTS = SearchVector(
    apart("subject"), apart("requester_name"), apart("requester_email"), config="russian"
)


class Incident(models.Model):
    """One failure at one site. It owns every fact the queue sorts and filters by.

    Written only by incidents.services and incidents.intake; `version` grows with every such change.
    """

    class Registration(models.TextChoices):
        MAIL = "mail", _("from mail")
        MANUAL = "manual", _("by a dispatcher")

    class Ball(models.TextChoices):
        US = "us", _("us")
        OPERATOR = "operator", _("the operator")
        CONTRACTOR = "contractor", _("the contractor")
        ENERGY = "energy", _("the energy company")

    class Priority(models.TextChoices):
        URGENT = "urgent", pgettext_lazy("priority", "urgent")
        HIGH = "high", pgettext_lazy("priority", "high")
        NORMAL = "normal", pgettext_lazy("priority", "normal")
        LOW = "low", pgettext_lazy("priority", "low")

    code = models.CharField(_("code"), max_length=32, unique=True)
    subject = models.TextField(_("subject"))
    registration = models.CharField(_("registered"), max_length=10, choices=Registration)
    requester_email = models.CharField(_("requester's e-mail"), max_length=320, blank=True)
    requester_name = models.CharField(_("requester"), max_length=320, blank=True)

    status = models.ForeignKey(Status, verbose_name=_("status"), on_delete=models.PROTECT, related_name="incidents")
    type = models.ForeignKey(
        IncidentType,
        verbose_name=_("type"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="incidents",
        db_index=False,
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("assignee"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="incidents",
    )
    pole = models.ForeignKey(
        "towers.Pole",
        verbose_name=_("pole"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="incidents",
        db_index=False,
    )
    base_station = models.ForeignKey(
        "towers.BaseStation",
        verbose_name=_("base station"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="incidents",
    )
    contractor = models.ForeignKey(
        "towers.Contractor",
        verbose_name=_("contractor"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="incidents",
        db_index=False,
    )
    # Who wrote: from the station, else from the sender's domain.
    operator = models.ForeignKey(
        "towers.Operator",
        verbose_name=_("operator"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="incidents",
        db_index=False,
    )
    # Set on an incident that was merged into another; it is closed, and its code leads there.
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
    )
    # The default is the database's too: a column added so rewrites no row of the million.
    priority = models.CharField(
        _("priority"), max_length=6, choices=Priority, default=Priority.NORMAL, db_default=Priority.NORMAL
    )
    # Who has to do the next thing, and since when.
    ball = models.CharField(_("the ball is with"), max_length=10, choices=Ball, default=Ball.US)
    ball_since = models.DateTimeField(null=True, blank=True)
    # towers.matching.Match.as_json() of the reading that chose (or refused to choose) the site.
    reading = models.JSONField(default=dict, blank=True)
    # Why the status is the error one; empty otherwise.
    error_reason = models.TextField(_("what is wrong"), blank=True)
    # The same as a code and facts where a letter could not be sent, so that each reader is told in his language.
    error_facts = models.JSONField(null=True, blank=True)
    power_back_at = models.DateTimeField(_("power is back"), null=True, blank=True)

    # The first letter's moment, or the moment of registration by hand: the clock starts here.
    opened_at = models.DateTimeField(_("opened"))
    due_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    # Time left while the incident's clock stands still; there is no deadline then unless it was past before.
    clock_left = models.DurationField(null=True, blank=True)
    # Set exactly while the status is of class `end`: partial indexes of the desk rest on it.
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    handed_over_at = models.DateTimeField(_("handed over to the contractor"), null=True, blank=True)
    contractor_due_at = models.DateTimeField(_("contractor's deadline"), null=True, blank=True)
    contractor_clock_left = models.DurationField(null=True, blank=True)
    contractor_done_at = models.DateTimeField(_("contractor finished"), null=True, blank=True)
    # First assignment, status change or comment of a person.
    first_action_at = models.DateTimeField(_("first action"), null=True, blank=True)
    first_action_due_at = models.DateTimeField(null=True, blank=True)

    active_at = models.DateTimeField(_("changed"), default=timezone.now)
    has_news = models.BooleanField(_("unread letter"), default=False)
    # The newest event when the letters were last read; a letter with a later one is the first unread. None: never read.
    read_up_to = models.BigIntegerField(null=True, blank=True)
    letter_count = models.PositiveIntegerField(_("letters"), default=0)
    letters_since_closing = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        permissions: ClassVar = [("work_incident", "Can take, assign, change and close incidents")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(due_at=None) | Q(due_at__gte=F("opened_at")), name="incident_due_after_opening"
            ),
        ]
        indexes: ClassVar = [
            # The desk: open incidents by last change, by deadline, by age, and one person's.
            models.Index(fields=["-active_at", "-id"], condition=Q(closed_at=None), name="incident_open_by_change"),
            models.Index(fields=["due_at", "id"], condition=Q(closed_at=None), name="incident_open_by_deadline"),
            # Those whose clock stands still come after them.
            models.Index(
                fields=["clock_left", "id"],
                condition=Q(closed_at=None, due_at=None, clock_left__isnull=False),
                name="incident_open_standing",
            ),
            models.Index(fields=["-opened_at", "-id"], condition=Q(closed_at=None), name="incident_open_by_age"),
            models.Index(
                fields=["assignee", "-active_at"], condition=Q(closed_at=None), name="incident_open_by_person"
            ),
            # By status; and the desk's counters (queries.tally), which read nothing else.
            models.Index(
                fields=["status", "-active_at", "-id"],
                include=("assignee", "pole", "due_at"),
                condition=Q(closed_at=None),
                name="incident_open_by_status",
            ),
            # The site's history, and "power is back" looking for the open incident of a pole.
            models.Index(fields=["pole", "-opened_at"], name="incident_by_pole"),
            # What one sender's letters opened, for the guard against floods.
            models.Index(
                Lower("requester_email"), "opened_at", condition=Q(registration="mail"), name="incident_by_sender"
            ),
            # Of one type, contractor or operator, however rare. They lead with the foreign key, which needs no other.
            models.Index(fields=["type", "-active_at", "-id"], name="incident_by_type"),
            models.Index(fields=["contractor", "-active_at", "-id"], name="incident_by_contractor"),
            models.Index(fields=["operator", "-active_at", "-id"], name="incident_by_operator"),
            # Closed ones, newest first; the API, newest first, and how often poles fail (chronic), which reads no more.
            models.Index(fields=["-active_at", "-id"], name="incident_by_change"),
            # Closed between two days.
            models.Index(
                fields=["-closed_at", "-id"], condition=Q(closed_at__isnull=False), name="incident_by_closing"
            ),
            models.Index(fields=["-opened_at", "-id"], include=("pole", "merged_into"), name="incident_by_opening"),
            # Parts of words, where an incident is chosen as a target; whole words, for the search.
            GinIndex(OpClass(Upper("subject"), name="gin_trgm_ops"), name="incident_subject_words"),
            GinIndex(SEARCH_OF_INCIDENTS, name="incident_words"),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("incidents:card", args=[self.code])

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def final(self) -> Incident:
        """Where it lives on: itself, or the incident it was merged into, however many times."""
        incident = self
        while incident.merged_into:
            incident = incident.merged_into
        return incident


class IncidentEvent(models.Model):
    """One thing that happened: the timeline, the audit and the feed of the mirrors in one table."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(_("kind"), max_length=40)
    # Empty: Dispatch itself.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("moment"), default=timezone.now)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes: ClassVar = [models.Index(fields=["incident", "id"], name="event_timeline")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"


class FailedReaction(models.Model):
    """A reaction that raised. Its work was rolled back, the incident was kept; the sweep tries again."""

    event = models.ForeignKey(IncidentEvent, on_delete=models.CASCADE, related_name="failures")
    path = models.CharField(max_length=200)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=1)
    next_try_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "path"], name="failed_reaction_once_an_event")
        ]
        indexes: ClassVar = [models.Index(fields=["next_try_at"], name="failed_reaction_due")]

    def __str__(self) -> str:
        return f"{self.path} for {self.event_id}"
