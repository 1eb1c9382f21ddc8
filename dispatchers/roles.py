"""What each role may do. Roles are a closed set, so they live in code and come with every installation."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", _("Administrator")
    MANAGER = "manager", _("Manager")
    DISPATCHER = "dispatcher", _("Dispatcher")
    OBSERVER = "observer", _("Observer")


READ = frozenset({"incidents.view_incident", "mailbox.view_email", "towers.view_pole", "dispatchers.view_user"})
WORK = READ | {"incidents.work_incident", "mailbox.delete_badaddress", "sla.view_dashboard"}
MANAGE = WORK | {
    "dispatchers.change_shift",
    "mailbox.change_outgoing",
    "sla.compare_dispatchers",
    "tracker_bridge.view_mirror",
}

# An administrator may do everything; see dispatchers.backend.
PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OBSERVER: READ,
    Role.DISPATCHER: WORK,
    Role.MANAGER: MANAGE,
}
