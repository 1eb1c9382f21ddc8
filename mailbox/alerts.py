"""Tells the people who keep Dispatch running that mail does not come, once, and once more when it comes again.

What has been told stands in Trouble, so a restart tells nothing twice. The messages are rows written in the same
transaction (mailbox.notices sends them), so nothing that was found goes untold.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailbox import answering, health, inbox, notices, outbox, stuck
from mailbox.imap import readable
from mailbox.models import Folder, Outgoing, Receipt, Reconciliation, Trouble
from mailbox.smtp_advice import advise_smtp

logger = logging.getLogger(__name__)

Kind = Trouble.Kind
# More letters of these kinds are worth another message, but not each minute.
GROWING = frozenset({Kind.QUARANTINE, Kind.MISSING, Kind.UNSENT, Kind.UNSURE})
# That these are over alarmed nobody and calms nobody: a person has looked at each letter.
UNTOLD_ENDS = frozenset({Kind.QUARANTINE, Kind.UNSENT, Kind.UNSURE})
TOLD_AGAIN_AFTER = timedelta(hours=1)
# Any number that nothing else locks by: one check at a time.
LOCK = 0x4D414C45
# Before that the copy of a letter may still turn up and tell.
UNSURE_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong at this moment. `count`: how many letters it is about; `why` and `todo`: in words."""

    kind: Kind
    since: datetime
    folder: Folder | None = None
    count: int = 0
    why: str = ""
    todo: str = ""


def check(now: datetime) -> int:
    """Compare what is wrong with what has been told, and write the messages; returns how many. Safe to repeat."""
    with transaction.atomic():
        if not _alone():
            return 0
        known = {
            (trouble.kind, trouble.folder_id): trouble
            for trouble in Trouble.objects.filter(until=None).select_related("folder__mailbox")
        }
        written = 0
        for finding in findings(now):
            trouble = known.pop((finding.kind, finding.folder.pk if finding.folder else None), None)
            written += _go_on(trouble, finding, now) if trouble else _begin(finding, now)
        return written + sum(_end(trouble, now) for trouble in known.values())


def findings(now: datetime) -> Iterator[Finding]:
    """Everything that is wrong."""
    for late in health.late_folders(now):
        advice = late.advice
        why, todo = (advice.what, advice.todo) if advice else _nobody_watches()
        yield Finding(Kind.BEHIND, late.since, late.folder, why=why, todo=todo)
    untaken = Receipt.objects.filter(state=Receipt.State.NEW, is_old=False)
    if since := health.oldest_untaken(now):
        yield Finding(Kind.UNTAKEN, since, count=untaken.count())
    if count := inbox.quarantine().count():
        yield Finding(Kind.QUARANTINE, now, count=count)
    for last in _last_reconciliations():
        if count := len(last.missing) + last.without_bytes:
            yield Finding(Kind.MISSING, last.at, last.folder, count)
    yield from _outgoing(now)


def _outgoing(now: datetime) -> Iterator[Finding]:
    """Letters of ours that did not leave, or perhaps did not; those that people have settled are no trouble."""
    unknown = Q(state=Outgoing.State.UNKNOWN, queued_at__lt=now - UNSURE_AFTER)
    counts = outbox.troubled().aggregate(
        failed=Count("pk", filter=Q(state=Outgoing.State.FAILED)), unknown=Count("pk", filter=unknown)
    )
    if counts["failed"]:
        yield Finding(Kind.UNSENT, now, count=counts["failed"])
    if counts["unknown"]:
        yield Finding(Kind.UNSURE, now, count=counts["unknown"])
    if waiting := stuck.find(now):
        advice = advise_smtp(waiting.said) if waiting.said else None
        why, todo = (advice.what, advice.todo) if advice else _nobody_sends()
        yield Finding(Kind.STUCK, waiting.since, count=waiting.count, why=why, todo=todo)
    if answering.brake_is_on(now):
        yield Finding(Kind.BRAKE, now, count=settings.AUTO_ANSWERS_PER_HOUR)


def _nobody_watches() -> tuple[str, str]:
    return (
        _("Nobody reads this folder; the mail watcher does not run."),
        _("Start dispatch_watcher (manage.py watch_mail) and look at its log."),
    )


def _nobody_sends() -> tuple[str, str]:
    return (
        _("Nobody sends them, or more are queued than their server may take."),
        _("Look whether dispatch_worker and the broker run, and at the account's letters a minute."),
    )


def _last_reconciliations() -> Iterable[Reconciliation]:
    """The last complete comparison of each watched folder."""
    whole = Reconciliation.objects.filter(error="", folder__is_watched=True).select_related("folder__mailbox")
    return whole.order_by("folder_id", "-at").distinct("folder_id")


def _begin(finding: Finding, now: datetime) -> int:
    Trouble.objects.create(
        kind=finding.kind, folder=finding.folder, since=finding.since, told=finding.count, told_at=now
    )
    return _tell(finding, finding.count, now)


