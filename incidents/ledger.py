"""The ledger against itself and against the world: the day's balance, and the alarms when something is amiss.

Every receipt has one fate, so received = opened + joined + copies + kept + quarantined, and what is not taken yet.
That this is so proves little; the alarms compare the ledger with the incidents, the letters and the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.core.cache import caches
from django.db import connection
from django.db.models import Case, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.ledger_filters import midnight
from incidents.models import IncidentEmail, LedgerCheck
from mailbox import inbox
from mailbox.models import Email, Folder, Outgoing, Receipt, Reconciliation, Settled

State = Receipt.State
FINAL = (State.OPENED, State.JOINED, State.COPY, State.KEPT, State.QUARANTINED)
DAYS = 30
# Older letters were compared when they were new; `check_ledger --days` looks farther.
COMPARED_DAYS = 7
# Of these pages ask at once; what came before is compared by the clock (incidents.ledger_clock).
LIVE = timedelta(days=1)
LATE = timedelta(minutes=5)
# In this process: the mark must cost no query most of the time.
ATTENTION_SECONDS = 15
OPENER = IncidentEmail.Way.OPENED
# The nightly comparison may take its time; two nights without one are an alarm.
COMPARED_WITHIN = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class Line:
    """A day of one folder, or of all of them: how many letters came, and what became of them."""

    day: date
    folder_id: int | None = None
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def received(self) -> int:
        return sum(self.counts.values())

    @property
    def waiting(self) -> int:
        return self.counts.get(State.NEW, 0)

    @property
    def missing(self) -> int:
        """Letters without a fate that the ledger knows: zero, or something wrote what it must not."""
        return self.received - self.waiting - sum(self.counts.get(fate, 0) for fate in FINAL)

    @property
    def fates(self) -> list[tuple[str, int]]:
        return [(fate.value, self.counts.get(fate, 0)) for fate in FINAL]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that must not be. `query` is what shows it in the list of letters, where a list can."""

    kind: str
    number: int
    words: str
    query: str = ""
    folder: Folder | None = None


@dataclass(frozen=True, slots=True)
class Attention:
    """What the mark beside "Letters" says: alarms in red, else how many letters lie in quarantine."""

    alarms: int
    quarantined: int


