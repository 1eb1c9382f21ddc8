"""What HTML of a letter may hold, so that every mail program shows it alike and none hides, blocks or runs anything.

Pure: HTML in, sentences about what is wrong out, each with its line.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

WIDEST = 600
# Gmail hides what is beyond; a long quotation at the end may be hidden.
MOST_BYTES = 100_000
# The rest of a long list helps nobody.
MOST_PROBLEMS = 20
_VOID = frozenset({"br", "hr", "meta"})
_FRAME = frozenset({"html", "head", "meta", "title", "body"})
_SHOWN = (
    "a b blockquote br center code div em font h1 h2 h3 h4 hr i li ol p pre s small span strong sub sup table tbody td "
    "tfoot th thead tr u ul"
)
_HEEDED = (
    "align bgcolor border cellpadding cellspacing charset color colspan content dir face height href lang name rel "
    "role rowspan size start style target title type valign width"
)
_TAGS, _ATTRIBUTES = frozenset(_SHOWN.split()), frozenset(_HEEDED.split())
_WHY_NOT: dict[str, str] = {
    "style": gettext_noop('many programs drop it; write the style at each element: style="…"'),
    "link": gettext_noop('nothing is loaded into a letter; write the style at each element: style="…"'),
    "script": gettext_noop("nothing runs in a letter"),
    "img": gettext_noop("pictures are not loaded, and many programs hide them; attach the file to the letter"),
    **dict.fromkeys(_FRAME, gettext_noop("leave it out, every letter has it already")),
}
_DIFFERS = gettext_noop("mail programs show it differently; leave it out")
_LOADS = re.compile(r"url\s*\(|@import|expression|\\", re.IGNORECASE)
_FLOATS = frozenset({"position", "float", "grid", "flex", "columns", "transform", "animation", "transition"})
_MODERN_DISPLAY = re.compile(r"flex|grid")
_PIXELS = re.compile(r"(\d+)(?:\.\d+)?(?:px)?")
_LINKS = ("http://", "https://", "mailto:", "tel:", "{{")


def broken(html: str, *, is_whole: bool = False) -> list[str]:
    """What is wrong with this HTML, the first things first; empty if nothing. `is_whole`: with its frame."""
    reader = _Reader(_TAGS | _FRAME if is_whole else _TAGS)
    reader.feed(html)
    reader.end()
    if not is_whole and len(html.encode("utf-8", "replace")) > MOST_BYTES:
        reader.problems.append(_("The letter is larger than 100 kB in HTML: mail programs show the beginning only."))
    return list(dict.fromkeys(reader.problems))[:MOST_PROBLEMS]


class _Reader(HTMLParser):
    def __init__(self, tags: frozenset[str]) -> None:
        super().__init__()
        self._tags = tags
        self._open: list[tuple[str, int]] = []
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._tags:
            self._say(_("<%(tag)s>: %(why)s.") % {"tag": tag, "why": _(_WHY_NOT.get(tag, _DIFFERS))})
        else:
            for name, value in attrs:
                self._attribute(tag, name, (value or "").strip())
        if tag not in _VOID:
            self._open.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()
            if tag in self._tags:
                self._say(
                    _("<%(tag)s/>: programs read it as an opening tag; write <%(tag)s></%(tag)s>.") % {"tag": tag}
                )

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID or len(self.problems) > MOST_PROBLEMS:
            return
        if all(name != tag for name, _line in reversed(self._open)):
            self._say(_("</%(tag)s> closes nothing.") % {"tag": tag})
            return
        while (last := self._open.pop())[0] != tag:
            self._not_closed(*last)

    def handle_comment(self, data: str) -> None:
        if "[if" in data or "[endif" in data:
            self._say(_("Comments for single mail programs are not allowed."))

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(f"[if {data}")

    def end(self) -> None:
        """All is read: whatever is still open stays so."""
        if self.rawdata:
            self._say(_("A tag is not finished: a “>” or a quotation mark is missing."))
        for tag, line in self._open:
            self._not_closed(tag, line)

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on"):
            self._say(_("%(name)s: nothing runs in a letter.") % {"name": name})
        elif name in ("class", "id"):
            self._say(_("%(name)s has no effect in a letter; write the style at the element.") % {"name": name})
        elif name not in _ATTRIBUTES:
            self._say(_("%(name)s at <%(tag)s> has no effect in a letter.") % {"name": name, "tag": tag})
        elif name == "href" and not value.lower().startswith(_LINKS):
            self._say(_("A link needs its whole address: https://…, mailto:… or tel:…"))
        elif name == "width":
            self._width(value)
        elif name == "style":
            self._style(value)

    def _style(self, style: str) -> None:
        if _LOADS.search(style):
            self._say(_("A style loads something from elsewhere; letters load nothing."))
            return
        for declaration in style.lower().split(";"):
            name, _colon, value = (part.strip() for part in declaration.partition(":"))
            if name in _FLOATS or (name == "display" and _MODERN_DISPLAY.search(value)):
                self._say(_("%(name)s: many programs do not know it; lay out by tables.") % {"name": name})
            elif name in ("width", "min-width", "max-width"):
                self._width(value)

    def _width(self, value: str) -> None:
        pixels = _PIXELS.fullmatch(value)
        if pixels and int(pixels[1]) > WIDEST:
            self._say(_("%(n)s pixels are too wide: letters are at most 600.") % {"n": pixels[1]})

    def _not_closed(self, tag: str, line: int) -> None:
        if tag in self._tags:
            self._say(_("<%(tag)s> is not closed.") % {"tag": tag}, line)

    def _say(self, what: str, line: int = 0) -> None:
        self.problems.append(_("Line %(line)d: %(what)s") % {"line": line or self.getpos()[0], "what": what})
