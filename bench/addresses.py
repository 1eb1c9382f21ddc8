"""Every page that a dispatcher sees, as addresses for one filled database."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.utils import timezone

if TYPE_CHECKING:
    from django.test import Client

    from incidents.models import Incident

BOOSTED = {"HX-Request": "true", "HX-Boosted": "true"}
FRAGMENT = {"HX-Request": "true"}
PLAIN: dict[str, str] = {}
DEEP = 2000
ALL_COLUMNS = ".".join(
    ("unread", "code", "subject", "site", "status", "assignee", "clock", "changed", "opened", "type", "operator",
     "station", "region", "contractor", "requester")
)  # fmt: skip
Address = tuple[str, str, dict[str, str]]


@cache
def client() -> Client:
    """A dispatcher's browser."""
    from django.test import Client

    from dispatchers.models import User

    browser = Client(headers={"host": "localhost"})
    browser.force_login(_person(User))
    # As config/asgi.py does.
    import_module("config.urls")
    gc.collect()
    gc.freeze()
    return browser


def _person(people: Any) -> Any:
    return people.objects.filter(role="dispatcher", on_shift=True).order_by("pk").first()


def addresses() -> Iterator[Address]:
    """Name, address and headers of each page."""
    yield from _queues()
    yield from _orders_and_depths()
    yield from _filters()
    yield from _looks()
    yield from _fragments()
    yield from _letters()
    yield from _own_pages()
    yield from _sites()
    yield from _map()
    yield from _searches()


def _desk(**said: Any) -> str:
    return "/?" + urlencode({name.rstrip("_"): value for name, value in said.items()}, doseq=True)


def _queues() -> Iterator[Address]:
    from incidents.queues import QUEUES

    for name in QUEUES:
        yield f"queue {name}", _desk(queue=name), PLAIN


