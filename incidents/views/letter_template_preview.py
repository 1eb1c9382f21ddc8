"""Words being written, as a real incident's letter: subject, people, text, and the letter in HTML in its own frame."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.web import Request
from incidents import letter_template_deeds as deeds
from incidents import letter_templates, notice_letters, notice_people
from incidents.letter_template_forms import WordsForm
from incidents.letter_templates import Kind, Rendered
from incidents.letter_variables import Facts
from incidents.models import Incident, Notice
from mailbox import composing, letter_html

Audience = Notice.Audience
# Named of them.
UNSAID = 8
reads_templates = permission_required("incidents.view_incident", raise_exception=True)
# Nothing runs or loads in the letter; links open a window of their own, the page may measure the frame.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What would leave."""

    incident: Incident
    subject: str
    letter: Rendered
    envelopes: list[notice_people.Envelope]
    # Words of the HTML that the text lacks: whoever reads the text would not know them.
    unsaid: list[str]


@require_POST
@reads_templates
def preview(request: Request) -> HttpResponse:
    """What is wrong with the words, or the letter that they make."""
    form, shown = _read(request)
    return render(request, "incidents/letter_template_preview.html", {"form": form, "shown": shown})


@require_POST
@reads_templates
def letter(request: Request) -> HttpResponse:
    """The letter in HTML, for a frame; nothing where the words have problems, so that the frame stays as it is."""
    _form, shown = _read(request)
    if shown is None:
        return HttpResponse(status=204)
    words = shown.letter.html or letter_html.paragraphs(shown.letter.text)
    page = letter_html.page(words).replace("<head>", '<head><base target="_blank">', 1)
    response = HttpResponse(page)
    response["Content-Security-Policy"] = _POLICY
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def _read(request: Request) -> tuple[WordsForm, Shown | None]:
    kind = request.POST.get("kind", "")
    form = WordsForm(request.POST, kind=Kind(kind) if kind in Kind.values else Kind.ACCEPTED)
    incident = _incident(request.POST.get("incident", ""))
    if incident is None:
        form.add_error(None, _("There is no incident with this code."))
    if not form.is_valid() or incident is None:
        return form, None
    return form, _shown(form, incident, request)


def _shown(form: WordsForm, incident: Incident, request: Request) -> Shown:
    kind = form.kind
    asked_for = Audience.CONTRACTOR if request.POST.get("audience") == Audience.CONTRACTOR else Audience.OPERATOR
    audience = Audience.CONTRACTOR if kind == Kind.HANDED_OVER else asked_for
    given = notice_letters.for_audience(audience)
    if notice_letters.carries_files(kind):
        given |= notice_letters.files_named(incident)
    by = None if kind == Kind.CLOSED_AGAIN else request.user
    facts = Facts(incident, by, timezone.now(), given)
    signed = None if kind == Kind.SIGNATURE else letter_templates.wording(Kind.SIGNATURE, incident)
    said = letter_templates.fill(form.wording, signed, facts)
    subject = "" if kind == Kind.SIGNATURE else composing.answer_subject(incident.code, said.subject_tail)
    is_notice = kind in (Kind.ACCEPTED, Kind.HANDED_OVER, Kind.CLOSED)
    envelopes = notice_people.envelopes(kind, incident) if is_notice else []
    people = [each for each in envelopes if each.audience == audience]
    unsaid = letter_html.unsaid(said.html, said.text) if said.html else []
    return Shown(incident, subject, said, people, unsaid[:UNSAID])


def _incident(code: str) -> Incident | None:
    """The one that was typed, else the newest."""
    if not code.strip():
        return next(iter(deeds.newest(1)), None)
    named = ("type", "status", "pole", "base_station", "operator", "contractor")
    return Incident.objects.select_related(*named).filter(code__iexact=code.strip()).first()
