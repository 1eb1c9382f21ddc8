"""What of the third-party front end is shipped: the rules and the letters that pages use, nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MARK = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|url\([^"\')]*\)|[(),;{}]', re.DOTALL)
CLASS = re.compile(r"\.(-?[A-Za-z_](?:[\w-]|\\.)*)")
# Rules for parts that Tabler ships for other libraries; there is no such part here.
FOREIGN = re.compile(r"\[data-vc")
# What stands in brackets of an attribute or behind :not() asks for no class.
NO_CLASS = re.compile(r"\[[^\]]*\]|:not\([^)]*\)")
FONT_TOOLS = "fonttools[woff]==4.60.1"
# Weights that css/tokens.css and its followers ask for.
WEIGHTS = "wght=400:700"
# Latin with its accents, Cyrillic, and the signs of Russian and English texts.
LETTERS = (
    "U+0020-007E,U+00A0,U+00A7,U+00A9,U+00AB,U+00B0-00B7,U+00BB,U+00C0-00FF,U+0300-045F,U+0490,U+0491,U+04B0,U+04B1,"
    "U+2009-2026,U+202F,U+2030,U+2032-203A,U+20AC,U+20BD,U+2116,U+2122,U+2190-2193,U+2212,U+2260-2265"
)
# Words without their alternative shapes; codes without the ligatures of programmers.
FEATURES = {"inter": "ccmp,locl,kern,mark,calt,tnum", "jetbrains": ""}


def cut_css(css: str, classes: set[str]) -> str:
    """The rules whose classes are all in `classes`, and the variables that these rules need."""
    credit = re.match(r"(?:@charset[^;]*;)?\s*(/\*!.*?\*/)", css, re.DOTALL)
    kept = _rules(re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL), classes)
    return f"{credit[1] if credit else ''}\n{_without_idle(kept)}\n"


def cut_font(path: Path) -> None:
    """Leave out, in place, what no page shows. Needs the network: the tools are fetched for this one time."""
    features = FEATURES[path.name.split("-")[0]]
    _font_tool("fonttools", "varLib.instancer", "-q", str(path), WEIGHTS, "-o", str(path))
    options = [f"--unicodes={LETTERS}", f"--layout-features={features}", "--flavor=woff2", f"--output-file={path}"]
    _font_tool("pyftsubset", str(path), *options)


def _font_tool(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", "tool", "run", "--from", FONT_TOOLS, *words], check=True)


def _split(text: str, at: str) -> Iterator[str]:
    """Parts of the text between `at`, where it stands outside of brackets and strings."""
    start = depth = 0
    for found in MARK.finditer(text):
        mark = found[0]
        depth += (mark in "({") - (mark in ")}")
        if mark == at and depth == 0:
            yield text[start : found.start()]
            start = found.end()
    yield text[start:]


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """(what stands before the braces, what stands in them); statements without braces are left out."""
    start = depth = opened = 0
    for found in MARK.finditer(css):
        if found[0] == "{":
            opened = found.start() if depth == 0 else opened
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened].strip(), css[opened + 1 : found.start()]
                start = found.end()
        elif found[0] == ";" and depth == 0:
            start = found.end()


def _is_used(selector: str, classes: set[str]) -> bool:
    return not FOREIGN.search(selector) and set(CLASS.findall(NO_CLASS.sub("", selector))) <= classes


def _rules(css: str, classes: set[str]) -> str:
    kept = []
    for head, body in _blocks(css):
        if head.startswith(("@media", "@supports")):
            head, body = head, _rules(body, classes)
        elif head.startswith("@"):
            # Neither animations nor fonts of Tabler are in use.
            continue
        else:
            head = ",".join(each for each in _split(head, ",") if _is_used(each, classes))
        if head and body:
            kept.append(f"{head}{{{body}}}")
    return "\n".join(kept)


def _without_idle(css: str) -> str:
    """Without the variables that nothing asks for, and without the rules that are empty then."""
    while True:
        asked = set(re.findall(r"var\(\s*(--[\w-]+)", css))
        lean = _only(css, asked)
        if lean == css:
            return css
        css = lean


def _only(css: str, asked: set[str]) -> str:
    kept = []
    for head, body in _blocks(css):
        if head.startswith("@"):
            inside = _only(body, asked)
        else:
            parts = (each.strip() for each in _split(body, ";"))
            inside = ";".join(p for p in parts if p and (not p.startswith("--") or p.split(":")[0].strip() in asked))
        if inside:
            kept.append(f"{head}{{{inside}}}")
    return "\n".join(kept)
