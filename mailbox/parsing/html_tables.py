"""Tables as text, which the converter pads with blanks to equal widths: no more of them than memory allows."""

from typing import Any

from inscriptis.model.canvas import Canvas
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.table import Table
from inscriptis.model.tag import CustomHtmlTagHandlerMapping

# Characters of all tables with their padding; one long cell above thousands of short ones would fill gigabytes.
_MAX_CHARS = 3_000_000
_MAX_COLUMNS = 200


class _Room:
    """What is left for the padding of one text."""

    left = _MAX_CHARS


class BoundedTable(Table):  # type: ignore[misc]  # inscriptis has no types
    """A table that gives up its columns, but none of its words, when they would take too much room."""

    __slots__ = ("room",)

    def __init__(self, left_margin_len: int, cell_separator: str, room: _Room) -> None:
        super().__init__(left_margin_len, cell_separator)
        self.room = room

    def get_text(self) -> str:
        size = self._padded_size()
        if size <= self.room.left:
            self.room.left -= size
            text: str = super().get_text()
            return text
        lines = ("  ".join(" ".join(cell.get_text().split()) for cell in row.columns) for row in self.rows)
        return "\n".join(lines) + "\n"

    def get_annotations(self, idx: int, left_margin_len: int) -> list[Any]:
        """None: nobody asks for them, and they need columns."""
        return []

    def _padded_size(self) -> int:
        """At most so many characters would the table take."""
        widths = [0] * max((len(row.columns) for row in self.rows), default=0)
        if len(widths) > _MAX_COLUMNS:
            return _MAX_CHARS + 1
        lines = 0
        for row in self.rows:
            tallest = 1
            for column, cell in enumerate(row.columns):
                cell.flush_inline()
                pieces = [line for block in cell.blocks for line in block.split("\n")] or [""]
                widths[column] = max(widths[column], max(len(piece) for piece in pieces))
                tallest = max(tallest, len(pieces))
            lines += tallest
        return lines * sum(widths)


def _open_table(state: HtmlDocumentState, _attributes: dict[str, Any]) -> None:
    state.tags[-1].set_canvas(Canvas())
    margin, separator = state.tags[-1].canvas.left_margin, state.config.table_cell_separator
    room = state.__dict__.setdefault("room_for_tables", _Room())
    state.current_table.append(BoundedTable(margin, separator, room))


BOUNDED_TABLES = CustomHtmlTagHandlerMapping(start_tag_mapping={"table": _open_table}, end_tag_mapping={})
