"""How files of letters and notes are named and marked on the card and in their preview."""

from __future__ import annotations

from django import template

from incidents import previews
from incidents.models import NoteFile
from mailbox.models import Attachment

register = template.Library()

_ICONS = {"picture": "photo", "pages": "file-text", "text": "file-text", "letter": "mail"}
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tar")


@register.filter
def file_icon(file: Attachment | NoteFile) -> str:
    """A name of static/icons.svg."""
    if file.name.lower().endswith(_ARCHIVES):
        return "file-zip"
    return _ICONS.get(previews.expected(file), "paperclip")


@register.filter
def shows(file: Attachment) -> bool:
    """Whether a click should look into the file before anybody downloads it."""
    return bool(previews.expected(file))
