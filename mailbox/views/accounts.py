"""Accounts for letters out: the list with their health, and one of them tried, added, changed, no longer used."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from config.web import Request
from mailbox import account_changes, account_health, pace, smtp_trial, trial_letters
from mailbox.account_forms import AccountForm, proof
from mailbox.account_health import State
from mailbox.accounts import SendingIsOff, of_row, of_settings
from mailbox.composing import WrongAddress
from mailbox.models import SmtpAccount
from mailbox.sealing import WrongKey

CHANGES = "mailbox.change_smtpaccount"
# In the session: the last test letter of each account.
_LETTERS = "test_letters"
changes_accounts = permission_required(CHANGES, raise_exception=True)


@require_safe
@permission_required("mailbox.view_email", raise_exception=True)
def accounts(request: Request) -> HttpResponse:
    """The page, and for htmx its list alone, asked for every few seconds."""
    now = timezone.now()
    found = account_health.of_all(now)
    letters = trial_letters.fates(request.session.get(_LETTERS, {}), now)
    context = {
        "accounts": [(each, letters.get(each.account.pk or 0)) for each in found],
        "now": now,
        "may_change": request.user.has_perm(CHANGES),
        "ill": sum(each.state == State.FAILING for each in found),
        "in_use": sum(each.state not in (State.OFF, State.UNUSED) for each in found),
        "hour": sum(each.hour for each in found),
        "waiting": sum(each.waiting for each in found),
    }
    return render(request, "mailbox/_accounts.html" if request.htmx else "mailbox/accounts.html", context)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@changes_accounts
def add(request: Request) -> HttpResponse:
    return _page(request, None)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@changes_accounts
def change(request: Request, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(SmtpAccount, pk=pk))


def _page(request: Request, account: SmtpAccount | None) -> HttpResponse:
    form = AccountForm(request.POST or None, account=account)
    context: dict[str, Any] = {"form": form, "account": account, "desk": settings.EMAIL_FROM_NAME}
    if request.method == "POST" and form.is_valid():
        answer = _act(request, form, context)
        if answer is not None:
            return answer
    return render(request, "mailbox/_account_form.html" if request.htmx else "mailbox/account_form.html", context)


def _act(request: Request, form: AccountForm, context: dict[str, Any]) -> HttpResponse | None:
    """Save what was tried, try what was not. None: the page tells what came of it."""
    try:
        tried = form.tried()
    except WrongKey:
        form.add_error("password", _("The stored password cannot be opened any more: type it anew."))
        return None
    context["tried"] = proof(tried)
    if request.POST.get("tried") != context["tried"] or "save" not in request.POST:
        steps = smtp_trial.try_out(tried)
        context |= {"steps": steps, "is_well": all(step.passed for step in steps)}
        return None
    facts = {name: value for name, value in form.cleaned_data.items() if name != "password"}
    saved = account_changes.save(facts, password=tried.password, account=form.account)
    messages.success(request, _("%(address)s is saved: letters leave by it from now on.") % {"address": saved})
    target = reverse("mailbox:accounts")
    return HttpResponseClientRedirect(target) if request.htmx else redirect(target)


@require_POST
@changes_accounts
def send_test(request: Request, pk: int) -> HttpResponse:
    """A real letter to whoever asks, by this account; 0 is that of the settings. Its fate stands on the page."""
    try:
        account = of_row(get_object_or_404(SmtpAccount, pk=pk, is_active=True)) if pk else of_settings()
        sent = trial_letters.send(account, to=request.user, now=timezone.now())
    except SendingIsOff as error:
        raise Http404 from error
    except WrongAddress:
        messages.error(request, _("Your own account here has no e-mail address. Enter one, then try again."))
    else:
        request.session[_LETTERS] = {**request.session.get(_LETTERS, {}), str(pk): sent.pk}
    return redirect("mailbox:accounts")


@require_POST
@changes_accounts
def remove(request: Request, pk: int) -> HttpResponse:
    """Send nothing by this account any more."""
    account = get_object_or_404(SmtpAccount, pk=pk)
    if account_changes.remove(account):
        messages.success(request, _("%(address)s is removed.") % {"address": account})
    else:
        said = _("Nothing leaves by %(address)s any more. What waits for it waits on.")
        messages.success(request, said % {"address": account})
    return redirect("mailbox:accounts")


@require_POST
@changes_accounts
def use(request: Request, pk: int) -> HttpResponse:
    """Send by an account again that was removed."""
    account = get_object_or_404(SmtpAccount, pk=pk)
    account_changes.use_again(account)
    messages.success(request, _("Letters leave by %(address)s again.") % {"address": account})
    return redirect("mailbox:accounts")


@require_POST
@changes_accounts
def resume(request: Request, pk: int) -> HttpResponse:
    """Try a paused account at once; 0 is that of the settings."""
    pace.resume(get_object_or_404(SmtpAccount, pk=pk).pk if pk else None)
    messages.success(request, _("It is tried again at once."))
    return redirect("mailbox:accounts")
