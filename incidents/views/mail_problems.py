"""The page of mail problems, and what is done there."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from incidents import mail_problem_deeds, mail_problem_rows, mail_problems
from incidents.errors import DomainError
from incidents.paging import Cursor
from incidents.views.card import works_incidents
from incidents.views.files import reads_letters
from mailbox.models import Outgoing, Settled


@require_safe
@reads_letters
def problems(request: Request) -> HttpResponse:
    """What is wrong with the mail, then the letters that went wrong; for htmx the list alone."""
    now = timezone.now()
    after = Cursor.parse(request.GET.get("after", ""))
    page = mail_problems.page(now, after)
    context = {
        "now": now,
        "after": after,
        "page": page,
        "states": mail_problem_rows.states(now) if not after else [],
        "rows": mail_problem_rows.load(page.named),
        "may_work": request.user.has_perm("incidents.work_incident"),
    }
    name = "incidents/mail_problems_list.html" if request.htmx else "incidents/mail_problems.html"
    response = render(request, name, context)
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_safe
@reads_letters
def number(request: Request) -> HttpResponse:
    """How many there are, for the queue of an open desk."""
    return render(request, "incidents/mail_problems_number.html", {"number": mail_problems.number(timezone.now())})


@require_POST
@works_incidents
def settle(request: Request, kind: str, pk: int) -> HttpResponse:
    """Somebody has looked at it: it goes off the list."""
    if kind not in Settled.Kind.values:
        raise Http404
    try:
        mail_problem_deeds.settle(kind, pk, by=request.user, at=timezone.now())
    except ObjectDoesNotExist as error:
        raise Http404 from error
    mail_problems.forget_number()
    messages.success(request, _("Settled: nobody has to look at it any more."))
    return _back(request)


@require_POST
@works_incidents
def send_again(request: Request, pk: int) -> HttpResponse:
    """Try a letter anew for those who have not got it; `lost` and `instead` pair wrong addresses with right ones."""
    letter = get_object_or_404(Outgoing, pk=pk)
    instead = dict(zip(request.POST.getlist("lost"), request.POST.getlist("instead"), strict=False))
    try:
        is_queued = mail_problem_deeds.send_again(letter, by=request.user, at=timezone.now(), instead=instead)
    except DomainError as error:
        messages.error(request, error.user_message)
    else:
        said = _("The letter is being sent again.") if is_queued else _("The letter has left meanwhile.")
        messages.success(request, said)
    mail_problems.forget_number()
    return _back(request)


def _back(request: Request) -> HttpResponse:
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return redirect(target if is_ours else reverse("incidents:mail_problems"))
