"""Which parts are the body and which are attachments, and the body as text and as HTML."""

import html as entities
import re
from dataclasses import dataclass, field

from mailbox.parsing import limits
from mailbox.parsing.attachments import attachment, content_id, file_name, make_attachment
from mailbox.parsing.charset import decode
from mailbox.parsing.html import Page, is_blank
from mailbox.parsing.mime import Part
from mailbox.parsing.model import ParsedAttachment
from mailbox.parsing.problems import Problems
from mailbox.parsing.stand_ins import calendar_text, forwarded_letter, letter_head
from mailbox.parsing.storable import storable
from mailbox.parsing.transfer import Encoded, uuencoded
from mailbox.parsing.winmail import Winmail, is_winmail, open_winmail

_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_CID = re.compile(r"cid:([^\"'\s>)]{1,998})", re.IGNORECASE)
_LOOKS_HTML = re.compile(r"\s*(?:<!doctype html|<html\b)", re.IGNORECASE)
# Other forms of the same words, which nobody needs to have as files.
_LESSER_FORMS = frozenset(("text/enriched", "text/richtext", "text/x-amp-html", "text/watch-html"))
# Letters passed on as files that are shown when there is nothing else.
_SHOWN_LETTERS = 5


@dataclass(slots=True)
class Section:
    """One stretch of the body: in plain text, in HTML, or in both as alternatives."""

    text: str = ""
    html: str = ""


@dataclass(slots=True)
class Body:
    """All that a letter contains."""

    # The text with marks for mailbox.parsing.quotes where HTML told where quotations stand.
    marked_text: str = ""
    html: str = ""
    # The HTML with every tag closed; "" when there is none or it is too complex to be shown.
    markup: str = ""
    attachments: list[ParsedAttachment] = field(default_factory=list)
    # Nothing here was written by the sender: the text is that of a letter passed on as a file.
    is_passed_on: bool = False


