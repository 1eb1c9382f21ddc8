"""Which columns the desk has. Cells are templates; the order comes from the address, never from here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from incidents.models import Incident
from incidents.paging import Cursor


class Cell(tables.Column):  # type: ignore[misc]  # django_tables2 has no types
    """A column drawn by incidents/desk_cells/<name>.html, about `rem` wide as in desk.css and chips.css.

    `sorts`: the orders its heading offers, the usual first.
    """

    def __init__(
        self, name: str, title: Any, css: str, *, rem: int, icon: str = "", sorts: tuple[str, ...] = ()
    ) -> None:
        super().__init__(verbose_name=title, orderable=False, empty_values=())
        # Included by the row's template: a TemplateColumn would run every context processor for every cell.
        self.template, self.css, self.icon, self.sorts = f"incidents/desk_cells/{name}.html", css, icon, sorts
        self.rem = rem


def _row_class(record: Incident) -> str:
    return "dk-row unread" if record.has_news else "dk-row"


def _row_key(record: Incident, table: DeskTable) -> str:
    return str(Cursor.of(record, table.order_of_page))


class DeskTable(tables.Table):  # type: ignore[misc]
    """Incidents as the desk lists them: one line of 24 px each. Pages find a row by `#rows [data-code]`."""

    unread = Cell("unread", _("Unread"), "dot", rem=1)
    code = Cell("code", _("Code"), "code", rem=4, sorts=("-opened", "opened"))
    subject = Cell("subject", _("Subject"), "subj", rem=11)
    site = Cell("site", _("Site"), "site", rem=10)
    status = Cell("status", _("Status"), "st", rem=10)
    assignee = Cell("assignee", _("Assignee"), "who", rem=2, icon="user")
    clock = Cell("clock", _("Deadline"), "sla", rem=5, sorts=("due", "-due"))
    changed = Cell("changed", _("Changed"), "upd", rem=3, icon="history", sorts=("-changed", "changed"))
    # For whoever chooses them; the usual ones are named in incidents.looks.
    opened = Cell("opened", _("Opened"), "opened more", rem=5, sorts=("-opened", "opened"))
    type = Cell("type", _("Type"), "type more", rem=9)
    operator = Cell("operator", _("Operator"), "operator more", rem=6)
    station = Cell("station", _("Station"), "station more", rem=5)
    region = Cell("region", _("Region"), "region more", rem=6)
    contractor = Cell("contractor", _("Contractor"), "contractor more", rem=9)
    ball = Cell("ball", _("Whose move"), "ball more", rem=7)
    requester = Cell("requester", _("Requester"), "requester more", rem=9)

    class Meta:
        template_name = "incidents/desk_table.html"
        row_attrs = {"class": _row_class, "data-code": lambda record: record.code, "data-key": _row_key}  # noqa: RUF012

    def __init__(self, *args: Any, filters: Any, columns: Sequence[str], **kwargs: Any) -> None:
        hidden = [name for name in self.base_columns if name not in columns]
        super().__init__(*args, sequence=columns, exclude=hidden, **kwargs)
        # The stylesheet has a least width for every eighth.
        self.rem = -(-sum(self.base_columns[name].rem for name in columns) // 8) * 8
        self.sort, self.order_of_page = filters.sort, filters.order
        self.sorts_allowed = filters.sorts_allowed
