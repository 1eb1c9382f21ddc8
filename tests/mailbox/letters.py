"""Letters for tests, written by us and named by what is odd about them."""

from pathlib import Path

from mailbox.parsing import ParsedEmail, parse

LETTERS = Path(__file__).parent.parent / "letters"


def raw(name: str) -> bytes:
    return (LETTERS / f"{name}.eml").read_bytes()


def read(name: str) -> ParsedEmail:
    return parse(raw(name))


def problems(letter: ParsedEmail) -> set[str]:
    return {problem.code for problem in letter.problems}
