"""New words, quotation and signature told apart, line by line, in Russian and English letters.

A quotation that a person cannot tell from new text is left in: hiding too little beats hiding news.
"""

import re
from dataclasses import dataclass

# A line of its own that says: all below is history. Set by mailbox.parsing.html, never by a sender,
# for control characters are dropped from every text before.
HISTORY_MARK = "\x01"

_MAX_LINE = 1_000
_SIGNATURE_LINES = 20
_ATTRIBUTION_LINES = 4
_HEADER_LINES = 2

_WROTE = re.compile(
    r"(?:wrote|writes|написала?|написал\(а\)|написал\(-а\)|пишет|писала?|писал\(а\)|schrieb|"
    r"a écrit|écrit|escribió|ha scritto|написав|написала|пише)"
    r"(?:\s+(?:в сообщении|в письме|следующее|in message)\b.{0,100})?\s*[:：]$",
    re.IGNORECASE,
)
_GERMAN = re.compile(r"^Am .{6,200} schrieb .{1,200}:$")
_DATE = re.compile(
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}|\b\d{1,2}:\d{2}\b|"
    r"\b\d{1,2}\.?\s+[^\W\d_]{3,10}\.?,?\s+\d{4}|[^\W\d_]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}"
)
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,100}")
_BEGINS_ATTRIBUTION = re.compile(
    r"^(?:On\b|В\b|Am\b|Le\b|El\b|Il\b|\d{1,2}[\s./]|\d{4}-|[^\W\d_]{2,12},?\s+\d|[^\W\d_]{2,12}, |"
    r"[\"<\w].{0,100}@|.{0,100}(?:wrote|writes|пишет|написал|писал))",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"^[\s>*]*[-_=]{2,}\s*(?:исходное сообщение|оригинальное сообщение|original message|"
    r"original appointment|reply message|ursprüngliche nachricht|message d'origine)\s*[-_=]{2,}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"^\s*(?:[-_=]{2,}\s*(?:forwarded message|пересылаемое сообщение|пересланное сообщение|"
    r"перенаправленное сообщение|переадресованное сообщение|forwarded by\b.{0,100})|"
    r"begin forwarded message:|начало переадресованного сообщения:|"
    r"начало пересылаемого сообщения:)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^[\s*]*(?:(?P<sender>from|от(?: кого)?|отправитель|von|de|від)|"
    r"(?P<other>sent|date|to|cc|subject|reply-to|importance|"
    r"кому|копия|дата|отправлено|тема|дата отправки|важность|gesendet|an|betreff|datum))"
    r"\s*+(?:[*]\s*+)?[:：]",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*(?:[_=\-—–*]\s*){3,}$")
_SIGNATURE_DASHES = re.compile(r"^(?:--|—|– ?–|__)\s*$")
_CLOSING = re.compile(
    r"^\s*(?:--\s*)?(?:с\s+(?:наилучшими\s+|глубоким\s+|большим\s+)?"
    r"(?:уважением|пожеланиями|благодарностью)|искренне ваш|"
    r"(?:with\s+)?(?:best|kind|warm|many)\s+(?:regards|wishes)|regards,?$|(?:yours\s+)?sincerely)\b",
    re.IGNORECASE,
)
_MOBILE = re.compile(
    r"^\s*(?:отправлено (?:с|из)\s.{2,60}|sent from (?:my|mail|yahoo|outlook|the)\b.{0,60}|"
    r"get outlook for .{2,40}|скачать outlook для .{2,40}|получите outlook для .{2,40})$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]{2,}|\d")


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts of a text; joined they may differ from it in blank lines only."""

    reply: str
    quoted: str
    signature: str


def split_text(text: str, *, forward: bool = False) -> Split:
    """Tell new words from quotation and signature; everything is new when no word would be left.

    A forwarded letter is what its sender wants to say, so it is never cut off.
    """
    lines = text.split("\n")
    quoted = _quoted_lines(lines, forward=forward)
    kept = [line for line, is_quoted in zip(lines, quoted, strict=True) if not is_quoted]
    gone = [line for line, is_quoted in zip(lines, quoted, strict=True) if is_quoted]
    # What is passed on stands below the signature of whoever passes it on.
    end = next((index for index, line in enumerate(kept) if _FORWARDED.match(line[:_MAX_LINE])), len(kept))
    start = _signature_start(kept[:end])
    start, end = (start, end) if start < end else (_signature_start(kept), len(kept))
    reply = _tidy([*kept[:start], *kept[end:]])
    if not _WORD.search(reply):
        return Split(without_marks(text).strip(), "", "")
    return Split(reply, _tidy(gone), _tidy(kept[start:end]))


def without_marks(text: str) -> str:
    """The text without the lines that mailbox.parsing.html added for this module."""
    return text.replace(HISTORY_MARK + "\n", "").replace(HISTORY_MARK, "")


def _tidy(lines: list[str]) -> str:
    text = "\n".join(lines[: _last_real_line(lines) + 1])
    return without_marks(text).strip("\n").rstrip()


def _last_real_line(lines: list[str]) -> int:
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].strip() and not _RULE.match(lines[index][:_MAX_LINE]):
            return index
    return -1


def _quoted_lines(lines: list[str], *, forward: bool) -> list[bool]:
    """For each line whether it is quotation."""
    flags = [False] * len(lines)
    index = 0
    while index < len(lines):
        line = lines[index][:_MAX_LINE].strip()
        if line.startswith(">"):
            flags[index] = True
        elif _FORWARDED.match(line):
            break
        elif _starts_history(lines, index, line, forward=forward):
            flags[index:] = [True] * (len(lines) - index)
            break
        elif (length := _attribution(lines, index, line)) > 0:
            flags[index : index + length] = [True] * length
            index += length
            if not _quotation_follows(lines, index):
                flags[index:] = [True] * (len(lines) - index)
                break
            continue
        index += 1
    return flags


def _starts_history(lines: list[str], index: int, line: str, *, forward: bool) -> bool:
    if forward:
        return False
    if line == HISTORY_MARK or _ORIGINAL.match(line):
        return True
    return _is_header_block(lines, index, line)


def _is_header_block(lines: list[str], index: int, line: str) -> bool:
    """Two or more labels of a letter's header in a row, the sender among them."""
    if not _LABEL.match(line):
        return False
    labels = senders = blank = 0
    for following in lines[index : index + 12]:
        found = _LABEL.match(following[:_MAX_LINE])
        if found is None:
            # Some programs put blank lines between; a long Кому: list goes on in the next line.
            blank += 1
            if blank > 1 or labels == 0:
                break
            continue
        blank = 0
        labels += 1
        senders += found["sender"] is not None
    return labels >= _HEADER_LINES and senders > 0


def _attribution(lines: list[str], index: int, line: str) -> int:
    """How many lines the "NN wrote on DD:" takes that begins here; 0 when none begins."""
    if not line or not _BEGINS_ATTRIBUTION.match(line):
        return 0
    joined = ""
    for length in range(1, _ATTRIBUTION_LINES + 1):
        if index + length > len(lines):
            return 0
        piece = lines[index + length - 1][:_MAX_LINE].strip()
        if not piece or piece.startswith(">") or piece == HISTORY_MARK:
            return 0
        joined = f"{joined} {piece}".strip()
        if piece.endswith((":", "：")):
            return length if _is_attribution(joined, lines, index + length) else 0
    return 0


def _is_attribution(joined: str, lines: list[str], behind: int) -> bool:
    dated = _DATE.search(joined) is not None
    if _WROTE.search(joined) or _GERMAN.match(joined):
        return dated or _quotation_follows(lines, behind)
    # Yandex and Mail.ru leave the verb out: «12.05.2026, 10:00, "Имя" <a@b>:».
    return dated and _ADDRESS.search(joined) is not None


def _quotation_follows(lines: list[str], index: int) -> bool:
    for line in lines[index : index + 3]:
        if line.strip():
            return line.lstrip().startswith(">")
    return False


def _signature_start(lines: list[str]) -> int:
    """The line where the signature begins; the end of the text when there is none."""
    real = [index for index, line in enumerate(lines) if line.strip()]
    # A closing far above the end is followed by more text, not by a signature; a first line is none.
    for index in real[max(1, len(real) - _SIGNATURE_LINES - 1) :]:
        line = lines[index][:_MAX_LINE]
        if _SIGNATURE_DASHES.match(line) or _CLOSING.match(line) or _MOBILE.match(line):
            return index
    return len(lines)
