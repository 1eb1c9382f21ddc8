"""Which parts are the body and which are attachments, and the body as text and as HTML."""

import html as entities
import re
from dataclasses import dataclass, field

from mailbox.parsing import limits
from mailbox.parsing.attachments import attachment, content_id, file_name, make_attachment
from mailbox.parsing.charset import decode
from mailbox.parsing.html import crude_text, html_to_text, is_too_complex
from mailbox.parsing.mime import Part
from mailbox.parsing.model import ParsedAttachment
from mailbox.parsing.problems import Problems
from mailbox.parsing.storable import storable
from mailbox.parsing.transfer import uuencoded

_META_CHARSET = re.compile(rb"<meta[^<>]{0,200}?charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_CID = re.compile(r"cid:([^\"'\s>)]+)", re.IGNORECASE)
_LOOKS_HTML = re.compile(r"\s*(?:<!doctype html|<html\b)", re.IGNORECASE)


@dataclass(slots=True)
class Section:
    """One stretch of the body: in plain text, in HTML, or in both as alternatives."""

    text: str = ""
    html: str = ""


@dataclass(slots=True)
class Body:
    """All that a letter contains."""

    text: str = ""
    # The text with marks for mailbox.parsing.quotes where HTML told where quotations stand.
    marked_text: str = ""
    html: str = ""
    attachments: list[ParsedAttachment] = field(default_factory=list)


class BodyReader:
    """Turns the tree of one letter into its body and attachments."""

    def __init__(self, problems: Problems, hint: str = "") -> None:
        self._hint = hint
        self._problems = problems
        self._parts: list[tuple[Part, bool]] = []
        self._files: list[ParsedAttachment] = []

    def read(self, root: Part) -> Body:
        sections = self._sections(root, is_root=True)
        if not any(section.text.strip() or section.html.strip() for section in sections):
            sections = self._inline_files()
        html = self._joined_html(sections)
        marked = "\n\n".join(filter(None, (self._plain(section) for section in sections)))
        marked = self._cut(marked, limits.TEXT_CHARS, "text-cut")
        named = {found.lower() for found in _CID.findall(html)}
        attachments = [
            attachment(
                part,
                inline=inline or (content_id(part).lower() in named and bool(content_id(part))),
                number=number,
                problems=self._problems,
            )
            for number, (part, inline) in enumerate(self._parts, start=1)
        ]
        return Body(marked, marked, html, attachments + self._files)

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
            return Section(html=self._cut(text, limits.HTML_CHARS, "html-cut"))
        return Section(text=self._without_uuencoded(text))

    def _inline_files(self) -> list[Section]:
        """Named text parts that are to be shown, when nothing else in the letter is."""
        return [
            self._section(part)
            for part, _inline in self._parts
            if part.disposition.main != "attachment" and part.kind in ("text/plain", "text/html")
        ]

    def _alternatives(self, part: Part) -> list[Section]:
        """One section that holds the best plain and the best HTML form of the same words."""
        text = html = ""
        for child in part.children:
            sections = self._sections(child)
            plain = "\n\n".join(section.text for section in sections if section.text.strip())
            text = text or plain
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
        data = part.content()
        if not part.is_intact():
            encoding = part.headers.text("content-transfer-encoding")
            self._problems.add("transfer-damaged", encoding or part.kind)
        declared = part.charset
        if part.kind == "text/html" and not declared and (meta := _META_CHARSET.search(data[:4096])):
            declared = meta[1].decode("ascii", "replace")
        text, guessed = decode(data[: limits.TEXT_CHARS * 4], declared, self._hint)
        if guessed and guessed != "utf-8":
            # Undeclared UTF-8 is no guess: nothing else looks like it.
            self._problems.add("charset-guessed", guessed)
        return storable(text)

    def _without_uuencoded(self, text: str) -> str:
        """The text without the files that old programs wrote into it; these become attachments."""
        if "\nend" not in text:
            return text
        data = text.encode("utf-8")
        kept, at = b"", 0
        for name, content, start, end in uuencoded(data):
            kept, at = kept + data[at:start], end
            self._files.append(
                make_attachment(
                    content,
                    original_name=name,
                    fallback=f"file-{len(self._files) + 1}.bin",
                    content_type="application/octet-stream",
                )
            )
        return (kept + data[at:]).decode("utf-8") if at else text

    def _plain(self, section: Section) -> str:
        if section.text.strip() or not section.html:
            return section.text.strip("\n")
        if is_too_complex(section.html):
            self._problems.add("html-too-complex")
            return crude_text(section.html)
        return html_to_text(section.html)

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

    def _cut(self, text: str, limit: int, code: str) -> str:
        if len(text) <= limit:
            return text
        self._problems.add(code, f"{limit}")
        return text[:limit]


def _is_body(part: Part, *, is_root: bool) -> bool:
    if part.disposition.main == "attachment":
        return False
    if part.kind in ("text/plain", "text/html"):
        return is_root or not file_name(part)
    # A letter that is nothing but text of an unusual kind is still readable.
    return is_root and part.kind.startswith("text/") and not file_name(part)