def _go_on(trouble: Trouble, finding: Finding, now: datetime) -> int:
    """It lasts. It is told again only if it concerns more letters, and then at most once an hour."""
    if finding.kind not in GROWING or finding.count == trouble.told:
        return 0
    more = finding.count - trouble.told
    if more > 0 and now - trouble.told_at < TOLD_AGAIN_AFTER:
        return 0
    trouble.told = finding.count
    if more > 0:
        trouble.told_at = now
    trouble.save(update_fields=["told", "told_at"])
    return _tell(finding, more, now) if more > 0 else 0


def _end(trouble: Trouble, now: datetime) -> int:
    trouble.until = now
    trouble.save(update_fields=["until"])
    if trouble.kind in UNTOLD_ENDS:
        return 0
    title, text = _good_words(trouble, now)
    logger.info("alert: %s", title)
    return notices.write(title, text, is_good=True, now=now)


def _tell(finding: Finding, more: int, now: datetime) -> int:
    title, text = _words(finding, more)
    logger.warning("alert: %s", title)
    return notices.write(title, text, is_good=False, now=now)


def _words(finding: Finding, more: int) -> tuple[str, str]:
    """What is told of a trouble: its title, and what it means and asks for."""
    facts = {"n": finding.count, "more": more, "since": _moment(finding.since), "folder": _place(finding.folder)}
    if finding.kind == Kind.BEHIND:
        title = _("Mail does not come: %(folder)s") % facts
        return title, "\n".join((_("The last good look was %(since)s.") % facts, finding.why, finding.todo))
    if finding.kind == Kind.BRAKE:
        title = _("Automatic letters are held back")
        return title, _(
            "%(n)d of them left within an hour, so whatever sends them is broken or abused. Letters of people still "
            "leave.\nLook at the last ones among the letters, and at who answers whom."
        ) % facts
    if finding.kind == Kind.STUCK:
        title = ngettext("%(n)d letter does not leave", "%(n)d letters do not leave", finding.count) % facts
        return title, "\n".join((_("It has been so since %(since)s.") % facts, finding.why, finding.todo))
    title, text = _words_of_letters(finding, more)
    return title % facts, text % facts


def _words_of_letters(finding: Finding, more: int) -> tuple[str, str]:
    if finding.kind == Kind.UNTAKEN:
        return ngettext("%(more)d letter is not taken", "%(more)d letters are not taken", more), _(
            "The oldest was stored %(since)s. Nothing is lost, but nobody sees them on the desk.\n"
            "Look whether dispatch_worker and the broker run."
        )
    if finding.kind == Kind.QUARANTINE:
        return ngettext("%(more)d letter went to quarantine", "%(more)d letters went to quarantine", more), ngettext(
            "%(n)d letter lies there now. It could not be read or taken; the reason stands on the page of letters.",
            "%(n)d letters lie there now. They could not be read or taken; the reasons stand on the page of letters.",
            finding.count,
        )
    if finding.kind == Kind.UNSENT:
        return ngettext("%(more)d letter was not sent", "%(more)d letters were not sent", more), _(
            "The receiving side refused, or our server could not be reached for a day. The words of the server stand "
            "on the page “Mail problems”; each letter can be sent again from there."
        )
    if finding.kind == Kind.UNSURE:
        return ngettext("%(more)d letter left perhaps", "%(more)d letters left perhaps", more), _(
            "The connection broke after the letter was handed over, so nothing is sent again by itself.\n"
            "Somebody has to decide on the page “Mail problems”."
        )
    title = ngettext("%(n)d letter is missing: %(folder)s", "%(n)d letters are missing: %(folder)s", finding.count)
    return title, _(
        "The comparison of %(since)s found letters that should have been stored long before, and were not.\n"
        "They were fetched at once. Look in the log of dispatch_watcher why they were missed."
    )


def _good_words(trouble: Trouble, now: datetime) -> tuple[str, str]:
    times = {"since": _moment(trouble.since), "until": _moment(now)}
    spent = _("It lasted from %(since)s to %(until)s.") % times
    if trouble.kind == Kind.UNTAKEN:
        return _("Letters are taken again"), spent
    if trouble.kind == Kind.BRAKE:
        return _("Automatic letters leave again"), spent
    if trouble.kind == Kind.STUCK:
        return _("Letters leave again"), spent
    if trouble.kind == Kind.MISSING:
        return _("No letters are missing any more: %(folder)s") % {"folder": _place(trouble.folder)}, spent
    if trouble.folder and not (trouble.folder.is_watched and trouble.folder.mailbox.is_watched):
        return _("No longer watched: %(folder)s") % {"folder": _place(trouble.folder)}, _("Somebody switched it off.")
    title = _("Mail comes again: %(folder)s") % {"folder": _place(trouble.folder)}
    return title, spent + "\n" + _("Everything that came meanwhile is fetched now.")


def _place(folder: Folder | None) -> str:
    return f"{folder.mailbox.address} / {readable(folder.name)}" if folder else ""


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "d.m.Y H:i")


def _alone() -> bool:
    """Whether no other worker checks at this moment; ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])
