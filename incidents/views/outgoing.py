"""The list of letters of ours, and what managers do with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from incidents import mail_problems, outgoing_deeds, outgoing_list, outgoing_planned, outgoing_rows
from incidents.errors import DomainError
from incidents.models import WrittenLetter
from incidents.outgoing_deeds import ACTS, MOST_AT_ONCE, Done
from incidents.outgoing_list import OF_SETTINGS, PLANNED, OutgoingFilter
from incidents.outgoing_rows import Row
from incidents.paging import Cursor
from incidents.views.files import reads_letters
from mailbox.accounts import is_possible
from mailbox.models import AccountState, Outgoing, SmtpAccount

acts_on_letters = permission_required(ACTS, raise_exception=True)
MOST_KNOWN = 100
# Above everything: the list of an empty page begins here.
_BEGINNING = Cursor(datetime(1971, 1, 1, tzinfo=UTC), 0)
_KEY = re.compile(r"[0-9]{1,18}")


_DEEDS: dict[str, Callable[..., bool]] = {
    "hasten": outgoing_deeds.hasten,
    "cancel": outgoing_deeds.cancel,
    "copy": outgoing_deeds.keep_copy,
}
_PLANNED_DEEDS: dict[str, tuple[Callable[..., None], str | Promise]] = {
    "send": (outgoing_planned.send_now, gettext_lazy("The letter leaves now.")),
    "cancel": (
        outgoing_planned.cancel,
        gettext_lazy("The letter will not leave. Its words are kept as a draft of who wrote it."),
    ),
}


@dataclass(frozen=True, slots=True)
class Tab:
    """A state as a list of its own; the number of its letters stands only where somebody waits for them."""

    state: str
    title: str
    look: str
    icon: str
    number: int


@require_safe
@reads_letters
def outgoing(request: Request) -> HttpResponse:
    """The list; with `above`, what an open page lacks: new letters, other numbers, rows that have changed."""
    known = list(SmtpAccount.objects.order_by("name", "pk"))
    filters = OutgoingFilter.read(request.GET, known)
    above = Cursor.parse(request.GET.get("above", ""))
    now = timezone.now()
    context = {
        "now": now,
        "filters": filters,
        "kept": filters.address,
        "tabs": _tabs(filters),
        "accounts": known,
        "ill_accounts": list(AccountState.objects.exclude(failed_since=None).select_related("account")),
        "may_act": request.user.has_perm(ACTS),
        # Where a deed leads back to, also from a row that an open page has asked for.
        "here": f"{request.path}?{filters.address.urlencode()}",
    }
    if above:
        return _private(render(request, "incidents/outgoing_live.html", context | _news(request, filters, above, now)))
    after = Cursor.parse(request.GET.get("after", ""))
    if filters.state == PLANNED:
        return _private(render(request, "incidents/outgoing.html", context | _planned(filters, after)))
    page = outgoing_list.page(filters, after)
    rows = outgoing_rows.load(page.keys, now)
    # On their way in a sense: above all others where nothing else was asked for.
    soon = [] if filters.state or after else outgoing_planned.page(filters, size=outgoing_planned.SOONEST).rows
    context |= {
        "page": page,
        "after": after,
        "rows": rows,
        "planned": soon,
        "open": _open(rows),
        "above": page.first or _BEGINNING,
        "of_settings": OF_SETTINGS,
        "is_possible": is_possible(),
    }
    return _private(render(request, "incidents/outgoing.html", context))


def _planned(filters: OutgoingFilter, after: Cursor | None) -> dict[str, Any]:
    page = outgoing_planned.page(filters, after)
    return {"page": page, "after": after, "planned": page.rows, "above": _BEGINNING, "is_possible": is_possible()}


def _news(request: Request, filters: OutgoingFilter, above: Cursor, now: datetime) -> dict[str, Any]:
    pairs = [each.split(":") for each in request.GET.get("open", "").split(",")[:MOST_KNOWN]]
    known = {int(pair[0]): pair[1] for pair in pairs if len(pair) == 2 and _KEY.fullmatch(pair[0])}
    rows = outgoing_rows.load(list(known), now)
    return {
        "above": above,
        "number": outgoing_list.number_above(filters, above),
        "most": outgoing_list.MOST_NEW,
        "rows": [row for row in rows if known[row.letter.pk] != row.stamp],
        "open": _open(rows),
    }


def _open(rows: list[Row]) -> str:
    """Rows that may still change, as they look now, for the page to ask about."""
    return ",".join(f"{row.letter.pk}:{row.stamp}" for row in rows if row.is_open)


def _tabs(filters: OutgoingFilter) -> list[Tab]:
    """The states in the order of a letter's way; "being sent" lasts seconds and stands only while it does."""
    numbers = outgoing_list.counts()
    sending = Outgoing.State.SENDING
    return [
        Tab(state, outgoing_rows.state_title(state), look, icon, numbers.get(state, 0))
        for state, (look, icon) in outgoing_rows.TABS.items()
        if state != sending or numbers[sending] or filters.state == sending
    ]


