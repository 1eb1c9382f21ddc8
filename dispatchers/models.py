"""People of the desk."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dispatchers.roles import Role


class UserQuerySet(models.QuerySet["User"]):
    def eligible(self) -> Self:
        """Who may be given an incident without asking: active dispatchers on shift who accept work."""
        return self.filter(is_active=True, role=Role.DISPATCHER, on_shift=True, accepts_incidents=True)

    def on_duty(self) -> Self:
        """The shift: dispatchers who are at work now."""
        return self.filter(is_active=True, role=Role.DISPATCHER, on_shift=True)

    def managers(self) -> Self:
        return self.filter(is_active=True, role=Role.MANAGER)

    def assignable(self) -> Self:
        """Who may be given an incident by hand: everybody who may work one."""
        return self.filter(is_active=True).exclude(role=Role.OBSERVER)


class PeopleManager(UserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates people as Django does, and finds them by the querysets above."""


class User(AbstractUser):
    """Somebody who signs in. What he may do follows from his role, see dispatchers.roles."""

    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.DISPATCHER)
    on_shift = models.BooleanField(_("on shift"), default=False)
    accepts_incidents = models.BooleanField(_("accepts incidents"), default=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    # How this person is warned beside the desk; what is on the way to him: sla.telling.
    telegram_chat = models.CharField(_("Telegram"), max_length=32, blank=True)
    # Why messages do not reach that chat, in the server's words; empty while they do.
    telegram_broken = models.CharField(max_length=300, blank=True, editable=False)
    # What he writes to the bot to say that a chat is his, and until when that is good.
    telegram_code = models.CharField(max_length=16, blank=True, editable=False)
    telegram_code_until = models.DateTimeField(null=True, blank=True, editable=False)
    warn_by_telegram = models.BooleanField(_("warnings by Telegram"), default=True)
    warn_by_email = models.BooleanField(_("warnings by e-mail"), default=False)
    warn_by_sound = models.BooleanField(_("sound of warnings"), default=True)
    # Between these, by the desk's clock, Telegram and e-mail are silent; empty: never.
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    # When the desk last gave this person an incident by itself: breaks ties fairly, see dispatchers.choosing.
    last_given_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar = PeopleManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions: ClassVar = [("change_shift", "Can put people on shift and take them off")]
        # Read under the assignment lock by dispatchers.choosing.
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                condition=Q(is_active=True, role="dispatcher", on_shift=True, accepts_incidents=True),
                name="user_eligible",
            )
        ]

    def __str__(self) -> str:
        return self.full_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        # The administration site asks for is_staff; here it is one with the role.
        self.is_staff = self.role == Role.ADMINISTRATOR
        if update_fields := kwargs.get("update_fields"):
            kwargs["update_fields"] = {*update_fields, "is_staff"}
        super().save(*args, **kwargs)

    @property
    def full_name(self) -> str:
        return self.get_full_name() or self.username

    @property
    def keeps_shifts(self) -> bool:
        return self.role == Role.DISPATCHER

    @property
    def is_at_work(self) -> bool:
        """May be spoken to now: a dispatcher on shift; the others keep no shifts."""
        return self.is_active and (self.on_shift or not self.keeps_shifts)

    @property
    def short_name(self) -> str:
        """Surname, as people are called on the desk; the login where there is none."""
        return self.last_name or self.username

    @property
    def initials(self) -> str:
        """Two letters for the round mark beside a row."""
        letters = self.first_name[:1] + self.last_name[:1]
        return (letters or self.username[:2]).upper()
