"""Where the mirror is seen on pages of others: the rail, the palette, the card. Nothing of it without a tracker."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dispatchers.models import User
from dispatchers.roles import PERMISSIONS, Role
from incidents import additions
from incidents.additions import Page, Section
from tracker_bridge import card_line, mirrors
from tracker_bridge.rights import LOOKS


def may_look(person: User) -> bool:
    """As `has_perm` says, without asking the database on every page."""
    is_allowed = person.role == Role.ADMINISTRATOR or LOOKS in PERMISSIONS.get(person.role, ())
    return mirrors.configured() is not None and is_allowed


SECTION = Section(
    page=Page(
        "tracker_bridge:state",
        pgettext_lazy("section", "Tracker"),
        pgettext_lazy("palette", "mirror bridge sync yandex issues"),
        "arrows-exchange",
    ),
    is_for=may_look,
    others=(
        Page(
            "tracker_bridge:jobs", _("Jobs of the mirror"), pgettext_lazy("palette", "tracker queue outbox"), "history"
        ),
        Page(
            "tracker_bridge:dead",
            _("What the tracker did not take"),
            pgettext_lazy("palette", "tracker errors failed dead letters"),
            "alert-triangle",
        ),
        Page(
            "tracker_bridge:conflicts",
            _("Conflicts with the tracker"),
            pgettext_lazy("palette", "tracker mirror both changed journal"),
            "arrows-exchange",
        ),
    ),
)


def add() -> None:
    """Once, when this app starts."""
    additions.SECTIONS.append(SECTION)
    additions.CARD_LINES.append(card_line.draw)
