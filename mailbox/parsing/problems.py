"""What went wrong while reading a letter: codes for programs, English texts for the catalogue."""

from dataclasses import dataclass

from mailbox.parsing.storable import one_line


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a reader of the letter should know. `detail` fills `%(detail)s` of the text."""

    code: str
    detail: str = ""


def gettext_noop(message: str) -> str:
    """Mark a text for makemessages; the page that shows it translates it."""
    return message


PROBLEM_TEXTS = {
    "letter-cut": gettext_noop("The letter is too large (%(detail)s bytes); only its beginning was fetched."),
    "unreadable": gettext_noop("The letter could not be read: %(detail)s."),
    "header-cut": gettext_noop("The header %(detail)s is too long and was cut."),
    "headers-cut": gettext_noop("The letter has too many headers; the rest was left out."),
    "header-malformed": gettext_noop("A line among the headers is no header: %(detail)s."),
    "recipients-cut": gettext_noop("Too many recipients; only the first %(detail)s were kept."),
    "references-cut": gettext_noop("Too many references; only %(detail)s of them were kept."),
    "parts-cut": gettext_noop("The letter has too many parts; only %(detail)s were read."),
    "nesting-cut": gettext_noop("Parts nested deeper than %(detail)s levels were not opened."),
    "boundary-missing": gettext_noop("The borders between the letter's parts are damaged."),
    "transfer-damaged": gettext_noop("The encoding of a part is damaged or unknown: %(detail)s."),
    "charset-guessed": gettext_noop("A text names no usable alphabet; read as %(detail)s."),
    "text-cut": gettext_noop("The text is too long; only the first %(detail)s characters were kept."),
    "html-cut": gettext_noop("The HTML is too long; only the first %(detail)s characters were kept."),
    "html-too-complex": gettext_noop("The HTML is too complicated and is shown as plain text."),
    "date-unreadable": gettext_noop("The date cannot be read: %(detail)s."),
    "from-missing": gettext_noop("The letter does not say who sent it."),
    "message-id-missing": gettext_noop("The letter has no Message-ID."),
    "winmail-damaged": gettext_noop("The file winmail.dat is damaged and could not be unpacked."),
    "substitute": gettext_noop(
        "The mail server could not hand this letter over and put a notice in its place. "
        "The letter itself can be read in Outlook or the server's web mail."
    ),
    "encrypted": gettext_noop("The letter is encrypted and cannot be read here."),
}


class Problems:
    """Collects problems in order of discovery, each (code, detail) once."""

    # A hostile letter could otherwise report thousands of malformed lines.
    LIMIT = 50

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, code: str, detail: str = "") -> None:
        if len(self._found) < self.LIMIT:
            self._found.setdefault(Problem(code, one_line(detail, 200)))

    def as_tuple(self) -> tuple[Problem, ...]:
        return tuple(self._found)