def _orders_and_depths() -> Iterator[Address]:
    """Each heading that sorts; the page that follows, and one far down."""
    from incidents.filters import ORDERS, ORDERS_OF_CLOSED
    from incidents.models import Incident

    rows = {"open": Incident.objects.open(), "closed": Incident.objects.closed()}
    for queue, orders in (("open", ORDERS), ("closed", ORDERS_OF_CLOSED)):
        for sort, order in orders.items():
            yield f"{queue}, sort {sort}", _desk(queue=queue, sort=sort), PLAIN
            sign = "-" if order.descending else ""
            of_order = rows[queue].exclude(**{order.field: None}).order_by(f"{sign}{order.field}", f"{sign}id")
            # As many from the end, where all pages before lie behind.
            deep = of_order.reverse()[min(DEEP, of_order.count() // 2)]
            yield f"{queue}, deep {sort}", _desk(queue=queue, sort=sort, after=_cursor(deep, order)), PLAIN
    order = ORDERS["-changed"]
    for queue in rows:
        second = rows[queue].order_by("-active_at", "-id")[49]
        yield f"{queue}, second page", _desk(queue=queue, after=_cursor(second, order)), PLAIN
        yield (
            f"{queue}, back a page",
            _desk(queue=queue, before=_cursor(rows[queue].order_by("-active_at")[120], order)),
            PLAIN,
        )


def _cursor(row: Incident, order: Any) -> str:
    from incidents.paging import Cursor

    return str(Cursor.of(row, order))


def _filters() -> Iterator[Address]:
    """Each chip in both halves of the desk; wide ones in every order; two together."""
    from incidents.models import IncidentType, Status
    from towers.models import BaseStation, Contractor, Operator, Pole

    pole, station = Pole.objects.order_by("pk")[7], BaseStation.objects.order_by("pk")[7]
    contractor, operator = Contractor.objects.order_by("pk")[0].pk, Operator.objects.order_by("pk")[0].pk
    kind, rare = (IncidentType.objects.get(key=key).pk for key in ("power-rf", "destruction"))
    chips = {
        "who": "me", "who nobody": "none", "type": kind, "type rare": rare, "type none": "none", "operator": operator,
        "region": pole.region_ru, "contractor": contractor, "pole": pole.code, "pole wide": pole.code[:2],
        "station": station.name, "station wide": station.name[:3],
    }  # fmt: skip
    for queue in ("open", "closed"):
        for name, value in chips.items():
            yield f"{queue}, {name}", _desk(queue=queue, **{name.split()[0]: value}), PLAIN
        orders = ("due", "-opened", "opened") if queue == "open" else ("-opened", "opened", "changed")
        for sort in orders:
            for name in ("region", "contractor", "operator"):
                yield f"{queue}, {name}, {sort}", _desk(queue=queue, sort=sort, **{name: chips[name]}), PLAIN
        both = {"region": pole.region_ru, "contractor": contractor, "type": rare}
        yield f"{queue}, three chips", _desk(queue=queue, **both), PLAIN
        yield f"{queue}, two of a chip", _desk(queue=queue, operator=[operator, "none"]), PLAIN
    yield "open, status", _desk(status=Status.objects.get(key="inProgress").key), PLAIN
    yield "open, status rare", _desk(status="naGeneraciiNb"), PLAIN
    yield "open, registration", _desk(registration="manual"), PLAIN
    yield "open, unread", _desk(unread="1"), PLAIN
    today = timezone.localdate()
    week = {"from_": today - timedelta(7), "to": today - timedelta(1)}
    yield "open, a week", _desk(**week), PLAIN
    long_ago = {"from_": today - timedelta(500), "to": today - timedelta(400)}
    yield "closed, days long ago", _desk(queue="closed", **long_ago), PLAIN
    yield "closed, days and region", _desk(queue="closed", region=pole.region_ru, **long_ago), PLAIN


def _looks() -> Iterator[Address]:
    from dispatchers.models import User
    from incidents.models import SavedView

    owner = _person(User)
    view, _made = SavedView.objects.get_or_create(
        owner=owner, name="Сети", defaults={"query": "queue=waiting&sort=-opened", "is_shared": True}
    )
    yield "saved view", f"/?{view.query}", PLAIN
    yield "25 rows", _desk(n=25), PLAIN
    yield "100 rows", _desk(n=100), PLAIN
    yield "all columns", _desk(cols=ALL_COLUMNS), PLAIN
    yield "100 rows, all columns", _desk(cols=ALL_COLUMNS, n=100), PLAIN
    yield "boosted", _desk(queue="new"), BOOSTED


def _fragments() -> Iterator[Address]:
    """The preview and what open pages ask for."""
    from incidents.models import Incident

    short = Incident.objects.open().exclude(pole=None).filter(letter_count__lte=3).order_by("-active_at").first()
    long = Incident.objects.filter(letter_count=60).order_by("-opened_at").first()
    codes = ",".join(Incident.objects.open().order_by("-active_at").values_list("code", flat=True)[:5])
    if not (short and long):
        return
    yield "live counts", _desk(live="counts", codes=codes), FRAGMENT
    yield "live rows", _desk(live="rows", codes=codes, first=1), FRAGMENT
    yield "with preview", _desk(open=short.code), PLAIN
    for name, incident in (("short", short), ("60 letters", long)):
        yield f"preview, {name}", f"/incidents/{incident.code}/preview/", FRAGMENT
        yield f"card, {name}", f"/incidents/{incident.code}/", PLAIN
    yield "new incident", "/incidents/new/", PLAIN
    site = {"who": short.requester_email, "subject": short.subject, "site": short.pole.code if short.pole else ""}
    yield "new, perhaps the same", f"/incidents/new/similar/?{urlencode(site)}", FRAGMENT
    yield "new, sites", f"/incidents/new/sites/?{urlencode({'site': site['site'][1:5]})}", FRAGMENT


def _letters() -> Iterator[Address]:
    from mailbox.models import Email, Folder

    middle = Email.objects.order_by("-received_at", "-id")[5000].pk if Email.objects.count() > 5000 else 1
    folder = Folder.objects.order_by("pk").first()
    week = {"from": timezone.localdate() - timedelta(7), "to": timezone.localdate() - timedelta(1)}
    yield "letters", "/letters/", PLAIN
    for name, said in {
        "quarantine": {"fate": "quarantined"},
        "kept": {"fate": "kept"},
        "out": {"direction": "out"},
        "a week": week,
        "a word": {"q": "генератор"},
        "nothing": {"q": "абракадабра"},
    }.items():
        yield f"letters, {name}", f"/letters/?{urlencode(said)}", PLAIN
    yield "letter", f"/letters/{middle}/", PLAIN
    yield "mark of the letters", "/letters/mark/", FRAGMENT
    yield "balance", "/letters/balance/", PLAIN
    yield "balance, by folder", "/letters/balance/?folders", PLAIN
    if folder:
        yield "balance, a folder", f"/letters/balance/?folder={folder.pk}", PLAIN
    yield "mail problems", "/letters/problems/", PLAIN
    yield "mail problems, number", "/letters/problems/number/", FRAGMENT
    yield "mailboxes", "/mail/", PLAIN


def _own_pages() -> Iterator[Address]:
    """What belongs to the person: reminders, what is watched, the palette as it opens and as one types."""
    from incidents.models import Incident

    recent = ",".join(Incident.objects.open().order_by("-active_at").values_list("code", flat=True)[:5])
    yield "reminders", "/reminders/", PLAIN
    yield "reminders due", "/reminders/due/", FRAGMENT
    yield "watching", "/watching/", PLAIN
    yield "watching, mark", "/watching/mark/", FRAGMENT
    yield "palette", f"/palette/?{urlencode({'recent': recent})}", FRAGMENT
    for name, text in PALETTE.items():
        yield f"palette, {name}", f"/palette/?{urlencode({'q': text})}", FRAGMENT


def _map() -> Iterator[Address]:
    """The page, all of its points as a browser asks for them, and those of one region."""
    from incidents.models import Incident

    yield "map", "/map/", PLAIN
    yield "map, points", "/map/points/", {"Accept-Encoding": "gzip"}
    busy = Incident.objects.open().exclude(pole=None).order_by("-active_at").select_related("pole").first()
    if busy and busy.pole:
        yield "map, region", f"/map/?{urlencode({'within': busy.pole.region_ru})}", {**FRAGMENT, "HX-Target": "side"}
        yield "map, news", f"/map/points/?{urlencode({'codes': busy.code})}", PLAIN


def _sites() -> Iterator[Address]:
    from incidents.models import Incident
    from towers.models import Contractor

    busy = Incident.objects.exclude(pole=None).order_by("-active_at").first()
    if not (busy and busy.pole):
        return
    region = busy.pole.region_ru
    yield "registry", "/towers/", PLAIN
    yield "registry, region", f"/towers/?{urlencode({'region': region})}", PLAIN
    yield "registry, text", "/towers/?q=12", PLAIN
    yield "registry, words", f"/towers/?{urlencode({'q': 'ул. Ленина'})}", PLAIN
    yield "chronic sites", "/towers/?chronic=1", PLAIN
    yield "chronic sites, region", f"/towers/?{urlencode({'chronic': 1, 'region': region})}", PLAIN
    yield "pole", f"/towers/{busy.pole.code}/", PLAIN
    for contractor in Contractor.objects.order_by("pk")[:1]:
        yield "contractor", f"/towers/contractors/{contractor.pk}/", PLAIN
    yield "complete", "/towers/complete/?q=123&kind=pole", PLAIN


def _searches() -> Iterator[Address]:
    for name, address in SEARCHES.items():
        yield f"search, {name}", address, PLAIN


SEARCHES = {
    "a code": "/?" + urlencode({"q": "NT-100500"}),
    "a pole": "/?" + urlencode({"q": "12345-P"}),
    "a word": "/?" + urlencode({"q": "генератор"}),
    "words": "/?" + urlencode({"q": "обрыв провода"}),
    "words of closed": "/?" + urlencode({"queue": "closed", "q": "перегрев оборудования"}),
    "nothing": "/?" + urlencode({"q": "абракадабра"}),
}
PALETTE = {
    "a code": "NT-1005",
    "a pole": "12345",
    "a station": "KI00",
    "a phone": "+7 912 345-67-89",
    "a word": "генератор",
    "nothing": "абракадабра",
}
