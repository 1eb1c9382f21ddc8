"""The desk: the list with its queues and filters, the preview beside it, and what keeps an open page live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from config.web import Request
from incidents import bulk, chips, lifecycle, marks, naming, news, saved_views, why
from incidents.cells import Reader
from incidents.clocks import zone_name
from incidents.fields import Choices
from incidents.filters import DeskFilter
from incidents.looks import BETWEEN, SIZES, USUAL_COLUMNS, Look
from incidents.marks import Piece
from incidents.models import Comment, Incident
from incidents.occurrences import describe
from incidents.paging import Cursor, Page, page
from incidents.queries import IncidentQuerySet, Tally
from incidents.queues import EVERYWHERE, QUEUES
from incidents.search.finding import matching
from incidents.search.questions import Question
from incidents.search.results import Results, results
from incidents.standing_tally import standing
from incidents.tables import DeskTable
from incidents.why import Line
from mailbox.models import Email

if TYPE_CHECKING:
    from dispatchers.models import User

# What this browser remembers of the list's look.
LOOK_COOKIE = "desk"
YEAR = 365 * 24 * 3600
PREVIEWED_LETTERS = 5
PREVIEWED_NOTES = 3
PREVIEWED_WORDS = 900
QUICK_STEPS = 2
MOST_CODES = 200


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def desk(request: Request) -> HttpResponse:
    """The whole page; its list alone for a boosted link; what an open page lacks for `live=rows` and `live=counts`.

    204 if that is nothing, by the mark that the page brings as `since`.
    """
    now = timezone.now()
    is_live = "live" in request.GET
    if is_live and news.is_same(request.GET.get("since", ""), now):
        return _private(HttpResponse(status=HTTPStatus.NO_CONTENT))
    mark = "" if is_live else news.mark(now)
    choices = Choices(request.user)
    filters = DeskFilter.read(request.GET, choices)
    look = Look.read(request.GET, request.COOKIES.get(LOOK_COOKIE, ""))
    kept = filters.address
    if "keep" in request.GET:
        return _keep(look, kept)
    kept.update(look.said)
    found = None if is_live or not filters.text else _search(request, filters, look, now)
    if found:
        shown = Page(found.rows, after=found.after)
    else:
        shown = _live_rows(request, filters, look, now) if is_live else _page(request, filters, look, choices, now)
    context: dict[str, Any] = {
        "now": now,
        "mark": mark,
        "local_now": timezone.localtime(now),
        "zone": zone_name(timezone.localtime(now)),
        "filters": filters,
        "kept": kept,
        "look": look,
        "choices": choices,
        "page": shown,
        "search": found,
        "table": DeskTable(
            shown.rows, filters=filters, columns=look.columns, reader=Reader.of(request.user, now, shown.rows)
        ),
    }
    if request.GET.get("live") != "rows":
        tally = standing(now)
        context["queues"] = queues = _queues(request.user, tally)
        context["count"] = dict(queues).get(filters.queue)
        context["shift"] = _shift(choices.people, tally)
    if is_live:
        return _private(render(request, "incidents/desk_live.html", context))
    context |= _controls(filters, choices, kept) | _views(request.user, kept)
    if request.htmx.boosted and not request.htmx.history_restore_request:
        return _private(render(request, "incidents/desk_switch.html", context))
    opened = request.GET.get("open", "")
    incident = _for_pane().filter(code=opened).first() if opened else None
    if incident:
        context |= _preview(incident, request.user)
    return _private(render(request, "incidents/desk.html", context))


def _keep(look: Look, kept: QueryDict) -> HttpResponse:
    """The look has just been chosen: this browser remembers it, and the address says it from here on."""
    kept.update(look.words)
    response = redirect(f"{reverse('incidents:desk')}?{kept.urlencode()}")
    response.set_cookie(LOOK_COOKIE, look.remembered, max_age=YEAR, samesite="Lax", httponly=True)
    return response


def _controls(filters: DeskFilter, choices: Choices, kept: QueryDict) -> dict[str, Any]:
    """Chips, menus and views: what stands around the list."""
    return {
        "menus": chips.menus(filters, choices, kept),
        "without_days": chips.without(kept, chips.DAYS),
        "beside_days": chips.pairs(kept, chips.DAYS),
        "without_closing_days": chips.without(kept, chips.CLOSING_DAYS),
        "beside_closing_days": chips.pairs(kept, chips.CLOSING_DAYS),
        "beside_text": chips.pairs(kept, ("q",)),
        "beside_look": chips.pairs(kept, ("cols", "rows", "n")),
        "only_queue": chips.only_queue(filters),
        "places": (EVERYWHERE, *QUEUES.values()),
        "sizes": SIZES,
        "usual_columns": BETWEEN.join(USUAL_COLUMNS),
    }


@require_safe
@permission_required("incidents.view_incident", raise_exception=True)
def preview(request: Request, code: str) -> HttpResponse:
    """The pane beside the list; without htmx it is the card itself."""
    if not request.htmx:
        return redirect("incidents:card", code)
    incident = get_object_or_404(_for_pane(), code=code)
    context = {"now": timezone.now(), **_preview(incident, request.user)}
    return _private(render(request, "incidents/desk_preview.html", context))


def _rows() -> IncidentQuerySet:
    """What a row shows; how a letter was read is for the pane, and a hostile letter makes it large."""
    return bulk.with_seen(Incident.objects.for_rows().defer("reading"))


def _for_pane() -> IncidentQuerySet:
    """With what the pane's buttons say that it knew."""
    return bulk.with_seen(Incident.objects.for_rows())


