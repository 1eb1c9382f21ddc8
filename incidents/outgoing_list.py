"""The list of letters of ours: what its address asks for, its pages, how many are on their way or went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import QueryDict

from incidents import ledger
from incidents.codes import code_in_subject
from incidents.models import IncidentEmail, WrittenLetter
from incidents.paging import Cursor
from mailbox import outbox
from mailbox.models import Outgoing, SmtpAccount
from mailbox.models.outgoing import ADDRESSES

SIZE = 50
NEWEST = ("-queued_at", "-id")
MOST_NEW = 100
MOST_TEXT = 200
# An incident with more letters of ours is a mail loop; the newest are what matters of it.
MOST_LETTERS = 2_000
OF_SETTINGS = "settings"
WRITERS = ("people", "automatic")
State = Outgoing.State
# Beside the states: letters that are not composed yet (incidents.outgoing_planned), and those that not all got.
PLANNED, LACKING = "planned", "lacking"


@dataclass(frozen=True, slots=True)
class OutgoingFilter:
    """The choices of one address; anything an address says wrongly counts as not said."""

    state: str = ""
    account: SmtpAccount | None = None
    # Letters that left by the server of the settings.
    of_settings: bool = False
    writer: str = ""
    # An incident's code, or an address or a part of one.
    text: str = ""

    @classmethod
    def read(cls, address: Mapping[str, str], accounts: Iterable[SmtpAccount]) -> OutgoingFilter:
        wanted = address.get("account", "")
        return cls(
            state=_one_of(address.get("state", ""), (*State.values, PLANNED, LACKING)),
            account=next((each for each in accounts if str(each.pk) == wanted), None),
            of_settings=wanted == OF_SETTINGS,
            writer=_one_of(address.get("writer", ""), WRITERS),
            text=" ".join(address.get("q", "").replace("\0", "").split())[:MOST_TEXT],
        )

    @property
    def address(self) -> QueryDict:
        """The choices as links carry them on."""
        said = QueryDict(mutable=True)
        account = OF_SETTINGS if self.of_settings else self.account and self.account.pk
        values = {"state": self.state, "account": account, "writer": self.writer, "q": self.text}
        for name, value in values.items():
            if value:
                said[name] = str(value)
        return said

    @property
    def rows(self) -> QuerySet[Outgoing]:
        found = Outgoing.objects.all()
        if self.state == PLANNED:
            return found.none()
        if self.state == LACKING:
            found = found.filter(is_lacking=True)
        elif self.state:
            found = found.filter(state=self.state)
        if self.account:
            found = found.filter(account=self.account)
        if self.of_settings:
            found = found.filter(account=None)
        if self.writer:
            found = found.filter(is_automatic=self.writer == "automatic")
        return found.alias(addresses=ADDRESSES).filter(self._of_text()) if self.text else found

    def _of_text(self) -> Q:
        if code := self.code:
            places = IncidentEmail.objects.filter(incident__code=code, email__direction="out").order_by("-pk")
            return Q(email__in=list(places.values_list("email", flat=True)[:MOST_LETTERS]))
        return Q(addresses__contains=self.text.lower())

    @property
    def code(self) -> str | None:
        """The incident's code that the text is, its prefix said or not; None if it is anything else or more."""
        if self.text.isascii() and self.text.isdigit():
            return f"{settings.INCIDENT_PREFIX}-{self.text}"
        code = code_in_subject(self.text)
        return code if code and len(code) == len(self.text.replace(" ", "")) else None


@dataclass(frozen=True, slots=True)
class Page:
    """Letters in their order; where the page begins, and where the next one does (None at the end)."""

    keys: list[int]
    first: Cursor | None = None
    after: Cursor | None = None


def page(filters: OutgoingFilter, after: Cursor | None = None) -> Page:
    """The page behind the cursor, or the first one; one query."""
    rows = filters.rows
    if after and after.moment:
        # The first condition says nothing new: it lets the index start at the cursor.
        rows = rows.filter(queued_at__lte=after.moment)
        rows = rows.filter(Q(queued_at__lt=after.moment) | Q(id__lt=after.pk))
    found = [Cursor(at, pk) for at, pk in rows.order_by(*NEWEST).values_list("queued_at", "pk")[: SIZE + 1]]
    shown = found[:SIZE]
    return Page(
        [each.pk for each in shown],
        shown[0] if shown else None,
        shown[-1] if len(found) > SIZE else None,
    )


def number_above(filters: OutgoingFilter, first: Cursor) -> int:
    """How many letters were queued above this one, at most MOST_NEW."""
    rows = filters.rows.filter(queued_at__gte=first.moment)
    rows = rows.filter(Q(queued_at__gt=first.moment) | Q(id__gt=first.pk))
    return len(rows.order_by(*NEWEST).values_list("pk", flat=True)[:MOST_NEW])


def failed(filters: OutgoingFilter) -> QuerySet[Outgoing]:
    """The letters of the list that failed, the newest first."""
    return filters.rows.filter(state=State.FAILED).order_by(*NEWEST)


def counts() -> dict[str, int]:
    """How many letters are on their way, by state, and how many unsettled ones failed, are
    unknown or not with all; one query."""
    asked: dict[str, QuerySet[Any]] = {
        state: Outgoing.objects.filter(state=state) for state in (State.QUEUED, State.SENDING, State.RETRYING)
    }
    asked |= {state: outbox.troubled().filter(state=state) for state in (State.UNKNOWN, State.FAILED)}
    asked |= {LACKING: outbox.troubled().filter(is_lacking=True)}
    asked |= {PLANNED: WrittenLetter.objects.filter(outgoing=None).exclude(leaves_at=None)}
    return ledger.counted(asked)


def _one_of(said: str, known: Iterable[str]) -> str:
    return said if said in known else ""
