"""Everything that has to be put right before the mirror is whole: over there, and between us and them."""

from __future__ import annotations

import logging
from datetime import datetime

from django.utils.translation import gettext as _

from dispatchers.models import User
from incidents.models import IncidentType
from mailbox import mailboxes
from mailbox.imap import BROKEN, ImapSession, LoginRefused
from mailbox.models import Mailbox
from mailbox.sealing import WrongKey
from tracker_bridge import meeting, people
from tracker_bridge.protocol import Problem, TrackerBackend

logger = logging.getLogger(__name__)

# Never read as intake; see mailbox.tracker_folders.
FOLDERS = ("YandexTrackerInbox", "YandexTrackerArchive")
NAMED = 10
# What fields.wanted writes.
YES_AND_NO = ("Да", "Нет")
SLA_STATES = ("На паузе", "Не определён", "В работе", "Просрочен", "Закрыт в срок", "Закрыт с опозданием")


def problems(backend: TrackerBackend, now: datetime) -> list[Problem]:
    """What the tracker lacks, and which of our people are nobody there; who is who is looked up anew."""
    found = backend.check()
    if any(problem.is_fatal for problem in found):
        return found
    meeting.meet(backend, now)
    return [*found, *_strangers(backend.name)]


def mail_folders() -> list[Problem]:
    """Watched mailboxes without Tracker's own folders; asks their servers. One that does not answer says so itself."""
    found = []
    for mailbox in Mailbox.objects.filter(is_watched=True).order_by("address"):
        try:
            with ImapSession(mailboxes.account_of(mailbox)) as session:
                there = " ".join(place.words.lower() for place in session.tracker_folders())
        except (*BROKEN, LoginRefused, WrongKey) as error:
            logger.info("the folders of %s are not seen: %s", mailbox.address, type(error).__name__)
            continue
        missing = ", ".join(name for name in FOLDERS if name.lower() not in there)
        if missing:
            words = _(
                "The mailbox %(mailbox)s has no %(folders)s. Create them, and a rule that moves Tracker's own letters "
                "there: else these come to the desk."
            )
            found.append(Problem("folders", words % {"mailbox": mailbox.address, "folders": missing}))
    return found


def values() -> dict[str, tuple[str, ...]]:
    """What we write into fields that may have a list of options over there, by our names."""
    types = IncidentType.objects.filter(is_active=True).values_list("name_ru", flat=True)
    return {"type": tuple(types), "is_new_message": YES_AND_NO, "sla_state": SLA_STATES}


def _strangers(backend: str) -> list[Problem]:
    """Dispatchers whose incidents stay without an assignee over there."""
    known = people.logins(backend)
    here = User.objects.filter(is_active=True).exclude(pk__in=known).order_by("last_name", "pk")
    strangers = [user.full_name for user in here if user.has_perm("incidents.work_incident")]
    if not strangers:
        return []
    more = len(strangers) - NAMED
    names = ", ".join(strangers[:NAMED]) + (_(" and %(number)s more") % {"number": more} if more > 0 else "")
    words = _(
        "Not found in the tracker: %(names)s. Their incidents have no assignee there. Give them the same e-mail on "
        "both sides, or name their logins in the administration."
    )
    return [Problem("people", words % {"names": names})]
