"""Letters as the browser gets them. What a stranger wrote never runs, loads or frames anything."""

from __future__ import annotations

import re
from html import escape, unescape

from django.conf import settings
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from config.web import Request
from incidents.views.files import CACHE, download, opened, reads_letters, serve_picture
from mailbox import store
from mailbox.models import Attachment, Email

# No scripts, no forms, no navigation of the page around; links open a new window, the page may measure the frame.
_SANDBOX = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
_CID = re.compile(r'(?<= src=")cid:([^"]*)(?=")')
_REMOTE = re.compile(r'(?<= )data-remote-src="(?:https?:)?//')


@require_safe
@reads_letters
def body(request: Request, pk: int) -> HttpResponse:
    """The letter's own look for a sandboxed frame; `?images=1` lets it load pictures from elsewhere."""
    email = get_object_or_404(Email.objects.only("safe_html", "text", "subject"), pk=pk)
    images = request.GET.get("images") == "1"
    if email.safe_html:
        inside, look = _with_pictures(email, remote=images), "html"
    else:
        inside, look = f"<pre>{escape(email.text)}</pre>", "text"
    page = (
        f'<!doctype html><html lang="{escape(get_language() or settings.LANGUAGE_CODE)}"><head><meta charset="utf-8">'
        f'<title>{escape(email.subject)}</title><base target="_blank"><style>{_STYLES[look]}</style></head>'
        f"<body>{inside}</body></html>"
    )
    response = HttpResponse(page)
    pictures = "'self' data: https:" if images else "'self' data:"
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'self'; {_SANDBOX}"
    )
    response["Referrer-Policy"] = "no-referrer"
    # Looking up the names of its links would already tell the sender that the letter is being read.
    response["X-DNS-Prefetch-Control"] = "off"
    response["Cache-Control"] = CACHE
    return response


@require_safe
@reads_letters
def original(request: Request, pk: int) -> FileResponse:
    """The letter byte for byte as the server gave it."""
    email = get_object_or_404(Email.objects.only("sha256"), pk=pk)
    try:
        raw = store.path(email.sha256).open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The bytes of this letter are not in the store.")) from error
    return download(raw, f"letter-{pk}.eml", "message/rfc822")


@require_safe
@reads_letters
def inline_image(request: Request, pk: int, content_id: str) -> FileResponse:
    """A picture that the letter's HTML shows by Content-ID; anything that is no picture is not served here."""
    file = Attachment.objects.filter(email_id=pk, content_id=content_id).select_related("email").first()
    if file is None:
        raise Http404(_("The letter has no such picture."))
    return serve_picture(opened(file))


def _with_pictures(email: Email, *, remote: bool) -> str:
    """The letter's HTML with its own pictures, and on request those from elsewhere, over HTTPS only."""

    def own(found: re.Match[str]) -> str:
        content_id = unescape(found[1]).strip("<> ")
        return escape(reverse("incidents:letter_inline", args=[email.pk, content_id])) if content_id else ""

    html = _CID.sub(own, email.safe_html)
    return _REMOTE.sub('referrerpolicy="no-referrer" src="https://', html) if remote else html


_BASE = "body{margin:0;padding:12px;background:#fff;color:#1d1b22;overflow-wrap:break-word;"
# The frame is always paper: letters are written for a white ground and say only half of their colours.
_STYLES = {
    "html": _BASE + "font:14px/1.5 system-ui,sans-serif}img{max-width:100%;height:auto}table{max-width:100%}"
    "body>:first-child{margin-top:0}body>:last-child{margin-bottom:0}",
    "text": _BASE + "}pre{margin:0;font:13px/1.5 ui-monospace,Consolas,monospace;white-space:pre-wrap}",
}
