"""The page of mailboxes: each folder with its health, what may be done about it, and who is told when it fails."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import current_app
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from kombu.exceptions import OperationalError

from config.web import Request
from mailbox import connecting, health, notices, services
from mailbox.forms import OlderForm
from mailbox.health import Health, State
from mailbox.imap import readable
from mailbox.models import Folder, Mailbox, Notice, Receipt

# Somebody who asked for a look sees that it is being done, for at most so long.
LOOKING = timedelta(seconds=30)
NOTICES_SHOWN = 6
_WORST_FIRST = (State.BEHIND, State.FAILING, State.HISTORY, State.CONNECTING, State.WORKS, State.OFF)


@dataclass(frozen=True, slots=True)
class Row:
    """A folder as the page shows it."""

    folder: Folder
    health: Health
    today: int
    now: datetime

    @property
    def name(self) -> str:
        return readable(self.folder.name)

    @property
    def looked(self) -> str:
        return _clock(self.folder.last_ok_at, self.now, seconds=True)

    @property
    def lag(self) -> str:
        return _length(self.health.lag) if self.health.lag is not None else ""

    @property
    def since(self) -> str:
        return _clock(self.health.since, self.now)

    @property
    def last_letter(self) -> str:
        return _clock(self.folder.last_letter_at, self.now)

    @property
    def is_asked(self) -> bool:
        """Somebody asked for a look, and it has not come yet."""
        asked, seen = self.folder.asked_at, self.folder.last_ok_at
        return asked is not None and self.now - asked < LOOKING and (seen is None or seen < asked)

    @property
    def is_counting(self) -> bool:
        """Older letters were asked for, and the watcher has not counted them yet."""
        return self.folder.old_next_uid == 0


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox with its folders."""

    mailbox: Mailbox
    rows: tuple[Row, ...]

    @property
    def state(self) -> State:
        """That of its worst folder."""
        if not self.mailbox.is_watched:
            return State.OFF
        return next((state for state in _WORST_FIRST if any(row.health.state == state for row in self.rows)), State.OFF)

    @property
    def has_history(self) -> bool:
        """Whether older letters could still be taken in."""
        return any(row.folder.left_out for row in self.rows)


@require_safe
@permission_required("mailbox.view_email", raise_exception=True)
def mailboxes(request: Request) -> HttpResponse:
    """The page, and for htmx its list alone, asked for every few seconds."""
    return _page(request)


def _page(request: Request) -> HttpResponse:
    now = timezone.now()
    boxes = _boxes(now)
    rows = [row for box in boxes for row in box.rows]
    context = {
        "boxes": boxes,
        "now": now,
        "may_change": request.user.has_perm("mailbox.change_mailbox"),
        "is_moving": any(row.health.state in (State.CONNECTING, State.HISTORY) or row.is_asked for row in rows),
        "watched": sum(row.health.state != State.OFF for row in rows),
        "ill": sum(row.health.state in (State.FAILING, State.BEHIND) for row in rows),
        "today": sum(row.today for row in rows),
    }
    if request.htmx:
        return render(request, "mailbox/_mailboxes.html", context)
    if context["may_change"]:
        context |= {"recipients": notices.recipients(), "notices": Notice.objects.order_by("-id")[:NOTICES_SHOWN]}
    return render(request, "mailbox/mailboxes.html", context)


