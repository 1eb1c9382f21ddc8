"""How a letter was read, “this is wrong”, and the cases that came of it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from config.web import Request
from incidents import reading
from incidents.errors import DomainError
from incidents.models import Incident, ReadingCase
from incidents.reading import Reading
from incidents.reading_forms import CorrectionForm
from incidents.views.files import reads_letters
from mailbox.models import Email
from towers.models import BaseStation, Pole

# Each is read anew for the page: a few milliseconds a letter.
CASES_ON_A_PAGE = 20


@require_http_methods(["GET", "HEAD", "POST"])
@reads_letters
def letter_reading(request: Request, pk: int) -> HttpResponse:
    """The letter with everything the machine read in it marked; a POST says what is right."""
    email = get_object_or_404(Email.objects.defer("safe_html"), pk=pk)
    if request.method == "POST" and not request.user.has_perm("incidents.work_incident"):
        raise PermissionDenied
    try:
        read = reading.look(email)
    except FileNotFoundError as error:
        raise Http404(_("The bytes of this letter are not in the store.")) from error
    if request.method != "POST":
        return _page(request, read, None)
    form = CorrectionForm(request.POST, incident=_as_read(read))
    if form.is_valid():
        try:
            return _correct(request, read, form)
        except DomainError as error:
            form.add_error("pole", error.user_message)
    return _page(request, read, form, status=422)


@require_safe
@reads_letters
def cases(request: Request) -> HttpResponse:
    """Letters that were read wrong once, newest first, each read by today's rules; `before` is the last id seen."""
    found = ReadingCase.objects.select_related("email", "author", "email__place__incident").order_by("-id")
    found = found.defer("email__text", "email__safe_html", "email__reply_text", "email__references")
    before = request.GET.get("before", "")
    # Longer numbers are no ids, and PostgreSQL could not compare with them.
    if before.isdecimal() and len(before) < 18:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: CASES_ON_A_PAGE + 1])
    more, rows = len(rows) > CASES_ON_A_PAGE, rows[:CASES_ON_A_PAGE]
    context = {
        "verdicts": [reading.judge(case) for case in rows],
        "next": rows[-1].pk if more else None,
        "before": before,
        "now": timezone.now(),
    }
    return render(request, "incidents/reading_cases.html", context)


def _correct(request: Request, read: Reading, form: CorrectionForm) -> HttpResponse:
    said = form.cleaned_data
    changed = reading.correct(
        read.email,
        read.match,
        pole=said["pole"],
        station=said["station"],
        kind=said["kind"],
        note=said["note"].strip(),
        by=request.user,
        at=timezone.now(),
    )
    if changed:
        text = _("Thank you. %(code)s has the right site now, and the letter is kept as a case.")
        messages.success(request, text % {"code": changed.code})
    else:
        messages.success(request, _("Thank you. The letter is kept as a case: the rules have to read it right."))
    return redirect("incidents:letter_reading", read.email.pk)


def _as_read(read: Reading) -> Incident:
    """The site that the page's fields began with: what is left as it was, was not said anew."""
    case, match = read.case, read.match
    if case:
        pole = Pole.objects.filter(code=case.pole_code).first()
        station = BaseStation.objects.filter(name=case.station_name, pole=pole).select_related("pole").first()
    else:
        pole = Pole.objects.filter(pk=match.pole_id or 0).first()
        station = BaseStation.objects.filter(pk=match.station_id or 0).select_related("pole").first()
    return Incident(pole=pole, base_station=station)


def _page(request: Request, read: Reading, form: CorrectionForm | None, status: int = 200) -> HttpResponse:
    context = {"read": read, "form": form, "right": _as_read(read), "kinds": Email.Kind.choices, "now": timezone.now()}
    return render(request, "incidents/reading.html", context, status=status)
