"""HTML bodies turned into text, with their quotations marked."""

import html as entities
import re

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
from mailbox.parsing.quotes import HISTORY_MARK
from mailbox.parsing.storable import storable

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_ANY_TAG = re.compile(r"<[^<>]*>")
_LINE_TAG = re.compile(r"<(?:/p|br|/div|/tr|/li|/h\d|/table)\b[^<>]*>", re.IGNORECASE)
# These close themselves or each other, so they do not nest by being left open.
_FLAT = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "dd",
        "dt",
        "embed",
        "hr",
        "img",
        "input",
        "li",
        "link",
        "meta",
        "option",
        "p",
        "param",
        "source",
        "td",
        "th",
        "tr",
        "wbr",
    )
)
_PLACE = "\ue000{}\ue001"
_PLACES = re.compile("\ue000(\\d+)\ue001")
_HISTORY_PLACE = "\ue002"
_PRIVATE = re.compile("[\ue000-\ue002]")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_TRAILING = re.compile(r"[ \t\u00a0]+\n")
_BLANK_LINES = re.compile(r"\n{3,}")
_XML = re.compile(r"^\s*<\?xml[^>]*\?>", re.IGNORECASE)
_FORWARD = re.compile(r"^\W*(?:forwarded message|пересылаемое|пересланное|перенаправленное)", re.I)
_BORDER_TOP = re.compile(
    r"border:\s*none;\s*border-top:\s*solid #(?:E1E1E1|B5C4DF)|border-top:\s*#(?:E1E1E1|B5C4DF)", re.I
)
_HISTORY_IDS = frozenset(("divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container"))
_QUOTE_CLASSES = frozenset(("gmail_quote", "gmail_quote_container", "yahoo_quoted", "moz-cite"))
_NOT_TEXT = ("script", "style", "head", "title", "template", "noscript")


def is_too_complex(html: str) -> bool:
    """Whether tags are so many, or nest so deeply, that parsers get slow or give up."""
    depth = 0
    for count, tag in enumerate(_TAG.finditer(html)):
        if count >= limits.HTML_TAGS:
            return True
        if tag[2].lower() not in _FLAT:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > limits.HTML_NESTING:
                return True
    return False


def crude_text(html: str) -> str:
    """The words of HTML that no parser should touch."""
    text = _ANY_TAG.sub(" ", _LINE_TAG.sub("\n", html))
    return storable(entities.unescape(text))


def html_to_text(html: str) -> str:
    """HTML as plain text: quotations get "> ", the start of history a line with HISTORY_MARK."""
    tree = _tree(html)
    if tree is None:
        return ""
    etree.strip_elements(tree, *_NOT_TEXT, etree.Comment, with_tail=False)
    _mark_history(tree)
    quotes = _take_out_quotes(tree)
    text = _PLACES.sub(lambda place: _as_quote(quotes[int(place[1])]), _inscribe(tree))
    text = _BLANK_LINES.sub("\n\n", _TRAILING.sub("\n", storable(text)))
    return text.replace(_HISTORY_PLACE, HISTORY_MARK).strip("\n ")


def _tree(html: str) -> HtmlElement | None:
    cleaned = _XML.sub("", _PRIVATE.sub("", storable(html)))
    if not cleaned.strip():
        return None
    try:
        return document_fromstring(cleaned.encode(), parser=HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def _inscribe(tree: HtmlElement) -> str:
    for element in tree.iter(etree.Element):
        # Margins are blank lines and spaces in the text, as many as a sender likes.
        if _HIDDEN.search(element.attrib.pop("style", "")):
            element.set("style", "display: none")
    # The other profile puts spaces round every <span>, which cuts site codes in two.
    text: str = Inscriptis(tree, ParserConfig(css=CSS_PROFILES["strict"])).get_text()
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