def balance(first: date, last: date) -> list[Line]:
    """The lines of these days of the desk's calendar, by day and folder, the newest day first."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    midnights = [midnight(day) for day in (*days, last + timedelta(days=1))]
    lines: dict[tuple[date, int | None], Line] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED_BY_DAY, [days, midnights[:-1], midnights[1:]])
        for day, folder, state, number in cursor:
            lines.setdefault((day, folder), Line(day, folder)).counts[state] = number
    return sorted(lines.values(), key=lambda line: (-line.day.toordinal(), line.folder_id or 0))


def by_day(lines: Sequence[Line], first: date, last: date) -> list[Line]:
    """One line a day over all folders; a day without letters has its line too."""
    days = {last - timedelta(days=back): Line(last - timedelta(days=back)) for back in range((last - first).days + 1)}
    for line in lines:
        for state, number in line.counts.items():
            counts = days[line.day].counts
            counts[state] = counts.get(state, 0) + number
    return list(days.values())


def alarms(now: datetime, *, days: int = COMPARED_DAYS) -> list[Alarm]:
    """Everything that is amiss with the letters of the last days, the worst first; empty when all is well."""
    return disagreements(now, days=days) + unreconciled(now)


def disagreements(now: datetime, *, days: int) -> list[Alarm]:
    """Where the ledger disagrees with itself, or with the incidents and letters of these days."""
    first = timezone.localdate(now) - timedelta(days=days - 1)
    return told(without_fate(first, now), counted(checks(now, midnight(first))))


def told(missing: int, counts: dict[str, int]) -> list[Alarm]:
    """The alarms of these numbers: letters without a known fate, and what each check found."""
    found = [Alarm("unknown", missing, _unknown(missing))] if missing else []
    return found + [Alarm(kind, n, _words(kind, n), _QUERIES.get(kind, "")) for kind, n in counts.items() if n]


def without_fate(first: date, now: datetime) -> int:
    """How many letters since this day have a fate that nobody knows."""
    return sum(line.missing for line in balance(first, timezone.localdate(now)))


def unreconciled(now: datetime) -> list[Alarm]:
    """What the last comparisons with the servers found amiss."""
    return [alarm for last in reconciliations() for alarm in compared(last, now)]


def attention(now: datetime) -> Attention:
    """The same for the mark, of the last day and of what the clock found before: one query, whatever the number."""
    asked = checks(now, now - LIVE)
    asked["before"] = LedgerCheck.objects.filter(number__gt=0)
    asked["compared"] = bad_reconciliations()
    asked["quarantined"] = inbox.quarantine()
    counts = counted(asked)
    quarantined = counts.pop("quarantined")
    return Attention(sum(1 for number in counts.values() if number), quarantined)


def known_attention(now: datetime) -> Attention:
    """The same, seconds old at most: every page asks for it."""
    cache = caches["calls"]
    known: Attention | None = cache.get("letters-attention")
    if known is None:
        known = attention(now)
        cache.set("letters-attention", known, ATTENTION_SECONDS)
    return known


def checks(now: datetime, since: datetime, until: datetime | None = None) -> dict[str, QuerySet]:  # type: ignore[type-arg]
    """What must be empty, by name: letters of this time whose ledger and whose world disagree.

    Everything is asked letter by letter: joined, the tables would be read whole.
    """
    received = {"received_at__gte": since} | ({"received_at__lt": until} if until else {})
    part = IncidentEmail.objects.filter(email=OuterRef("email")).values("way")[:1]
    receipts = Receipt.objects.filter(**received).exclude(state=State.COPY).alias(part=Subquery(part))
    opened, joined = Q(state=State.OPENED), Q(state=State.JOINED)
    in_its_part = opened & Q(part=OPENER) | joined & ~Q(part=OPENER)
    # A copy accounts for nothing: the first receipt says what became of the letter.
    accounted = Subquery(Receipt.objects.filter(email=OuterRef("pk")).exclude(state=State.COPY).values("pk")[:1])
    ours = Outgoing.objects.filter(email=OuterRef("pk"))
    letters = Email.objects.filter(**received)
    return {
        "waiting": _waiting(now),
        "lost": receipts.filter(opened | joined, part=None),
        "misplaced": receipts.filter(part__isnull=False).exclude(in_its_part),
        "orphan": letters.alias(accounted=accounted).filter(~Exists(ours), accounted=None),
    }


def reconciliations() -> list[Reconciliation]:
    """The last comparison of each folder with the server."""
    return list(_newest().select_related("folder__mailbox"))


def bad_reconciliations() -> QuerySet[Reconciliation]:
    """The last comparisons that found something amiss and that no person has settled."""
    settled = Settled.objects.filter(kind=Settled.Kind.RECONCILIATION, number=OuterRef("pk"))
    newest = Reconciliation.objects.filter(pk__in=_newest().values("pk"))
    return newest.filter(_TELLS).exclude(Exists(settled))


def compared(last: Reconciliation, now: datetime) -> list[Alarm]:
    """What the last comparison of a folder found amiss, and that it was too long ago."""
    found: list[tuple[str, int, str]] = []
    if last.missing:
        said = ngettext(
            "%(n)d letter of the server is missing here: UID %(uids)s",
            "%(n)d letters of the server are missing here: UID %(uids)s",
            len(last.missing),
        )
        uids = ", ".join(map(str, last.missing[:5])) + (", …" if len(last.missing) > 5 else "")
        found.append(("missing", len(last.missing), said % {"n": len(last.missing), "uids": uids}))
    if last.without_bytes:
        said = ngettext(
            "The bytes of %(n)d letter are not in the store",
            "The bytes of %(n)d letters are not in the store",
            last.without_bytes,
        )
        found.append(("without_bytes", last.without_bytes, said % {"n": last.without_bytes}))
    if last.error:
        found.append(("not_compared", 1, _("It could not be compared with the server: %(why)s") % {"why": last.error}))
    if last.folder.is_watched and now - last.at > COMPARED_WITHIN:
        found.append(("stale", 1, _("It has not been compared with the server for two nights")))
    return [Alarm(kind, number, words, folder=last.folder) for kind, number, words in found]


# Day by day, so that each is counted in the index alone, and without sorting a month of letters.
_COUNTED_BY_DAY = """
    SELECT day, folder_id, state, number
    FROM unnest(%s::date[], %s::timestamptz[], %s::timestamptz[]) AS days (day, begins, ends)
    CROSS JOIN LATERAL (
        SELECT folder_id, state, count(*) AS number FROM mailbox_receipt
        WHERE received_at >= begins AND received_at < ends GROUP BY folder_id, state
    ) AS counted
"""
# UIDs or bytes are missing, or the comparison itself failed.
_TELLS = Q(missing__len__gt=0) | Q(without_bytes__gt=0) | ~Q(error="")
_QUERIES = {"waiting": "fate=new"}


def _waiting(now: datetime) -> QuerySet[Receipt]:
    """Letters that should be on the desk. One tried again waits from then on; one that failed, all the time."""
    since = Case(When(attempts=0, then=Coalesce("next_try_at", "stored_at")), default="stored_at")
    return Receipt.objects.filter(state=State.NEW, is_old=False).alias(since=since).filter(since__lt=now - LATE)


def _newest() -> QuerySet[Reconciliation]:
    return Reconciliation.objects.order_by("folder", "-at", "-pk").distinct("folder")


def counted(asked: dict[str, QuerySet]) -> dict[str, int]:  # type: ignore[type-arg]
    """How many rows each has, in one query of one moment: the ledger moves on between two."""
    rows = [
        each.order_by().annotate(asked=Value(kind), n=Func(F("pk"), function="COUNT")).values_list("asked", "n")
        for kind, each in asked.items()
    ]
    numbers = dict(rows[0].union(*rows[1:], all=True))
    return {kind: numbers[kind] for kind in asked}


def _unknown(n: int) -> str:
    said = ngettext("%(n)d letter has no known fate", "%(n)d letters have no known fate", n)
    return said % {"n": n}


def _words(kind: str, n: int) -> str:
    """What is amiss, for a person."""
    if kind == "waiting":
        said = ngettext(
            "%(n)d letter has waited longer than 5 minutes", "%(n)d letters have waited longer than 5 minutes", n
        )
    elif kind == "lost":
        said = ngettext(
            "%(n)d letter counts as opened or joined and is in no incident",
            "%(n)d letters count as opened or joined and are in no incident",
            n,
        )
    elif kind == "misplaced":
        said = ngettext(
            "%(n)d letter has another part in its incident than the ledger says",
            "%(n)d letters have another part in their incidents than the ledger says",
            n,
        )
    else:
        said = ngettext("%(n)d stored letter has no receipt", "%(n)d stored letters have no receipt", n)
    return said % {"n": n}
