"""Signing in and out, and what a person sets for himself: shift, theme, language."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.http import require_POST

from config.web import Request
from dispatchers.forms import ShiftForm, SignInForm, ThemeForm
from dispatchers.roles import Role

YEAR = 365 * 24 * 3600

sign_in = LoginView.as_view(
    template_name="dispatchers/sign_in.html", authentication_form=SignInForm, redirect_authenticated_user=True
)
sign_out = LogoutView.as_view()
set_language = login_not_required(i18n.set_language)


@login_not_required
def administration_door(request: HttpRequest) -> HttpResponse:
    """The administration's own sign-in page counts no failures, so whoever is sent there signs in on ours."""
    if request.user.is_authenticated and not request.user.is_staff:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next", reverse("admin:index")))


@require_POST
@login_not_required
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember the theme in a cookie, so that the server prints it and the page never flashes."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    response = HttpResponseRedirect(back_to(request))
    response.set_cookie("theme", form.cleaned_data["theme"], max_age=YEAR, samesite="Lax", httponly=True)
    return response


@require_POST
def shift(request: Request) -> HttpResponse:
    """A dispatcher goes on shift or off; others are not given incidents and have none."""
    if request.user.role != Role.DISPATCHER:
        raise PermissionDenied
    form = ShiftForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    request.user.on_shift = form.cleaned_data["on"]
    request.user.save(update_fields=["on_shift"])
    if request.user.on_shift:
        messages.success(request, _("You are on shift: new incidents come to you."))
    else:
        messages.success(request, _("You are off shift: no new incidents come to you. Those you have stay yours."))
    return HttpResponseRedirect(back_to(request))


def back_to(request: HttpRequest) -> str:
    """Where the form asks to return to, if that is here; the desk otherwise."""
    target = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if here else reverse("incidents:desk")
