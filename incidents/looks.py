"""How the list looks to a person: its columns and their order, the height of a row, how many rows a page has.

The address says it, so that a link shows what its sender saw; where it says nothing, the last choice of this
browser holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import QueryDict

from incidents.paging import SIZE
from incidents.tables import DeskTable

SIZES = (25, 50, 100)
DENSE, ROOMY = "dense", "roomy"
USUAL_COLUMNS = ("unread", "code", "subject", "site", "status", "assignee", "clock", "changed")
# Without it a row could not be opened.
FIXED = "subject"
BETWEEN = "."


@dataclass(frozen=True, slots=True)
class Look:
    """A way to show the list; `said`: the part that the address names, as links carry it on."""

    columns: tuple[str, ...] = USUAL_COLUMNS
    density: str = DENSE
    size: int = SIZE
    said: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, address: QueryDict, remembered: str = "") -> Look:
        """What the address says, else what this browser remembers, else the usual; nonsense counts as not said."""
        said, known = _said(address), _said(QueryDict(remembered))
        both = {**known, **said}
        return cls(
            columns=tuple(both["cols"].split(BETWEEN)) if "cols" in both else USUAL_COLUMNS,
            density=both.get("rows", DENSE),
            size=int(both.get("n", SIZE)),
            said=said,
        )

    @property
    def words(self) -> dict[str, str]:
        """All of it as an address says it."""
        return {"cols": BETWEEN.join(self.columns), "rows": self.density, "n": str(self.size)}

    @property
    def remembered(self) -> str:
        said = QueryDict(mutable=True)
        said.update(self.words)
        return said.urlencode()

    @property
    def columns_to_choose(self) -> list[tuple[str, str, bool]]:
        """Every column with its title, those shown first and in their order."""
        hidden = [name for name in DeskTable.base_columns if name not in self.columns]
        titles = {name: str(column.verbose_name) for name, column in DeskTable.base_columns.items()}
        return [(name, titles[name], name in self.columns) for name in (*self.columns, *hidden)]


def moved(columns: list[str], name: str, step: int) -> list[str]:
    """The columns with one of them a place further; at an end it stays."""
    if name not in columns:
        return columns
    others = [each for each in columns if each != name]
    others.insert(max(0, columns.index(name) + step), name)
    return others


def _said(address: QueryDict) -> dict[str, str]:
    """The look in an address, each part only if it can be shown. A form sends each column for itself."""
    asked = BETWEEN.join(address.getlist("cols")).split(BETWEEN)
    asked = moved(moved(asked, address.get("left", ""), -1), address.get("right", ""), 1)
    columns = list(dict.fromkeys(name for name in asked if name in DeskTable.base_columns))
    said = {}
    if columns:
        said["cols"] = BETWEEN.join(columns if FIXED in columns else [*columns, FIXED])
    density, size = str(address.get("rows", "")), str(address.get("n", ""))
    if density in (DENSE, ROOMY):
        said["rows"] = density
    if size in [str(each) for each in SIZES]:
        said["n"] = size
    return said
