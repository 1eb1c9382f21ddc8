"""Who of ours is who over there."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TrackerPerson(models.Model):
    """A user and his login over there: found by the same e-mail or login, or named by an administrator."""

    backend = models.CharField(max_length=30)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tracker_logins")
    login = models.CharField(_("login in the tracker"), max_length=200)
    # Named by hand: no comparison of addresses changes it.
    is_fixed = models.BooleanField(_("named by hand"), default=False)

    class Meta:
        verbose_name = _("login in the tracker")
        verbose_name_plural = _("logins in the tracker")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["backend", "user"], name="tracker_login_once_a_user"),
            models.UniqueConstraint(fields=["backend", "login"], name="tracker_login_of_one_user"),
        ]

    def __str__(self) -> str:
        return self.login
