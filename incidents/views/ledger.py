"""The ledger of letters: the list with its filters, one letter, the day's balance, and what people do about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from incidents import (
    ledger,
    ledger_balance,
    ledger_deeds,
    ledger_letter,
    ledger_rows,
    ledger_search,
    mail_problems,
    outgoing_rows,
)
from incidents.errors import DomainError
from incidents.ledger_deeds import Done
from incidents.ledger_filters import BY_HAND, LedgerFilter
from incidents.ledger_forms import JoinForm
from incidents.paging import Cursor
from incidents.views.files import download, reads_letters
from mailbox import store
from mailbox.models import Email, Folder, Receipt

works_incidents = permission_required("incidents.work_incident", raise_exception=True)
MOST_UNSETTLED = 100


@require_safe
@reads_letters
def letters(request: Request) -> HttpResponse:
    """The list; with `above`, what an open page lacks: how many letters are new, and fates that were decided since."""
    folders = list(Folder.objects.select_related("mailbox").order_by("mailbox__address", "role", "name"))
    filters = LedgerFilter.read(request.GET, folders)
    above = Cursor.parse(request.GET.get("above", ""))
    if above:
        return _live(request, filters, above)
    after = Cursor.parse(request.GET.get("after", ""))
    page = ledger_search.page(filters, after)
    now = timezone.now()
    context = {
        "now": now,
        "filters": filters,
        "kept": filters.address,
        "page": page,
        "after": after,
        "rows": ledger_rows.load(page.keys, filters.query),
        "unsettled": _unsettled(page.keys),
        "folders": [(each, ledger_rows.folder_name(each)) for each in folders],
        "folder_name": ledger_rows.folder_name(filters.folder),
        "several_mailboxes": len({each.mailbox_id for each in folders}) > 1,
        "by_hand": BY_HAND,
        "fates": Receipt.State.choices,
        "kinds": Email.Kind.choices,
        "directions": Email.Direction.choices,
        "periods": _periods(timezone.localdate(now)),
        "attention": ledger.known_attention(now),
        "may_work": request.user.has_perm("incidents.work_incident"),
    }
    return _private(render(request, "incidents/ledger.html", context))


def _live(request: Request, filters: LedgerFilter, above: Cursor) -> HttpResponse:
    asked = [int(pk) for pk in request.GET.get("unsettled", "").split(",") if pk.isascii() and pk.isdigit()]
    context = {
        "now": timezone.now(),
        "kept": filters.address,
        "above": above,
        "number": ledger_search.number_above(filters, above),
        "most": ledger_search.MOST_NEW,
        "rows": ledger_rows.load([pk for pk in asked if pk < 2**63][:MOST_UNSETTLED]),
        "unsettled": ",".join(map(str, asked)),
        "may_work": request.user.has_perm("incidents.work_incident"),
    }
    return _private(render(request, "incidents/ledger_live.html", context))


def _unsettled(keys: list[int]) -> str:
    """Rows of the page whose fate is not final, for the page to ask about."""
    rows = Receipt.objects.filter(pk__in=keys, state__in=[Receipt.State.NEW, Receipt.State.QUARANTINED])
    return ",".join(map(str, rows.values_list("pk", flat=True)))


def _periods(today: date) -> list[tuple[str, str, str]]:
    """Names of the usual periods with their first and last day."""
    days = {_("Today"): (0, 0), _("Yesterday"): (1, 1), _("7 days"): (6, 0), _("30 days"): (29, 0)}
    return [
        (name, (today - timedelta(days=first)).isoformat(), (today - timedelta(days=last)).isoformat())
        for name, (first, last) in days.items()
    ]


@require_safe
@reads_letters
def letter(request: Request, pk: int) -> HttpResponse:
    try:
        return _letter(request, ledger_letter.of_email(pk))
    except Email.DoesNotExist as error:
        raise Http404(_("There is no such letter.")) from error


@require_safe
@reads_letters
def receipt(request: Request, pk: int) -> HttpResponse:
    """A receipt that could not be read; of any other, its letter."""
    found = _find(pk)
    return (
        redirect("incidents:letter", found.email_id)
        if found.email_id
        else _letter(request, ledger_letter.of_receipt(pk))
    )


def _letter(request: Request, shown: ledger_letter.LetterPage, form: JoinForm | None = None) -> HttpResponse:
    now = timezone.now()
    context = {
        "now": now,
        "letter": shown,
        "sending": next(iter(outgoing_rows.load([shown.outgoing.pk], now)), None) if shown.outgoing else None,
        "form": form,
        "may_work": request.user.has_perm("incidents.work_incident"),
    }
    return _private(render(request, "incidents/ledger_letter.html", context, status=422 if form else 200))


@require_safe
@reads_letters
def receipt_original(request: Request, pk: int) -> FileResponse:
    """The bytes of a receipt, read or not, as the server gave them."""
    try:
        file = store.path(_find(pk).sha256).open("rb")
    except (FileNotFoundError, ValueError) as error:
        raise Http404(_("The bytes of this letter are not in the store.")) from error
    return download(file, f"receipt-{pk}.eml", "message/rfc822")


@require_POST
@works_incidents
def try_again(request: Request, pk: int) -> HttpResponse:
    found = _find(pk)
    mail_problems.forget_number()
    if ledger_deeds.try_again(found, by=request.user, at=timezone.now()):
        messages.success(request, _("The letter is being tried again."))
    else:
        messages.info(request, _("The letter is in quarantine no more."))
    return _back(request, found)


@require_POST
@works_incidents
def try_all_again(request: Request) -> HttpResponse:
    number = ledger_deeds.try_all_again(by=request.user, at=timezone.now())
    said = ngettext("%(n)d letter is being tried again.", "%(n)d letters are being tried again.", number)
    messages.success(request, said % {"n": number}) if number else messages.info(request, _("The quarantine is empty."))
    return redirect(_safe_next(request) or reverse("incidents:letters"))


@require_POST
@works_incidents
def open_incident(request: Request, pk: int) -> HttpResponse:
    found = _find(pk)
    return _do(request, found, lambda: ledger_deeds.open_incident(found, by=request.user, at=timezone.now()))


@require_POST
@works_incidents
def join(request: Request, pk: int) -> HttpResponse:
    """Join the incident whose code was typed; a wrong code comes back with what is wrong about it."""
    found = _find(pk)
    form = JoinForm(request.POST)
    if not form.is_valid():
        shown = ledger_letter.of_email(found.email_id) if found.email_id else ledger_letter.of_receipt(pk)
        return _letter(request, shown, form)
    to = form.cleaned_data["code"]
    return _do(request, found, lambda: ledger_deeds.join(found, to, by=request.user, at=timezone.now()))


def _do(request: Request, found: Receipt, deed: Callable[[], Done]) -> HttpResponse:
    try:
        done = deed()
    except DomainError as error:
        messages.error(request, error.user_message)
        return _back(request, found)
    said = _("The letter is in %(code)s now.") if done.is_new else _("The letter is in %(code)s already.")
    messages.success(request, said % {"code": done.incident.code})
    return redirect(done.incident)


@require_safe
@reads_letters
def balance(request: Request) -> HttpResponse:
    """The last days in one table, of all folders or of one; what is amiss; the last comparison with the server."""
    now = timezone.now()
    context = {"now": now, "balance": ledger_balance.load(now, request.GET.get("folder", ""), "folders" in request.GET)}
    return _private(render(request, "incidents/ledger_balance.html", context))


@require_safe
@reads_letters
def mark(request: Request) -> HttpResponse:
    """The mark beside "Letters" in the rail and the tab bar; every open page asks for it."""
    context = {"attention": ledger.known_attention(timezone.now())}
    return _private(render(request, "incidents/ledger_mark.html", context))


def _find(pk: int) -> Receipt:
    return get_object_or_404(Receipt.objects.select_related("email"), pk=pk)


def _back(request: Request, found: Receipt) -> HttpResponse:
    target = _safe_next(request)
    if target:
        return redirect(target)
    return redirect("incidents:letter", found.email_id) if found.email_id else redirect("incidents:receipt", found.pk)


def _safe_next(request: Request) -> str:
    target = request.POST.get("next", "")
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()) else ""


def _private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, private=True, no_cache=True)
    return response
