"""What people are warned of (DeadlineWarning), whom that was told to (Told), when somebody last looked (Tick)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models import Incident, Promise

PERSON = settings.AUTH_USER_MODEL


class DeadlineWarning(models.Model):
    """One thing said once about one deadline: it comes near, it is over, it is over for so long.

    The row is the proof that it has been said: sla.warnings writes none twice.
    """

    class Kind(models.TextChoices):
        NEAR = "near", pgettext_lazy("warning", "deadline is near")
        BREACH = "breach", pgettext_lazy("warning", "deadline is over")
        PROMISE = "promise", pgettext_lazy("warning", "promise missed")
        NOBODY = "nobody", pgettext_lazy("warning", "nobody has it")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="warnings", db_index=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    # A clock of the rules; empty for what no clock keeps.
    clock = models.CharField(_("clock"), max_length=40, blank=True)
    promise = models.ForeignKey(Promise, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    # The deadline it is about; one that moves is another one.
    due_at = models.DateTimeField(_("deadline"))
    # Minutes before that deadline; 0: at it; less than nothing: after it. What is over is said by the smallest.
    step = models.IntegerField(default=0)
    # When it should have been said, and when it was.
    planned_at = models.DateTimeField()
    at = models.DateTimeField(_("moment"))
    # Managers were told, too.
    is_escalated = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("warning")
        verbose_name_plural = _("warnings")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "clock", "kind", "promise", "due_at", "step"],
                nulls_distinct=False,
                name="warning_said_once",
            )
        ]
        indexes: ClassVar = [
            # What is chosen on the page of all of them.
            models.Index(fields=["kind", "-id"], name="warning_of_kind"),
            models.Index(fields=["clock", "-id"], name="warning_of_clock"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.clock or self.kind} {self.step}"


class Told(models.Model):
    """A warning on its way to one person by one channel; without a warning it is a message to try the channel."""

    class Channel(models.TextChoices):
        # On the screen. The others are a copy of it for whoever does not look there.
        DESK = "desk", pgettext_lazy("channel", "desk")
        TELEGRAM = "telegram", _("Telegram")
        EMAIL = "email", _("e-mail")

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("warning", "waiting")
        # Given to the server, and no answer yet.
        SENDING = "sending", pgettext_lazy("warning", "being sent")
        SENT = "sent", pgettext_lazy("warning", "sent")
        FAILED = "failed", pgettext_lazy("warning", "not delivered")
        # Given to the server twice, and no answer.
        UNKNOWN = "unknown", pgettext_lazy("warning", "delivered perhaps")
        # Before it left, what it says was true no more.
        DROPPED = "dropped", pgettext_lazy("warning", "no longer true")

    warning = models.ForeignKey(DeadlineWarning, null=True, blank=True, on_delete=models.CASCADE, related_name="told")
    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="told", db_index=False)
    channel = models.CharField(max_length=8, choices=Channel)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Attempts after which nobody knows whether it arrived.
    doubts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    # What the server answered last, in words without any secret.
    said = models.CharField(max_length=400, blank=True)
    # On the desk: when the person saw it.
    read_at = models.DateTimeField(null=True, blank=True)
    # The letter it stands in; several may stand in one.
    outgoing = models.ForeignKey(
        "mailbox.Outgoing", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("message about a warning")
        verbose_name_plural = _("messages about warnings")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["warning", "person", "channel"], condition=Q(warning__isnull=False), name="told_once"
            )
        ]
        indexes: ClassVar = [
            # Read every few seconds by sla.telling.
            models.Index(
                fields=["channel", "next_try_at"], condition=Q(state__in=["waiting", "sending"]), name="told_waiting"
            ),
            # The number beside the bell, and a person's own page.
            models.Index(fields=["person"], condition=Q(channel="desk", read_at=None), name="told_unread"),
            models.Index(fields=["person", "-id"], condition=Q(channel="desk"), name="told_of_person"),
            models.Index(fields=["person", "channel", "-sent_at"], name="told_lately"),
        ]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.channel} {self.person_id}"


class Tick(models.Model):
    """When a task of the clock last began: whether the clock itself runs, and how late."""

    name = models.CharField(max_length=20, unique=True)
    # The first time. What was over before then, nobody had promised to tell.
    since = models.DateTimeField()
    at = models.DateTimeField()
    # How much later than planned the last one began.
    lag = models.DurationField()
    # The last time it was alarmingly late.
    gap_from = models.DateTimeField(null=True, blank=True)
    gap_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("tick")
        verbose_name_plural = _("ticks")

    def __str__(self) -> str:
        return self.name