class BodyReader:
    """Turns the tree of one letter into its body and attachments."""

    def __init__(self, problems: Problems, hint: str = "", *, depth: int = 0) -> None:
        self._hint = hint
        self._problems = problems
        self._depth = depth
        self._parts: list[tuple[Part, bool]] = []
        self._files: list[ParsedAttachment] = []
        self._winmails: dict[int, Winmail | None] = {}
        self._is_passed_on = False
        # What may still be read, over all parts.
        self._text_left = limits.TEXT_CHARS
        self._html_left = limits.HTML_CHARS
        self._elements = 0

    def read(self, root: Part) -> Body:
        sections = self._sections(root, is_root=True)
        self._winmails = {number: self._open(part) for number, (part, _) in enumerate(self._parts) if is_winmail(part)}
        body = self._shown(self._or_stand_ins(sections))
        named = {found.lower() for found in _CID.findall(body.html)}
        for number, (part, inline) in enumerate(self._parts):
            if winmail := self._winmails.get(number):
                body.attachments += winmail.files(named)
                continue
            inline = inline or (content_id(part).lower() in named and bool(content_id(part)))
            body.attachments.append(attachment(part, inline=inline, number=number + 1, problems=self._problems))
        body.attachments += self._files
        body.is_passed_on = self._is_passed_on
        return body

    def marked_text(self, root: Part) -> str:
        """The text alone, for a letter that only stands in another one."""
        return self._shown(self._or_stand_ins(self._sections(root, is_root=True))).marked_text

    def _open(self, part: Part) -> Winmail | None:
        winmail = open_winmail(part)
        if winmail is None:
            self._problems.add("winmail-damaged")
        return winmail

    def _or_stand_ins(self, sections: list[Section]) -> list[Section]:
        """The sections, or when there is nothing to read in them, the next best thing."""
        if _are_readable(sections):
            return sections
        for stand_in in (self._inline_files, self._winmail_bodies, self._calendars, self._passed_on):
            if _are_readable(found := stand_in()):
                return found
        return sections

    def _shown(self, sections: list[Section]) -> Body:
        pages = [self._page(section) for section in sections]
        html = self._joined_html(sections)
        markup = self._markup(sections, pages) if html else ""
        texts = [
            section.text.strip("\n") if section.text.strip() else page.text() if page else ""
            for section, page in zip(sections, pages, strict=True)
        ]
        return Body(self._cut("\n\n".join(filter(None, texts)), limits.TEXT_CHARS, "text-cut"), html, markup)

    def _page(self, section: Section) -> Page | None:
        if not section.html:
            return None
        page = Page(section.html)
        self._elements += page.elements
        page.is_too_complex = page.is_too_complex or self._elements > limits.HTML_TAGS
        if page.is_too_complex:
            self._problems.add("html-too-complex")
        return page

    def _markup(self, sections: list[Section], pages: list[Page | None]) -> str:
        if any(page is not None and page.is_too_complex for page in pages):
            return ""
        pieces = [
            page.markup() if page is not None else f"<pre>{entities.escape(section.text)}</pre>"
            for section, page in zip(sections, pages, strict=True)
            if section.html or section.text.strip()
        ]
        return "\n".join(pieces)

    def _sections(self, part: Part, *, is_root: bool = False) -> list[Section]:
        if part.children:
            if part.kind == "multipart/alternative":
                return self._alternatives(part)
            if part.kind == "multipart/related":
                return self._related(part)
            return [section for child in part.children for section in self._sections(child)]
        if part.kind.startswith("multipart/"):
            return []
        if not _is_body(part, is_root=is_root):
            inline = part.disposition.main == "inline" and part.kind.startswith("image/")
            self._parts.append((part, inline))
            return []
        return [self._section(part)]

    def _section(self, part: Part) -> Section:
        text = self._text(part)
        if part.kind == "text/html" or _LOOKS_HTML.match(text):
            html = self._cut(text, self._html_left, "html-cut", limits.HTML_CHARS)
            self._html_left -= len(html)
            return Section(html=html)
        text = self._cut(text, self._text_left, "text-cut", limits.TEXT_CHARS)
        self._text_left -= len(text)
        return Section(text=text)

    def _inline_files(self) -> list[Section]:
        """Named text parts that are to be shown, when nothing else in the letter is."""
        return [
            self._section(part)
            for part, _inline in self._parts
            if part.disposition.main != "attachment" and part.kind in ("text/plain", "text/html")
        ]

    def _winmail_bodies(self) -> list[Section]:
        letters = [winmail.letter for winmail in self._winmails.values() if winmail]
        return [
            Section(
                self._cut(storable(letter.text), limits.TEXT_CHARS, "text-cut"),
                self._cut(storable(letter.html), limits.HTML_CHARS, "html-cut"),
            )
            for letter in letters[:_SHOWN_LETTERS]
        ]

    def _calendars(self) -> list[Section]:
        calendars = [part for part, _inline in self._parts if part.kind == "text/calendar"]
        return [Section(storable(calendar_text(part, self._hint))) for part in calendars[:_SHOWN_LETTERS]]

    def _passed_on(self) -> list[Section]:
        """The words of letters that the sender passes on as files without any of his own."""
        if self._depth >= limits.PASSED_ON_NESTING:
            return []
        texts: list[str] = []
        letters = [part for part, _inline in self._parts if part.kind in ("message/rfc822", "message/global")]
        for part in letters[:_SHOWN_LETTERS]:
            inner = forwarded_letter(part)
            reader = BodyReader(Problems(), inner.headers.hint, depth=self._depth + 1)
            texts.append(f"{letter_head(inner.headers)}\n\n{reader.marked_text(inner)}".strip())
        self._is_passed_on = any(texts)
        return [Section(text) for text in texts]

    def _alternatives(self, part: Part) -> list[Section]:
        """One section that holds the best plain and the best HTML form of the same words."""
        text = html = ""
        for child in part.children:
            if child.kind in _LESSER_FORMS and len(part.children) > 1 and not file_name(child):
                continue
            sections = self._sections(child)
            plain = "\n\n".join(section.text for section in sections if section.text.strip())
            if not text or (child.kind == "text/plain" and plain.strip() not in text):
                # Some programs put different plain texts side by side; none may be lost.
                text = f"{text}\n\n{plain}" if text else plain
            html = self._joined_html(sections) or html
        return [Section(text, html)]

    def _related(self, part: Part) -> list[Section]:
        start = part.content_type.params.get("start", "").strip("<> ")
        root = next(
            (child for child in part.children if start and content_id(child) == start),
            part.children[0],
        )
        sections = self._sections(root)
        for child in part.children:
            if child is not root:
                sections += self._sections(child)
        return sections

    def _text(self, part: Part) -> str:
        if not part.body.is_intact:
            encoding = part.headers.text("content-transfer-encoding")
            self._problems.add("transfer-damaged", encoding or part.kind)
        # Four bytes are the longest character of any usual alphabet.
        most = 4 * limits.TEXT_CHARS
        left = self._html_left if part.kind == "text/html" else self._text_left
        if not left and part.body.end > part.body.start:
            self._problems.add("html-cut" if part.kind == "text/html" else "text-cut", str(limits.TEXT_CHARS))
        data = self._without_uuencoded(part.body, most) if left else b""
        declared = part.charset
        if part.kind == "text/html" and not declared and (meta := _META_CHARSET.search(data[:4096])):
            declared = meta[1].decode("ascii", "replace")
        text, guessed = decode(data, declared, self._hint)
        if guessed and guessed != "utf-8":
            # Undeclared UTF-8 is no guess: nothing else looks like it.
            self._problems.add("charset-guessed", guessed)
        # One character more than fits tells that something was cut; line ends may take two.
        return storable(text[: 2 * limits.TEXT_CHARS])

    def _without_uuencoded(self, body: Encoded, most: int) -> bytes:
        """The first bytes of a text without the files that old programs wrote into it; these become attachments."""
        if body.encoding:
            data = body.head(most)
            body = Encoded(data, 0, len(data))
        if body.data.find(b"\nend", body.start, body.end) < 0:
            return body.head(most)
        kept, at = bytearray(), body.start
        for file in uuencoded(body.data, body.start, body.end):
            kept += body.data[at : min(file.start, at + most)]
            at = file.end
            self._files.append(
                make_attachment(
                    file.encoded,
                    file.encoded.digest(),
                    original_name=file.name,
                    fallback=f"file-{len(self._files) + 1}.bin",
                    content_type="application/octet-stream",
                )
            )
        kept += body.data[at : min(body.end, at + most)]
        return bytes(kept[:most])

    def _joined_html(self, sections: list[Section]) -> str:
        """The HTML of all sections, plain ones between them included; "" when none has HTML."""
        if not any(section.html for section in sections):
            return ""
        if len(sections) == 1:
            return sections[0].html
        pieces = [
            section.html or f"<pre>{entities.escape(section.text)}</pre>"
            for section in sections
            if section.html or section.text.strip()
        ]
        return self._cut("\n".join(pieces), limits.HTML_CHARS, "html-cut")

    def _cut(self, text: str, left: int, code: str, limit: int | None = None) -> str:
        """As much of the text as is left of the limit; what is lost is reported with the limit."""
        if len(text) <= left:
            return text
        self._problems.add(code, str(limit or left))
        return text[:left]


def _are_readable(sections: list[Section]) -> bool:
    return any(section.text.strip() or not is_blank(section.html) for section in sections)


def _is_body(part: Part, *, is_root: bool) -> bool:
    if part.disposition.main == "attachment":
        return False
    if part.kind in ("text/plain", "text/html"):
        return is_root or not file_name(part)
    # A letter that is nothing but text of an unusual kind is still readable.
    return is_root and part.kind.startswith("text/") and part.kind != "text/calendar" and not file_name(part)
