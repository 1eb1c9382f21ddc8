"""The mail problems in words: what went wrong, with whose letter, in which incident, and the one button that helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.db.models.functions import Left
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from incidents import ledger, ledger_clock, mail_problems, site_errors
from incidents.ledger_rows import Fate, folder_name
from incidents.mail_problems import Named
from incidents.models import Incident
from mailbox import health, stuck
from mailbox.models import BadAddress, Email, Outgoing, Receipt, Settled
from mailbox.smtp import Result
from mailbox.smtp_advice import advise_smtp

SHOWN = 200
_LONG = ("text", "reply_text", "safe_html", "references", "problems")


@dataclass(frozen=True, slots=True)
class Deed:
    """The button: a page to open, or something that is done at once; with a hint, after that was read."""

    label: str
    url: str
    icon: str
    is_done_at_once: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A letter that went wrong. `settles`: the kind under which people settle it; empty where they must solve it."""

    pk: int
    at: datetime
    look: str
    icon: str
    what: str
    who: str
    subject: str
    why: str
    url: str
    deed: Deed | None
    code: str = ""
    settles: str = ""
    # Of a letter of ours: who was refused, with the server's words. It is sent again to these, corrected if need be.
    lost: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Something that is wrong with the mail at this moment, whatever letters it concerns."""

    look: str
    icon: str
    title: str
    why: str
    deed: Deed
    since: datetime | None = None
    # The comparison with the server, where a person may settle it.
    compared: int | None = None


def load(named: Sequence[Named]) -> list[Row]:
    """These problems in this order; one query a kind, and one for the addresses that letters came back from."""
    loaders: dict[str, Callable[[list[int]], dict[int, Row]]] = {
        "quarantine": _quarantined, "outgoing": _unsent, "bounce": _returned, "error": _unclear,
    }  # fmt: skip
    found = {kind: load([each.pk for each in named if each.kind == kind]) for kind, load in loaders.items()}
    return [found[each.kind][each.pk] for each in named if each.pk in found[each.kind]]


def states(now: datetime) -> list[State]:
    """What is wrong with the mail itself, in a number of queries that does not depend on how much it is."""
    return [*_folders(now), *_stuck(now), *_comparisons(now), *_ledger(now), *_brake(now)]


def _folders(now: datetime) -> Iterable[State]:
    deed = Deed(_("Mailboxes"), reverse("mailbox:mailboxes"), "mail")
    for folder in health.ill_folders(now):
        found = health.of(folder, now)
        is_behind = found.state == health.State.BEHIND
        said = _("Mail does not come: %(folder)s") if is_behind else _("Cannot be read just now: %(folder)s")
        why = f"{found.advice.what} {found.advice.todo}" if found.advice else _("Nobody reads this folder.")
        place = f"{folder.mailbox.address}, {folder_name(folder)}"
        look = ("is-over", "alert-octagon") if is_behind else ("is-risk", "alert-triangle")
        yield State(*look, said % {"folder": place}, why, deed, found.since)


def _stuck(now: datetime) -> Iterable[State]:
    found = stuck.find(now)
    if found:
        said = ngettext("%(n)d letter of ours cannot leave", "%(n)d letters of ours cannot leave", found.count)
        advice = advise_smtp(found.said) if found.said else None
        why = f"{advice.what} {advice.todo}" if advice else _("Nobody sends: the worker or its clock does not run.")
        deed = (
            Deed(_("Sending accounts"), reverse("mailbox:accounts"), "send")
            if advice
            else Deed(_("Show the letters"), f"{reverse('incidents:outgoing')}?state=queued", "send")
        )
        yield State("is-over", "alert-octagon", said % {"n": found.count}, why, deed, found.since)


def _comparisons(now: datetime) -> Iterable[State]:
    deed = Deed(_("Balance"), reverse("incidents:balance"), "chart-bar")
    for last in ledger.bad_reconciliations().select_related("folder__mailbox"):
        words = "; ".join(alarm.words for alarm in ledger.compared(last, now))
        title = _("Server and ledger differ: %(folder)s") % {
            "folder": f"{last.folder.mailbox.address}, {folder_name(last.folder)}"
        }
        yield State("is-over", "alert-octagon", title, words, deed, last.at, compared=last.pk)


def _ledger(now: datetime) -> Iterable[State]:
    for alarm in ledger_clock.disagreements(now, ledger_clock.before(now)):
        letters = reverse("incidents:letters")
        deed = (
            Deed(_("Show the letters"), f"{letters}?{alarm.query}", "mail")
            if alarm.query
            else Deed(_("Balance"), reverse("incidents:balance"), "chart-bar")
        )
        yield State("is-over", "alert-octagon", _("The ledger does not add up"), alarm.words, deed)


def _brake(now: datetime) -> Iterable[State]:
    if mail_problems.brake_is_on(now):
        deed = Deed(_("Letters of ours"), f"{reverse('incidents:outgoing')}?writer=automatic", "send")
        why = _("So many left within an hour that no more do until it is over. Letters of people still leave.")
        yield State("is-risk", "player-pause", _("Automatic letters are held back"), why, deed)


def _quarantined(pks: list[int]) -> dict[int, Row]:
    rows = Receipt.objects.filter(pk__in=pks).select_related("folder__mailbox", "email__place__incident")
    return {each.pk: _of_receipt(each) for each in rows.defer(*(f"email__{name}" for name in _LONG))}


def _of_receipt(receipt: Receipt) -> Row:
    email = receipt.email
    url = reverse("incidents:letter", args=[email.pk]) if email else reverse("incidents:receipt", args=[receipt.pk])
    unread = (
        _("A letter that could not be read") if receipt.sha256 else _("A letter that the server does not hand over")
    )
    return Row(
        pk=receipt.pk,
        at=receipt.received_at,
        look="is-over",
        icon="alert-triangle",
        what=pgettext("mail problem", "In quarantine"),
        who=_sender(email) if email else folder_name(receipt.folder),
        subject=_subject(email) if email else unread,
        why=Fate(receipt).why,
        url=url,
        deed=Deed(_("Try again"), reverse("incidents:receipt_retry", args=[receipt.pk]), "refresh", True),
        code=_code(email),
        settles=Settled.Kind.RECEIPT,
    )


def _unsent(pks: list[int]) -> dict[int, Row]:
    rows = Outgoing.objects.filter(pk__in=pks).select_related("email__place__incident")
    return {each.pk: _of_outgoing(each) for each in rows.defer(*(f"email__{name}" for name in _LONG))}


def _of_outgoing(letter: Outgoing) -> Row:
    is_unknown = letter.state == Outgoing.State.UNKNOWN
    without = [each for each in letter.recipients if each["state"] != Result.ACCEPTED]
    said = letter.said or next((each["said"] for each in without if each["said"]), "")
    hint = _("Whoever has got it already gets it twice.") if is_unknown else ""
    unknown = _("The connection broke after it was handed over: look whether it came.")
    return Row(
        pk=letter.pk,
        at=letter.queued_at,
        look="is-risk" if is_unknown else "is-over",
        icon="arrow-back-up" if letter.lost else "send",
        what=_what(letter),
        who=", ".join(each["address"] for each in without),
        subject=_subject(letter.email),
        why=f"{unknown} {said}".strip() if is_unknown else said,
        url=reverse("incidents:letter", args=[letter.email_id]),
        deed=Deed(_("Send again"), reverse("incidents:send_again", args=[letter.pk]), "refresh", True, hint),
        code=_code(letter.email),
        settles=Settled.Kind.OUTGOING,
        lost=tuple((each["address"], each["said"]) for each in letter.refused),
    )


def _what(letter: Outgoing) -> str:
    if letter.state == Outgoing.State.UNKNOWN:
        return pgettext("mail problem", "Perhaps not sent")
    if letter.state == Outgoing.State.FAILED:
        return pgettext("mail problem", "Not sent")
    is_for_some = any(each["state"] == Result.ACCEPTED for each in letter.recipients)
    return pgettext("mail problem", "Not all got it") if is_for_some else pgettext("mail problem", "Came back")


def _returned(pks: list[int]) -> dict[int, Row]:
    rows: QuerySet[Email] = Email.objects.filter(pk__in=pks).select_related("place__incident")
    rows = rows.annotate(body=Left("text", SHOWN)).defer(*_LONG)
    bad: dict[int, list[str]] = {}
    for bounce, address in BadAddress.objects.filter(bounce__in=pks).values_list("bounce", "address"):
        bad.setdefault(bounce, []).append(address)
    return {each.pk: _of_bounce(each, bad.get(each.pk, [])) for each in rows}


def _of_bounce(email: Email, addresses: Sequence[str]) -> Row:
    body: str = email.body  # type: ignore[attr-defined]
    code = _code(email)
    return Row(
        pk=email.pk,
        at=email.received_at,
        look="is-over",
        icon="arrow-back-up",
        what=pgettext("mail problem", "Came back"),
        who=", ".join(addresses) or _sender(email),
        # What was sent says more than “Returned to Sender”.
        subject=email.place.incident.subject,
        why=" ".join(body.split()),
        url=reverse("incidents:letter", args=[email.pk]),
        deed=Deed(_("Open the incident"), reverse("incidents:card", args=[code]), "chevron-right"),
        code=code,
        settles=Settled.Kind.BOUNCE,
    )


def _unclear(pks: list[int]) -> dict[int, Row]:
    return {each.pk: _of_incident(each) for each in Incident.objects.filter(pk__in=pks)}


def _of_incident(incident: Incident) -> Row:
    card = reverse("incidents:card", args=[incident.code])
    return Row(
        pk=incident.pk,
        at=incident.active_at,
        look="is-wait",
        icon="map-pin",
        what=pgettext("mail problem", "Error in the incident"),
        who=incident.requester_name or incident.requester_email,
        subject=incident.subject,
        why=site_errors.in_words(incident),
        url=card,
        deed=Deed(_("Open the incident"), card, "chevron-right"),
        code=incident.code,
    )


def _sender(email: Email) -> str:
    return email.from_name or email.from_email or _("Unknown sender")


def _subject(email: Email) -> str:
    return email.subject or _("(no subject)")


def _code(email: Email | None) -> str:
    place = getattr(email, "place", None)
    return place.incident.code if place else ""
