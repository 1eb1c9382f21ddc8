"""Typed words as the indexes of words understand them."""

from __future__ import annotations

import re

from django.contrib.postgres.search import SearchQuery

from mailbox.models.letters import JOINTS

CONFIG = "russian"
# A dash that joins; one before a word means "without it", as web searches have it.
_INNER_JOINT = re.compile(rf"(?<=\w)[{re.escape(JOINTS)}]+(?=\w)")
# A dash that neither joins nor denies; PostgreSQL takes a row of them for denials of denials, and gives up.
_LONE_MINUS = re.compile(r"(?<=[^\s])-|-(?![\w\"])")


def web_query(text: str) -> SearchQuery:
    """The words of a question as a web search understands them: "…" together, or, -without. No text breaks it."""
    opened = _LONE_MINUS.sub(" ", _INNER_JOINT.sub(" ", text))
    return SearchQuery(opened, config=CONFIG, search_type="websearch")
