"""The language of letter templates: `{{ name }}`, `{% if %}`, `{% for %}` over named lists, and a few filters.

It is Django's own with everything else taken out: values are words, there is nothing to call, load or include. What
is wrong with a text is told all at once, with the line, in the reader's words.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from django.template import Context, Engine, Node, Template, TemplateSyntaxError
from django.template.base import FilterExpression, Lexer, Parser, Token, TokenType, Variable
from django.template.defaultfilters import capfirst, default, length, linebreaksbr, lower, upper
from django.template.defaulttags import do_for, do_if
from django.utils.translation import gettext as _

FILTERS = {"default": default, "upper": upper, "lower": lower, "capfirst": capfirst, "length": length}
HTML_FILTERS = {**FILTERS, "linebreaksbr": linebreaksbr}
LOOP_FACTS = frozenset({"counter", "first", "last"})
_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}")
_LOOP = re.compile(r"for\s+(\w+)\s+in\s+(\w+)")
_EMPTY_LINES = re.compile(r"\n{3,}")
_NEAR_ENOUGH = 0.6
# Conditions inside conditions.
DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that must be put right before the text can be used."""

    line: int
    words: str

    def __str__(self) -> str:
        return _("Line %(n)d: %(what)s") % {"n": self.line, "what": self.words} if self.line else self.words


@dataclass(frozen=True, slots=True)
class Scope:
    """What a text may name: words, and lists with the words that each of their items has."""

    names: frozenset[str]
    lists: Mapping[str, frozenset[str]]


class NotUnderstood(TemplateSyntaxError):
    """A tag that cannot be read; its message is for the one who wrote it."""


class Words(Template):
    """A text that has been read. `problems` is empty if it may be rendered; `used`: the names it asks for."""

    problems: list[Problem]
    used: frozenset[str]

    def __init__(self, source: str, scope: Scope, *, is_html: bool = False) -> None:
        self.scope, self.is_html = scope, is_html
        super().__init__(source.replace("\r\n", "\n"), engine=_HTML if is_html else _PLAIN)

    def compile_nodelist(self) -> Any:
        tokens = Lexer(self.source).tokenize()
        parser = _Reader(_without_lines_of_tags(tokens), self.scope, HTML_FILTERS if self.is_html else FILTERS)
        self.problems = [Problem(*each) for each in _lone_braces(tokens)]
        nodes: Any = []
        try:
            nodes = parser.parse()
        except (TemplateSyntaxError, RecursionError) as error:
            token: Token = getattr(error, "token", parser.here)
            said = str(error) if isinstance(error, NotUnderstood) else _not_read(token)
            parser.problems.append(Problem(_line(token), said))
        found = dict.fromkeys([*parser.problems, *self.problems])
        self.problems = sorted(found, key=lambda each: each.line)
        self.used = frozenset(parser.used)
        return nodes

    def fill(self, values: Mapping[str, Any]) -> str:
        """The text with these values in it; a name without a value is left out."""
        assert not self.problems
        filled = super().render(Context(dict(values), autoescape=self.is_html))
        return str(filled) if self.is_html else _EMPTY_LINES.sub("\n\n", filled)


class _Reader(Parser):
    """Knows two tags, and notes every name."""

    def __init__(self, tokens: list[Token], scope: Scope, filters: Mapping[str, Any]) -> None:
        super().__init__(tokens)
        self.tags.update({"if": do_if, "for": _for})
        self.filters.update(filters)
        self.scope = scope
        self.problems: list[Problem] = []
        self.used: set[str] = set()
        # The name of the item in the loop that is being read, and the words it has.
        self.loop: tuple[str, frozenset[str]] | None = None
        self.here = Token(TokenType.TEXT, "", lineno=1)
        self.depth = 0

    def parse(self, parse_until: Iterable[str] | None = None) -> Any:
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotUnderstood(_("Too many conditions stand inside each other."))
        nodes = super().parse(parse_until)
        self.depth -= 1
        return nodes

    def next_token(self) -> Token:
        self.here = super().next_token()
        return self.here

    def find_filter(self, filter_name: str) -> Any:
        if filter_name in self.filters:
            return self.filters[filter_name]
        said = _("There is no filter “%(name)s”. There are: %(known)s.")
        raise NotUnderstood(said % {"name": filter_name, "known": ", ".join(sorted(self.filters))})

    def invalid_block_tag(self, token: Token, command: str, parse_until: Iterable[str] | None = None) -> NoReturn:
        if command in ("endif", "else", "elif", "endfor", "empty"):
            said = _("{%% %(tag)s %%} closes nothing: the line where it begins is missing.")
        else:
            said = _("{%% %(tag)s %%} is not possible here. There are only {%% if %%} and {%% for %%}.")
        raise self.error(token, NotUnderstood(said % {"tag": command}))

    def unclosed_block_tag(self, parse_until: Iterable[str]) -> NoReturn:
        command, token = self.command_stack.pop()
        said = _("{%% %(tag)s %%} is never closed. Write {%% end%(tag)s %%} where it ends.") % {"tag": command}
        raise self.error(token, NotUnderstood(said))

    def compile_filter(self, token: str) -> FilterExpression:
        expression = super().compile_filter(token)
        for variable in _variables(expression):
            if variable.lookups is not None:
                is_counted = expression.var is variable and [each for each, _args in expression.filters[:1]] == [length]
                self._note(variable.lookups, is_counted=is_counted)
        return expression

    def _note(self, path: Sequence[str], *, is_counted: bool) -> None:
        name, rest = path[0], path[1:]
        if self.loop and name in (self.loop[0], "forloop"):
            known = self.loop[1] if name == self.loop[0] else LOOP_FACTS
            if len(rest) != 1 or rest[0] not in known:
                self._unknown(".".join(path), [f"{name}.{each}" for each in sorted(known)])
            return
        if rest or not (name in self.scope.names or name in self.scope.lists):
            self._unknown(".".join(path), sorted({*self.scope.names, *self.scope.lists}))
            return
        self.used.add(name)
        if name in self.scope.lists and not is_counted and self.here.token_type == TokenType.VAR:
            said = _("“%(name)s” is a list. Write {%% for item in %(name)s %%}…{%% endfor %%}.")
            self.problems.append(Problem(_line(self.here), said % {"name": name}))

    def _unknown(self, name: str, known: Sequence[str]) -> None:
        said = _("There is no variable “%(name)s”.") % {"name": name}
        near = difflib.get_close_matches(name, known, 1, _NEAR_ENOUGH)
        if near:
            said = _("There is no variable “%(name)s”. Perhaps “%(near)s”?") % {"name": name, "near": near[0]}
        self.problems.append(Problem(_line(self.here), said))


