"""How the mirror is doing, and what opens the tracker."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Mirror(models.Model):
    """One tracker, by the name of its backend. The row is made when the mirror is first switched on."""

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("mirror", "running")
        # Nothing is lost meanwhile: jobs wait.
        AUTH = "auth", _("waits for a token")
        MISCONFIGURED = "misconfigured", _("waits for settings to be put right")
        AWAY = "away", _("the tracker does not answer")
        OFF = "off", _("switched off")

    backend = models.CharField(_("tracker"), max_length=30, unique=True)
    # Part of the keys of what we create: two installations may share a queue.
    install = models.UUIDField(default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=15, choices=State, default=State.RUNNING)
    since = models.DateTimeField()
    # Who switched it off.
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # The tracker's last words against us, without secrets.
    said = models.TextField(blank=True)
    # No call before this moment, whatever waits: the tracker asked for a pause, or does not answer.
    paused_until = models.DateTimeField(null=True, blank=True)
    # How far changes over there have been read; the backend's own words.
    cursor = models.TextField(blank=True)
    read_at = models.DateTimeField(_("changes read"), null=True, blank=True)
    # Every linked issue was compared, one by one, up to this one and at this time.
    swept_at = models.DateTimeField(_("all compared"), null=True, blank=True)
    swept_up_to = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(_("settings checked"), null=True, blank=True)
    # tracker_bridge.protocol.Problem as rows: [code, words, is_fatal].
    problems = models.JSONField(default=list, blank=True)
    # Up to which moment deadlines that passed were told.
    overdue_up_to = models.DateTimeField(null=True, blank=True)
    # The moment when it was first switched on: older incidents are mirrored by the first import alone.
    began_at = models.DateTimeField()

    class Meta:
        verbose_name = _("mirror")
        verbose_name_plural = _("mirrors")
        permissions: ClassVar = [("run_mirror", "Can connect, pause and repair the mirror")]

    def __str__(self) -> str:
        return self.backend


class Credentials(models.Model):
    """A pair of tokens, sealed. Written before it is used, so that a rotated pair is never lost."""

    backend = models.CharField(max_length=30, unique=True)
    # Empty: a person has disconnected the mirror.
    access = models.TextField(blank=True)
    refresh = models.TextField(blank=True)
    # The pair that the settings had then, as a hash: another pair there takes its place.
    seed = models.CharField(max_length=64, blank=True)
    issued_at = models.DateTimeField()
    # Empty: nobody said.
    expires_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    # Why no new pair was given; empty after one was.
    said = models.TextField(blank=True)
    # The refresh token is no good: no trying again helps, a person has to connect anew.
    is_refused = models.BooleanField(default=False)
    # Whose it is over there, as the tracker said when it was last asked.
    owner = models.CharField(max_length=300, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    # Who gave it here; nobody, if it is from the settings.
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("credentials of the mirror")
        verbose_name_plural = _("credentials of the mirror")

    def __str__(self) -> str:
        return self.backend