def _boxes(now: datetime) -> list[Box]:
    """Every mailbox, the watched ones first, with its folders; three queries."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    counted = Receipt.objects.filter(received_at__gte=midnight, folder__isnull=False).order_by()
    today = dict(counted.values_list("folder").annotate(n=Count("id")))
    folders = Prefetch("folders", Folder.objects.order_by("role", "id"))
    found = Mailbox.objects.order_by("-is_watched", "-from_settings", "address").prefetch_related(folders)
    return [Box(mailbox, tuple(_rows(mailbox, mailbox.folders.all(), today, now))) for mailbox in found]


def _rows(mailbox: Mailbox, folders: Iterable[Folder], today: dict[int, int], now: datetime) -> Iterable[Row]:
    for folder in folders:
        folder.mailbox = mailbox
        yield Row(folder, health.of(folder, now), today.get(folder.pk, 0), now)


@require_POST
@permission_required("mailbox.change_mailbox", raise_exception=True)
def look(request: Request, pk: int) -> HttpResponse:
    """Look at the folder at once."""
    services.ask_look(_folder(pk), now=timezone.now())
    return _list(request)


@require_POST
@permission_required("mailbox.change_mailbox", raise_exception=True)
def watch(request: Request, pk: int) -> HttpResponse:
    """Read the folder (`on=1`) or no longer (`on=0`)."""
    services.watch(_folder(pk), on=request.POST.get("on") == "1", now=timezone.now())
    return _list(request)


def _folder(pk: int) -> Folder:
    return get_object_or_404(Folder, pk=pk)


def _list(request: Request) -> HttpResponse:
    """After a press: htmx gets the list as it is now, a browser the page."""
    return _page(request) if request.htmx else redirect("mailbox:mailboxes")


@require_POST
@permission_required("mailbox.change_mailbox", raise_exception=True)
def remove(request: Request, pk: int) -> HttpResponse:
    """Read the mailbox no longer. That of the settings is removed in the settings."""
    mailbox = get_object_or_404(Mailbox, pk=pk, from_settings=False)
    if services.remove(mailbox):
        messages.success(request, _("%(address)s is removed.") % {"address": mailbox.address})
    else:
        messages.success(request, _("%(address)s is no longer read. Its letters stay.") % {"address": mailbox.address})
    return redirect("mailbox:mailboxes")


@require_POST
@permission_required("mailbox.change_mailbox", raise_exception=True)
def resume(request: Request, pk: int) -> HttpResponse:
    """Read a mailbox again that was removed. One without password has to be given it on its page."""
    mailbox = get_object_or_404(Mailbox, pk=pk)
    if not mailbox.password and not mailbox.from_settings:
        messages.info(request, _("Its password is not known any more: type it, then save."))
        return redirect("mailbox:change", pk)
    services.watch_all(mailbox, now=timezone.now())
    return redirect("mailbox:mailboxes")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("mailbox.change_mailbox", raise_exception=True)
def older(request: Request, pk: int) -> HttpResponse:
    """Take in more of what was there before the mailbox was connected."""
    mailbox = get_object_or_404(Mailbox.objects.prefetch_related("folders"), pk=pk)
    form = OlderForm(request.POST or None, initial={"start": Mailbox.Start.DAYS, "start_days": mailbox.start_days})
    if request.method == "POST" and form.is_valid():
        connecting.ask_for_older(mailbox, form.cleaned_data["start"], form.cleaned_data["start_days"])
        for folder in mailbox.folders.all():
            services.ask_look(folder, now=timezone.now())
        messages.success(request, _("The watcher takes the older letters in beside the new ones."))
        return redirect("mailbox:mailboxes")
    left = [(readable(folder.name), folder.left_out) for folder in mailbox.folders.all() if folder.left_out]
    return render(request, "mailbox/older.html", {"form": form, "mailbox": mailbox, "left": left})


@require_POST
@permission_required("mailbox.change_mailbox", raise_exception=True)
def test_alert(request: Request) -> HttpResponse:
    """Send a message to everybody who would be told, so that they know it arrives."""
    text = _("This is a test: messages about mail that does not come will arrive here.")
    number = notices.write(_("Test of the alerts"), text, is_good=True, now=timezone.now())
    if not number:
        messages.error(request, _("There is nobody to tell: set TG_TOKEN and TG_DEFAULT_USER_ID, or ALERT_EMAILS."))
        return redirect("mailbox:mailboxes")
    try:
        current_app.send_task("mailbox.tasks.check_health", expires=60)
    except OperationalError:
        messages.warning(request, _("The broker does not answer: the message leaves when it is back."))
    else:
        said = ngettext("%(n)d message is on its way.", "%(n)d messages are on their way.", number)
        messages.success(request, said % {"n": number})
    return redirect("mailbox:mailboxes")


def _clock(moment: datetime | None, now: datetime, *, seconds: bool = False) -> str:
    """“12:40”, with the day when it is another one; nothing for nothing."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    if local.date() == timezone.localtime(now).date():
        return date_format(local, "H:i:s" if seconds else "H:i")
    return date_format(local, "d.m H:i" if local.year == timezone.localtime(now).year else "d.m.Y")


def _length(length: timedelta) -> str:
    """A lag in one or two numbers, to the second while it is short."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 120:
        return _("%(n)d s") % {"n": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    if minutes < 24 * 60:
        return _("%(hours)d h %(minutes)02d min") % {"hours": minutes // 60, "minutes": minutes % 60}
    return ngettext("%(n)d day", "%(n)d days", minutes // 1440) % {"n": minutes // 1440}
