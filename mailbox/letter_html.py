"""Words of our letters in HTML, as every mail program shows them: tables and inline styles, nothing to load or to run.

Colours are left to the program that shows a letter, so that it reads well by day and by night.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from mailbox import html_rules
from mailbox.parsing.html import html_to_text
from mailbox.parsing.quotes import without_marks
from mailbox.quoting import Quotation

WIDTH = html_rules.WIDEST
_FONT = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.5"
_QUIET = "font-size:13px;opacity:0.8"
# `Pole: 41960-P-43-1-1`, line after line.
_FACT = re.compile(r"(?P<name>[^\W\d_][^:\n]{0,40}):[ \t]+(?P<value>\S.*)")
_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]»]")
# Codes of incidents, poles and stations are read out and copied whole.
_HYPHENATED = re.compile(r"\b\w++(?:-\w++)+")
_LONGEST_CODE = 32
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)


def twin(text: str) -> str:
    """A whole letter of these words, to be looked at before it is written."""
    return page(paragraphs(text))


def page(words: str, quotation: Quotation | None = None) -> str:
    """A letter in HTML: the words, which are markup already, and what they answer."""
    below = _quoted(quotation) if quotation else ""
    return (
        '<!doctype html><html lang="ru"><head><meta charset="utf-8">'
        '<meta name="color-scheme" content="light dark"></head><body style="margin:0;padding:0">'
        f'<table role="presentation" width="{WIDTH}" cellpadding="0" cellspacing="0" border="0" '
        f'style="width:100%;max-width:{WIDTH}px">'
        f'<tr><td style="padding:16px;{_FONT};word-break:break-word">{words}{below}</td></tr></table></body></html>\n'
    )


def paragraphs(text: str) -> str:
    """Text as markup: paragraphs, facts in a table, links, and the signature set apart."""
    words, signature = _apart(text.replace("\r\n", "\n").strip())
    blocks = [each.strip("\n") for each in re.split(r"\n[ \t]*\n", words) if each.strip()]
    shown = "".join(_facts(each) or f'<p style="margin:0 0 14px 0">{_lines(each, _unbroken)}</p>' for each in blocks)
    return shown + (f'<p style="margin:18px 0 0 0;{_QUIET}">{_lines(signature)}</p>' if signature else "")


def check(html: str) -> list[str]:
    """What is wrong with words in HTML that are to stand in a letter, in the reader's language; empty if nothing."""
    return html_rules.broken(html)


def text_of(html: str) -> str:
    """The words of HTML as plain text."""
    return without_marks(html_to_text(html)).strip()


def unsaid(html: str, text: str) -> list[str]:
    """Words that the HTML says and the text does not; a letter says the same in both."""
    said = set(_words(text))
    return [word for word in dict.fromkeys(_words(text_of(html))) if word not in said]


def _apart(text: str) -> tuple[str, str]:
    """The words and the signature behind its dashes, which stay: mail programs know it by them."""
    dashes = list(_SIGNATURE.finditer(text))
    if not dashes:
        return text, ""
    at = dashes[-1].start()
    return text[:at].rstrip(), text[at:].strip()


def _facts(block: str) -> str:
    """The block as a table where each line is a name and a value; "" for any other."""
    found = [_FACT.fullmatch(line.strip()) for line in block.split("\n")]
    facts = [each for each in found if each]
    if len(facts) < 2 or len(facts) < len(found):
        return ""
    rows = "".join(
        f'<tr><td width="140" valign="top" style="padding:3px 12px 3px 0;opacity:0.75">{escape(each["name"])}:</td>'
        f'<td valign="top" style="padding:3px 0">{_lines(each["value"], _unbroken)}</td></tr>'
        for each in facts
    )
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0" '
        f'style="margin:0 0 14px 0;{_FONT}">{rows}</table>'
    )


def _quoted(quotation: Quotation) -> str:
    pieces, depth = [], 0
    for level, text in quotation.levels():
        pieces.append(_bar("") * (level - depth) if level > depth else "</blockquote>" * (depth - level))
        pieces.append(_lines(text))
        depth = level
    words = "".join([*pieces, "</blockquote>" * depth])
    if quotation.is_passed_on:
        return f'<p style="margin:22px 0 14px 0;{_QUIET}">{_lines(quotation.head)}</p><div>{words}</div>'
    return f'<p style="margin:22px 0 6px 0;{_QUIET}">{_lines(quotation.head)}</p>{_bar(_QUIET)}{words}</blockquote>'


def _bar(style: str) -> str:
    end = f";{style}" if style else ""
    return f'<blockquote type="cite" style="margin:0;padding:0 0 0 12px;border-left:2px solid #9ca3af{end}">'


def _lines(text: str, words: Callable[[str], str] = escape) -> str:
    pieces, at = [], 0
    for link in _LINK.finditer(text):
        address = escape(link[0])
        pieces += [words(text[at : link.start()]), f'<a href="{address}">{address}</a>']
        at = link.end()
    return "".join([*pieces, words(text[at:])]).replace("\n", "<br>")


def _unbroken(text: str) -> str:
    """Words of ours, escaped, whose codes stay in one line."""
    return _HYPHENATED.sub(
        lambda found: f'<span style="white-space:nowrap">{found[0]}</span>' if _is_code(found[0]) else found[0],
        escape(text),
    )


def _is_code(word: str) -> bool:
    return len(word) <= _LONGEST_CODE and any(each.isdigit() for each in word)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
