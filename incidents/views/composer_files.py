"""Files for a letter that is being written: each comes up by itself, as soon as it is chosen, dropped or pasted."""

from __future__ import annotations

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.web import Request
from incidents import composer_files
from incidents.errors import DomainError
from incidents.views.card import _find as find
from incidents.views.card import works_incidents
from mailbox.store import NotStored


@require_POST
@works_incidents
def add(request: Request, code: str) -> HttpResponse:
    """Store one file; the answer is its place in the form, or one line that says why not."""
    incident, upload = find(code), request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        return _refused(_("No file came."))
    try:
        file = composer_files.keep(incident, request.user, upload, at=timezone.now())
    except DomainError as error:
        return _refused(error.user_message)
    except NotStored as error:
        return HttpResponse(str(error), status=507, content_type="text/plain; charset=utf-8")
    return render(request, "incidents/_reply_file.html", {"incident": incident, "file": file})


@require_POST
@works_incidents
def remove(request: Request, code: str, pk: int) -> HttpResponse:
    composer_files.remove(find(code), request.user, pk)
    return HttpResponse(status=204)


def _refused(words: str) -> HttpResponse:
    return HttpResponse(words, status=422, content_type="text/plain; charset=utf-8")
