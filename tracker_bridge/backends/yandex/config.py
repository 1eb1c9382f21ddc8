"""What has to be known of an organisation and its queue to work there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# The tracker's documented limits.
COMMENTS_OF_AN_ISSUE = 1000
VERSIONS_OF_AN_ISSUE = 10_100
LONGEST_COMMENT = 512_000
LONGEST_SUMMARY = 255


@dataclass(frozen=True, slots=True)
class YandexConfig:
    """`fields` leads from our names to the ids of fields over there; a local field's id may be given short."""

    queue: str
    organisation: str
    url: str = "https://api.tracker.yandex.net"
    # Where people see issues.
    pages: str = "https://tracker.yandex.ru"
    # Organisations of Yandex Cloud are named by another header than those of Yandex 360.
    is_cloud: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    # Keys of statuses that the mapping uses; `check` looks whether they exist.
    statuses: frozenset[str] = frozenset()
    # Pairs of them between which issues have to be moved, and the values that fields with options have to offer, by our
    # names. Asked for anew, since administrators add some.
    steps: Callable[[], frozenset[tuple[str, str]]] = frozenset
    values: Callable[[], Mapping[str, tuple[str, ...]]] = dict
    # The type of issue that we create.
    issue_type: str = "incident"
    largest_file: int = 50 * 1024 * 1024
