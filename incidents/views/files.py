"""Files of letters and notes: a download always, a look where that is safe. Nothing of a file runs in the browser."""

from __future__ import annotations

from typing import BinaryIO, TypeVar

from csp.decorators import csp_replace
from django.contrib.auth.decorators import permission_required
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from config.web import Request
from incidents import previews
from incidents.models import NoteFile
from mailbox import files, store
from mailbox.models import Attachment

_FILE_POLICY = "default-src 'none'; sandbox"
_PAGE_POLICY = {
    "default-src": ["'none'"],
    "connect-src": ["'self'"],
    "font-src": ["'self'"],
    "img-src": ["'self'"],
}
# Addresses of letters and bytes never change, but who may see them does: the browser keeps them for itself only.
CACHE = "private, max-age=3600"

Answer = TypeVar("Answer", bound=HttpResponseBase)

reads_letters = permission_required("mailbox.view_email", raise_exception=True)
reads_notes = permission_required("incidents.view_incident", raise_exception=True)


@require_safe
@reads_letters
def attachment(request: Request, pk: int) -> FileResponse:
    """A file of a letter: always a download, whatever it says it is."""
    file = find(pk)
    return download(opened(file), file.name, "application/octet-stream")


@require_safe
@reads_letters
@vary_on_headers("HX-Request")
@csp_replace(_PAGE_POLICY)  # type: ignore[arg-type]  # typed for views without arguments
def preview(request: Request, pk: int) -> HttpResponse:
    """What can be shown of a file: a page of its own, or for the card the inside of its window."""
    file = find(pk)
    siblings = list(file.email.attachments.order_by("pk"))
    if not file.inline:
        # A logo inside the letter's HTML is no file to whoever leafs through them.
        siblings = [each for each in siblings if not each.inline]
    at = siblings.index(file)
    context = {
        "file": file,
        "preview": previews.look(file),
        "place": getattr(file.email, "place", None),
        "number": at + 1,
        "count": len(siblings),
        "before": siblings[at - 1] if at else None,
        "after": siblings[at + 1] if at + 1 < len(siblings) else None,
    }
    return render(request, f"incidents/preview{'_inside' if request.htmx else ''}.html", context)


@require_safe
@reads_letters
def picture(request: Request, pk: int) -> FileResponse:
    """A file that is a picture, to be looked at; anything else is not served here."""
    return serve_picture(opened(find(pk)))


@require_safe
@reads_letters
def page(request: Request, pk: int, number: int) -> HttpResponseBase:
    """One page of a PDF, drawn; the PDF itself never reaches the browser's own reader."""
    file = find(pk)
    if previews.expected(file) != "pages" or not 1 <= number <= previews.MOST_PAGES:
        raise Http404(_("There is no such page."))
    try:
        drawn = previews.page(file, number)
    except FileNotFoundError as error:
        raise Http404(_("The bytes of this letter are not in the store.")) from error
    if drawn.facts.get("problem") == "busy":
        return HttpResponse(status=503, headers={"Retry-After": "10"})
    if not drawn.image:
        raise Http404(_("There is no such page."))
    return guarded(HttpResponse(drawn.image, content_type="image/webp"))


@require_safe
@reads_notes
def note_file(request: Request, pk: int) -> FileResponse:
    """A file of a note: always a download, whatever it says it is."""
    file = get_object_or_404(NoteFile, pk=pk)
    return download(_opened_of_note(file), file.name, "application/octet-stream")


@require_safe
@reads_notes
def note_picture(request: Request, pk: int) -> FileResponse:
    """A file of a note that is a picture, to be looked at; anything else is not served here."""
    return serve_picture(_opened_of_note(get_object_or_404(NoteFile, pk=pk)))


def _opened_of_note(file: NoteFile) -> BinaryIO:
    try:
        return store.path(file.sha256).open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The bytes of this file are not in the store.")) from error


def find(pk: int) -> Attachment:
    return get_object_or_404(Attachment.objects.select_related("email__place__incident"), pk=pk)


def opened(file: Attachment) -> BinaryIO:
    """The bytes, or the page that says that they are gone."""
    try:
        return files.open_attachment(file)
    except FileNotFoundError as error:
        raise Http404(_("The bytes of this letter are not in the store.")) from error


def serve_picture(opened: BinaryIO) -> FileResponse:
    """Only what its first bytes prove to be a picture without scripts."""
    kind = previews.picture_type(opened)
    if not kind:
        opened.close()
        raise Http404(_("This part of the letter is no picture."))
    return guarded(FileResponse(opened, content_type=kind))


def download(opened: BinaryIO, name: str, content_type: str) -> FileResponse:
    return guarded(FileResponse(opened, as_attachment=True, filename=name, content_type=content_type))


def guarded(response: Answer) -> Answer:
    """With everything said that keeps a browser from running, sniffing or lending a stranger's bytes."""
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _FILE_POLICY
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = CACHE
    return response