@require_POST
@acts_on_letters
def act(request: Request) -> HttpResponse:
    """`one=cancel:17` does it to one letter, `do=cancel` to those that are chosen.

    Where a second copy may arrive only `one=sure:17` sends again: somebody was asked about this very letter.
    """
    deed, colon, key = request.POST.get("one", "").partition(":")
    chosen = [key] if colon else request.POST.getlist("letter")[:MOST_AT_ONCE]
    deed = deed if colon else request.POST.get("do", "")
    letters = list(Outgoing.objects.filter(pk__in=[each for each in chosen if _KEY.fullmatch(each)]).order_by("pk"))
    at = timezone.now()
    if deed in _DEEDS:
        return _did(request, deed, lambda: outgoing_deeds.many(partial(_DEEDS[deed], by=request.user, at=at), letters))
    if deed == "sure" and colon:
        again = partial(outgoing_deeds.send_again, by=request.user, at=at)
        return _did(request, "retry", lambda: outgoing_deeds.many(again, letters))
    if deed == "retry":
        return _did(request, "retry", lambda: outgoing_deeds.send_all_again(letters, by=request.user, at=at))
    return _back(request)


@require_POST
@acts_on_letters
def act_on_planned(request: Request) -> HttpResponse:
    """`one=send:17` lets a planned letter leave at once, `one=cancel:17` not at all."""
    deed, _colon, key = request.POST.get("one", "").partition(":")
    if deed not in _PLANNED_DEEDS or not _KEY.fullmatch(key):
        return _back(request)
    do, said = _PLANNED_DEEDS[deed]
    written = WrittenLetter.objects.select_related("incident", "person").filter(pk=key).first()
    try:
        if written is None:
            raise DomainError(_("This letter has left already, or is back with its writer."))
        do(written, by=request.user, at=timezone.now())
        messages.success(request, str(said))
    except DomainError as error:
        messages.error(request, error.user_message)
    return _back(request)


@require_POST
@acts_on_letters
def retry_failed(request: Request) -> HttpResponse:
    """Try the failed letters of the list again, the newest first, as many as one press does."""
    filters = OutgoingFilter.read(request.POST, SmtpAccount.objects.all())
    letters, at = list(outgoing_list.failed(filters)[:MOST_AT_ONCE]), timezone.now()
    return _did(request, "retry", lambda: outgoing_deeds.send_all_again(letters, by=request.user, at=at))


def _did(request: Request, deed: str, do: Callable[[], Done]) -> HttpResponse:
    try:
        done = do()
    except DomainError as error:
        messages.error(request, error.user_message)
        return _back(request)
    mail_problems.forget_number()
    if done.number:
        messages.success(request, _said(deed, done.number))
    if done.left:
        messages.warning(request, _left(deed, done.left))
    return _back(request)


def _said(deed: str, n: int) -> str:
    said = {
        "hasten": ngettext("%(n)d letter leaves now.", "%(n)d letters leave now.", n),
        "cancel": ngettext("%(n)d letter is cancelled.", "%(n)d letters are cancelled.", n),
        "copy": ngettext("%(n)d copy is being put into Sent.", "%(n)d copies are being put into Sent.", n),
        "retry": ngettext("%(n)d letter is being sent again.", "%(n)d letters are being sent again.", n),
    }[deed]
    return said % {"n": n}


def _left(deed: str, n: int) -> str:
    said = {
        "hasten": ngettext(
            "%(n)d letter was left alone: it waits no more.", "%(n)d letters were left alone: they wait no more.", n
        ),
        "cancel": ngettext(
            "%(n)d letter was left alone: it has left, or perhaps has.",
            "%(n)d letters were left alone: they have left, or perhaps have.",
            n,
        ),
        "copy": ngettext(
            "%(n)d letter was left alone: its copy is in Sent, or on its way.",
            "%(n)d letters were left alone: their copies are in Sent, or on their way.",
            n,
        ),
        "retry": ngettext(
            "%(n)d letter was left alone: it has moved on, or may have arrived; decide about it by itself.",
            "%(n)d letters were left alone: they have moved on, or may have arrived; decide about each by itself.",
            n,
        ),
    }[deed]
    return said % {"n": n}


def _back(request: Request) -> HttpResponse:
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return redirect(target if is_ours else reverse("incidents:outgoing"))


def _private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, private=True, no_cache=True)
    return response