def _page(request: Request, filters: DeskFilter, look: Look, choices: Choices, now: datetime) -> Page:
    parts = filters.apply(bulk.with_seen(Incident.objects.for_list()), request.user, now)
    after, before = (Cursor.parse(request.GET.get(name, "")) for name in ("after", "before"))
    shown = page(parts, filters.order, after=after, before=before, size=look.size)
    naming.attach(shown.rows, choices)
    return shown


def _search(request: Request, filters: DeskFilter, look: Look, now: datetime) -> Results:
    among = filters.among(Incident.objects.all(), request.user, now)
    after = Cursor.parse(request.GET.get("after", ""))
    return results(filters.text, among, _rows(), size=look.size, after=after)


def _live_rows(request: Request, filters: DeskFilter, look: Look, now: datetime) -> Page:
    """The named incidents that still belong here, and with `first` the first page: what an open page may lack."""
    codes = [code for code in request.GET.get("codes", "").split(",") if code][:MOST_CODES]
    if filters.text:
        named = filters.among(Incident.objects.filter(code__in=codes), request.user, now)
        keys = matching(Question.read(filters.text), named) if codes else set()
        return Page(list(_rows().filter(pk__in=keys)))
    parts = filters.apply(_rows(), request.user, now)
    found = {incident.pk: incident for part in parts for incident in part.filter(code__in=codes)} if codes else {}
    if "first" in request.GET:
        found |= {incident.pk: incident for incident in page(parts, filters.order, size=look.size).rows}
    return Page(list(found.values()))


def _views(person: User, kept: QueryDict) -> dict[str, Any]:
    """The saved views this person sees, and which of them the address shows."""
    views = saved_views.visible_to(person)
    return {
        "views": [(view, saved_views.may_change(person, view)) for view in views],
        "view": next((view for view in views if saved_views.same(view, kept)), None),
        "may_share": saved_views.may_share(person),
    }


def _queues(person: User, tally: Tally) -> list[tuple[Any, int | None]]:
    """Every queue with how many stand in it; the closed ones are not counted."""
    counts = tally.by_queue(person)
    return [(queue, counts.get(name)) for name, queue in QUEUES.items()]


@dataclass(frozen=True, slots=True)
class Load:
    """Somebody on shift, with the open incidents in his name and their share of the largest load."""

    person: User
    number: int
    share: int


def _shift(people: list[User], tally: Tally) -> list[Load]:
    loads = [(person, tally.of(person)) for person in people if person.on_shift]
    most = max([1, *(number for _person, number in loads)])
    return [Load(person, number, round(100 * number / most)) for person, number in loads]


def _preview(incident: Incident, person: User) -> dict[str, Any]:
    """The usual steps as buttons, as many as there is room for; those that want words are a click farther."""
    steps = lifecycle.next_steps(incident)
    room = QUICK_STEPS if incident.assignee_id == person.pk else QUICK_STEPS - 1
    quick = [step for step in steps if not step.needs_reason][:room]
    return {
        "incident": incident,
        "quick_steps": quick,
        "other_steps": [step for step in steps if step not in quick],
        "talk": _talk(incident),
        "site": incident.pole,
        "site_lines": _site_lines(incident),
    }


@dataclass(frozen=True, slots=True)
class Said:
    """A letter or a note of the preview, with its words cut where the machine read something."""

    at: datetime
    words: tuple[Piece, ...]
    email: Email | None = None
    note: Comment | None = None

    @property
    def day(self) -> date:
        return timezone.localdate(self.at)


def _talk(incident: Incident) -> list[Said]:
    """The last letters and notes, oldest first; the page shows the last of them open."""
    heavy = ("email__text", "email__safe_html", "email__references", "email__problems")
    letters = incident.letters.select_related("email").defer(*heavy).order_by("-email__received_at", "-id")
    notes = incident.comments.select_related("author").order_by("-id")
    said = [_letter(incident, place.email) for place in letters[:PREVIEWED_LETTERS]]
    said += [Said(note.at, (Piece(shortened(note.text)),), note=note) for note in notes[:PREVIEWED_NOTES]]
    return sorted(said, key=lambda each: each.at)


def _letter(incident: Incident, email: Email) -> Said:
    words = shortened(email.reply_text or email.subject)
    spans = marks.reply_spans(incident.reading, words) if email.direction == email.Direction.IN else ()
    return Said(email.received_at, marks.pieces(words, spans), email=email)


def shortened(text: str) -> str:
    return text if len(text) <= PREVIEWED_WORDS else f"{text[:PREVIEWED_WORDS].rstrip()}…"


def _site_lines(incident: Incident) -> list[Line]:
    """Why this pole, or why none."""
    placed = incident.events.filter(kind="site_linked").select_related("actor").order_by("-id")[:1]
    return why.site(incident.reading, next(iter(describe(placed)), None))


def _private(response: HttpResponse) -> HttpResponse:
    """One address has several answers, and none of them is for anybody else's cache."""
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    patch_cache_control(response, private=True, no_cache=True)
    return response
