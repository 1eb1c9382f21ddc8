"""Connecting a mailbox: try it, see step by step what works, choose folders, save. The same page changes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from config.web import Request
from mailbox import services, trial
from mailbox.forms import FOLDER, MailboxForm, proof, roles_in
from mailbox.imap import Place, readable
from mailbox.models import Folder, Mailbox
from mailbox.sealing import WrongKey


@dataclass(frozen=True, slots=True)
class Choice:
    """A folder of the server, and what is wanted of it."""

    name: str
    role: str
    # What the server says it is for, where that is no place for letters of the desk.
    is_special: bool = False

    @property
    def field(self) -> str:
        return FOLDER + self.name

    @property
    def words(self) -> str:
        return readable(self.name)


# RFC 6154, and what nobody wants to have read twice.
_SPECIAL = {"\\Drafts", "\\Junk", "\\Trash", "\\All", "\\Archive", "\\Flagged"}


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("mailbox.change_mailbox", raise_exception=True)
def connect(request: Request) -> HttpResponse:
    return _page(request, None)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("mailbox.change_mailbox", raise_exception=True)
def change(request: Request, pk: int) -> HttpResponse:
    """The mailbox of the settings is changed in the settings."""
    return _page(request, get_object_or_404(Mailbox, pk=pk, from_settings=False))


def _page(request: Request, mailbox: Mailbox | None) -> HttpResponse:
    form = MailboxForm(request.POST or None, mailbox=mailbox)
    context: dict[str, Any] = {"form": form, "mailbox": mailbox}
    if request.method == "POST" and form.is_valid():
        answer = _act(request, form, context)
        if answer is not None:
            return answer
    return render(request, "mailbox/_connect.html" if request.htmx else "mailbox/connect.html", context)


def _act(request: Request, form: MailboxForm, context: dict[str, Any]) -> HttpResponse | None:
    """Save what was tried and chosen; try what was not. None: the page tells what came of it."""
    try:
        account = form.account()
    except WrongKey:
        form.add_error("password", _("The stored password cannot be opened any more: type it anew."))
        return None
    tried = proof(account)
    context["tried"] = tried
    if request.POST.get("tried") != tried or "save" not in request.POST:
        result = trial.try_out(account)
        context |= {"trial": result, "sent": result.sent, "choices": _choices(result, form.mailbox)}
        return None
    chosen, sent = roles_in(request.POST.items()), request.POST.get("sent", "")
    if Folder.Role.INBOX not in chosen.values():
        rows = [Choice(name, role) for name, role in chosen.items()]
        context |= {"sent": sent, "choices": rows, "wants_inbox": True}
        return None
    given = form.cleaned_data
    # A folder of sent letters that is not wanted is remembered as such, or it would be found again by itself.
    roles = {name: role for name, role in chosen.items() if role or name == sent}
    wish = services.Wish(given["address"], account, given["start"], given["start_days"], roles)
    saved = services.save(wish, mailbox=form.mailbox, now=timezone.now())
    messages.success(request, _("%(address)s is saved. The watcher takes it up in a few seconds.") % {"address": saved})
    target = reverse("mailbox:mailboxes")
    return HttpResponseClientRedirect(target) if request.htmx else redirect(target)


def _choices(result: trial.Trial, mailbox: Mailbox | None) -> list[Choice]:
    """The folders found, incoming and sent ones first; as they are watched now, or as one would guess."""
    known = {} if mailbox is None else {each.name: each for each in mailbox.folders.all()}
    rows = [_choice(place, known.get(place.name), bool(known), result.sent) for place in result.places]
    return sorted(rows, key=lambda each: (each.is_special, list(_ORDER).index(each.role), each.words.casefold()))


_ORDER = (Folder.Role.INBOX.value, Folder.Role.SENT.value, "")


def _choice(place: Place, known: Folder | None, is_known: bool, sent: str) -> Choice:
    special = bool(_SPECIAL & place.flags)
    if is_known:
        return Choice(place.name, known.role if known and known.is_watched else "", special)
    if place.name.upper() == "INBOX":
        return Choice(place.name, Folder.Role.INBOX)
    return Choice(place.name, Folder.Role.SENT if place.name == sent else "", special)