def _for(parser: _Reader, token: Token) -> Node:
    """A loop over one of the lists; loops do not stand in each other, so that no letter grows without bound."""
    found = _LOOP.fullmatch(token.contents)
    if found is None or found[2] not in parser.scope.lists:
        said = _("Write {%% for item in list %%}, where the list is one of: %(known)s.")
        raise NotUnderstood(said % {"known": ", ".join(sorted(parser.scope.lists))})
    if parser.loop:
        raise NotUnderstood(_("One {% for %} cannot stand inside another."))
    if found[1] in parser.scope.names or found[1] in parser.scope.lists or found[1] == "forloop":
        said = _("“%(name)s” means something already. Choose another name for the item.")
        raise NotUnderstood(said % {"name": found[1]})
    parser.loop = (found[1], parser.scope.lists[found[2]])
    node = do_for(parser, token)
    parser.loop = None
    return node


def _line(token: Token) -> int:
    return token.lineno or 0


def _variables(expression: FilterExpression) -> list[Variable]:
    arguments = [each for _filter, args in expression.filters for is_name, each in args if is_name]
    return [*([expression.var] if isinstance(expression.var, Variable) else []), *arguments]


def _not_read(token: Token) -> str:
    if not token.contents:
        return _("Nothing stands between the braces.")
    return _("“%(words)s” cannot be read.") % {"words": token.contents}


def _lone_braces(tokens: Iterable[Token]) -> list[tuple[int, str]]:
    """Braces that open or close nothing would reach the receiver as they are."""
    lone = []
    for token in tokens:
        if token.token_type == TokenType.TEXT:
            for found in _BRACES.finditer(token.contents):
                line = _line(token) + token.contents.count("\n", 0, found.start())
                lone.append((line, _("“%(braces)s” has no other half in its line.") % {"braces": found[0]}))
    return lone


def _without_lines_of_tags(tokens: Iterable[Token]) -> list[Token]:
    """A line that holds nothing but tags leaves no empty line in the letter."""
    kept = [Token(each.token_type, each.contents, each.position, each.lineno) for each in tokens]
    start = 0
    while start < len(kept):
        if kept[start].token_type != TokenType.BLOCK:
            start += 1
            continue
        end = start
        while end < len(kept) and kept[end].token_type == TokenType.BLOCK:
            end += 1
        before = kept[start - 1] if start else None
        after = kept[end] if end < len(kept) else None
        _join_around(before, after)
        start = end
    return kept


def _join_around(before: Token | None, after: Token | None) -> None:
    """Take the line end behind tags that begin their line."""
    begins = before is None or (before.token_type == TokenType.TEXT and _ends_line(before.contents))
    if begins and after and after.token_type == TokenType.TEXT and re.match(r"[ \t]*\n", after.contents):
        after.contents = after.contents.partition("\n")[2]
        # The text begins a line later than its line end stood; nothing reads the lines of texts from here on.
        if before:
            before.contents = before.contents.rstrip(" \t")


def _ends_line(text: str) -> bool:
    return not text.rpartition("\n")[2].strip() and ("\n" in text or not text)


_PLAIN, _HTML = Engine(autoescape=False), Engine(autoescape=True)
