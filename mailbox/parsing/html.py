"""HTML bodies: read once into a tree that no parser chokes on, then turned into text with quotations marked."""

import html as entities
import re
from collections.abc import Iterator

from inscriptis import Inscriptis
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import etree
from lxml.html import (
    HtmlElement,
    HTMLParser,
    document_fromstring,
    fragment_fromstring,
)

from mailbox.parsing import limits
from mailbox.parsing.html_tables import BOUNDED_TABLES
from mailbox.parsing.quotes import HISTORY_MARK
from mailbox.parsing.storable import storable

# A tag as browsers split it, with no more attributes than a parser should compare with each other.
_TAG = re.compile(
    r"<[a-zA-Z][^\s/>]*+(?:[\s/]*+[^\s/>][^\s/>=]*+"
    r"(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+)?+)?+)"
    rf"{{0,{limits.HTML_ATTRIBUTES}}}+[\s/]*+(>?)"
)
_CLOSED_TAG = re.compile(r"<[^<>]*>")
_UNSHOWN = re.compile(r"<!--.*?-->|<(style|head|title|script)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# Outlook's styles alone may take as much.
_LONGEST_BLANK = 20_000
_LINE_TAG = re.compile(r"<(?:/p|br|/div|/tr|/li|/h\d|/table)\b[^<>]*>", re.IGNORECASE)
# A browser opens these again in every block that they were not closed before.
_FORMATTING = frozenset(
    ("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
)
_PLACE = "\ue000{}\ue001"
_PLACES = re.compile("\ue000(\\d+)\ue001")
_HISTORY_PLACE = "\ue002"
_PRIVATE = re.compile("[\ue000-\ue002]")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_TRAILING = re.compile(r"(?<![ \t\u00a0])[ \t\u00a0]++\n")
_BLANK_LINES = re.compile(r"\n{3,}")
_XML = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_FORWARD = re.compile(r"^\W*(?:forwarded message|пересылаемое|пересланное|перенаправленное)", re.I)
_BORDER_TOP = re.compile(
    r"border:\s*none;\s*border-top:\s*solid #(?:E1E1E1|B5C4DF)|border-top:\s*#(?:E1E1E1|B5C4DF)", re.I
)
_HISTORY_IDS = frozenset(("divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container"))
_QUOTE_CLASSES = frozenset(("gmail_quote", "gmail_quote_container", "yahoo_quoted", "moz-cite"))
_NOT_TEXT = ("script", "style", "head", "title", "template", "noscript")
# Inline tags that other profiles put spaces round, which cuts site codes in two.
_CONFIG = ParserConfig(css=CSS_PROFILES["strict"], custom_html_tag_handler_mapping=BOUNDED_TABLES)


class Page:
    """One HTML body. `text` takes the tree apart: ask for `markup` before it."""

    def __init__(self, html: str) -> None:
        self._html = html
        is_endless = _has_endless_tag(html)
        self._tree = None if is_endless else _tree(html)
        self.elements = 0
        self.is_too_complex = is_endless or self._is_bomb()

    def markup(self) -> str:
        """The same page written anew, every tag closed; "" when it is too complex."""
        if self._tree is None or self.is_too_complex:
            return ""
        written: str = etree.tostring(self._tree, encoding="unicode", method="html")
        return written

    def text(self) -> str:
        """Plain text: quotations get "> ", the start of history a line with HISTORY_MARK."""
        if self.is_too_complex:
            return crude_text(self._html)
        tree, self._tree = self._tree, None
        return "" if tree is None else _text(tree)

    def _is_bomb(self) -> bool:
        """Whether elements are so many or nest so deeply, or formatting would be repeated so often, that it hurts."""
        repeated = 0
        for depth, weight in _walk(self._tree):
            self.elements += 1
            repeated += weight
            if self.elements > limits.HTML_TAGS or depth > limits.HTML_NESTING or repeated > limits.HTML_REPEATED:
                return True
        return self._html.count("&") > limits.HTML_ENTITIES


def html_to_text(html: str) -> str:
    """HTML as plain text, whatever it is."""
    return Page(html).text()


def is_blank(html: str) -> bool:
    """Whether a page shows nothing, as programs write it that pass something on without a word."""
    if len(html) > _LONGEST_BLANK or "<img" in html.lower():
        return False
    return not entities.unescape(_CLOSED_TAG.sub("", _UNSHOWN.sub("", html))).strip()


def crude_text(html: str) -> str:
    """The words of HTML that no parser should touch."""
    text = _CLOSED_TAG.sub(" ", _LINE_TAG.sub("\n", html))
    return storable(entities.unescape(text))


def _has_endless_tag(html: str) -> bool:
    """Whether some tag has more attributes than HTML_ATTRIBUTES; parsers take minutes over ten thousands."""
    return any(not tag[1] and tag.end() < len(html) for tag in _TAG.finditer(html))


def _tree(html: str) -> HtmlElement | None:
    cleaned = _XML.sub("", _PRIVATE.sub("", html))
    if not cleaned.strip():
        return None
    try:
        return document_fromstring(cleaned.encode("utf-8", "replace"), parser=HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def _walk(tree: HtmlElement | None) -> Iterator[tuple[int, int]]:
    """(depth, characters of formatting tags round it) of each element."""
    waiting = [] if tree is None else [(tree, 1, 0)]
    while waiting:
        element, depth, weight = waiting.pop()
        yield depth, weight
        if element.tag in _FORMATTING:
            weight += 16 + sum(len(value) for value in element.attrib.values())
        waiting.extend((child, depth + 1, weight) for child in element)


def _text(tree: HtmlElement) -> str:
    etree.strip_elements(tree, *_NOT_TEXT, etree.Comment, with_tail=False)
    _mark_history(tree)
    quotes = _take_out_quotes(tree)
    text = _PLACES.sub(lambda place: _as_quote(quotes[int(place[1])]), _inscribe(tree))
    text = _BLANK_LINES.sub("\n\n", _TRAILING.sub("\n", storable(text)))
    return text.replace(_HISTORY_PLACE, HISTORY_MARK).strip("\n ")


def _inscribe(tree: HtmlElement) -> str:
    for element in tree.iter(etree.Element):
        # Margins are blank lines and spaces in the text, as many as a sender likes.
        if _HIDDEN.search(element.attrib.pop("style", "")):
            element.set("style", "display: none")
    text: str = Inscriptis(tree, _CONFIG).get_text()
    return text


def _mark_history(tree: HtmlElement) -> None:
    """Outlook puts no tag round its history, only something in front of it."""
    for element in tree.iter("div", "hr", "span"):
        style = element.get("style") or ""
        if element.get("id") in _HISTORY_IDS or _BORDER_TOP.search(style):
            mark = fragment_fromstring("<p></p>")
            mark.text = _HISTORY_PLACE
            if element.getparent() is not None:
                element.addprevious(mark)
            return


def _take_out_quotes(tree: HtmlElement) -> list[str]:
    """Replace each outermost quotation by a numbered place; returns their texts."""
    texts: list[str] = []
    taken: set[HtmlElement] = set()
    for element in [element for element in tree.iter("blockquote", "div") if _is_quote(element)]:
        parent = element.getparent()
        if parent is None or not taken.isdisjoint(element.iterancestors()):
            continue
        taken.add(element)
        texts.append(_inscribe(element))
        place = fragment_fromstring("<p></p>")
        place.text = _PLACE.format(len(texts) - 1)
        place.tail, element.tail = element.tail, None
        parent.replace(element, place)
    return texts


def _is_quote(element: HtmlElement) -> bool:
    classes = set((element.get("class") or "").split())
    if classes & _QUOTE_CLASSES:
        return not _FORWARD.match(element.text_content()[:200])
    if element.tag != "blockquote":
        return False
    # Gmail and Outlook indent a paragraph with a blockquote that has no border.
    style = (element.get("style") or "").replace(" ", "").lower()
    return element.get("type") == "cite" or "border:none" not in style


def _as_quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip("\n").split("\n"))
