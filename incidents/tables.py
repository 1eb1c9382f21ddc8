"""Which columns the desk has: cells are functions of incidents.cells, their order comes from the address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import django_tables2 as tables
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from incidents import cells
from incidents.cells import Draw, Reader


class Cell(tables.Column):  # type: ignore[misc]  # django_tables2 has no types
    """A column whose cells `draw` draws, about `rem` wide as in desk.css and chips.css.

    `sorts`: the orders its heading offers, the usual first.
    """

    def __init__(
        self, draw: Draw, title: Any, css: str, *, rem: int, icon: str = "", sorts: tuple[str, ...] = ()
    ) -> None:
        super().__init__(verbose_name=title, orderable=False, empty_values=())
        self.draw, self.css, self.icon, self.sorts = draw, css, icon, sorts
        self.rem = rem


class DeskTable(tables.Table):  # type: ignore[misc]
    """Incidents as the desk lists them: one line of 24 px each."""

    unread = Cell(cells.unread, _("Unread"), "dot", rem=1)
    code = Cell(cells.code, _("Code"), "code", rem=4, sorts=("-opened", "opened"))
    subject = Cell(cells.subject, _("Subject"), "subj", rem=11)
    site = Cell(cells.site, _("Site"), "site", rem=10)
    status = Cell(cells.status, _("Status"), "st", rem=10)
    assignee = Cell(cells.assignee, _("Assignee"), "who", rem=2, icon="user")
    clock = Cell(cells.clock, _("Deadline"), "sla", rem=5, sorts=("due", "-due"))
    changed = Cell(cells.changed, _("Changed"), "upd", rem=3, icon="history", sorts=("-changed", "changed"))
    # For whoever chooses them; the usual ones are named in incidents.looks.
    opened = Cell(cells.opened, _("Opened"), "opened more", rem=5, sorts=("-opened", "opened"))
    type = Cell(cells.type_, _("Type"), "type more", rem=9)
    priority = Cell(cells.priority, _("Priority"), "priority more", rem=6)
    operator = Cell(cells.operator, _("Operator"), "operator more", rem=6)
    station = Cell(cells.station, _("Station"), "station more", rem=5)
    region = Cell(cells.region, _("Region"), "region more", rem=6)
    contractor = Cell(cells.contractor, _("Contractor"), "contractor more", rem=9)
    ball = Cell(cells.ball, _("Whose move"), "ball more", rem=7)
    requester = Cell(cells.requester, _("Requester"), "requester more", rem=9)

    class Meta:
        template_name = "incidents/desk_table.html"

    def __init__(self, *args: Any, filters: Any, columns: Sequence[str], reader: Reader, **kwargs: Any) -> None:
        hidden = [name for name in self.base_columns if name not in columns]
        super().__init__(*args, sequence=columns, exclude=hidden, **kwargs)
        shown = [self.base_columns[name] for name in columns]
        # The stylesheet has a least width for every eighth.
        self.rem = -(-sum(each.rem for each in shown) // 8) * 8
        self.sort, self.order_of_page = filters.sort, filters.order
        self.sorts_allowed = filters.sorts_allowed
        self.cells, self.reader = [(each.css, each.draw) for each in shown], reader

    def lines(self) -> Iterator[SafeString]:
        """The rows as HTML."""
        for incident in self.data:
            yield cells.row(incident, self.cells, self.order_of_page, self.reader)
