"""Every address of the project, walked out of the resolver, so that nothing new is left out of the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLResolver, get_resolver
from django.utils import timezone

from dispatchers.roles import Role
from incidents.models import Comment, Incident, LetterTemplate, NoteFile
from mailbox import sealing, store
from mailbox.models import Attachment, BadAddress, Email, Folder, Mailbox, Receipt, SenderRule, SmtpAccount
from sla import dispute_links
from sla.models import DisputeLink, PolicyVersion, Trial
from tests.factories import NOW, make_email, make_incident, make_pole, make_user
from towers.models import Pole

CALENDAR = "calendar-1"
OWN_CLOCK = "own:2"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def _make_calendar() -> None:
    rules = PolicyVersion.objects.get(number=1)
    rules.document["calendars"] = {CALENDAR: {"name": "Office", "week": [[[540, 1080]]] * 7, "days": {}}}
    rules.document["clocks"] = {OWN_CLOCK: {"name": "Road", "starts": ["handed_over"], "stops": ["status:onSite"]}}
    rules.save()
    chief = make_user(Role.ADMINISTRATOR)
    Trial.objects.create(document=rules.document, based_on=1, back="/sla/rules/", by=chief, made_at=timezone.now())


def all_routes() -> list[str]:
    """Routes as urls.py writes them, `incidents/<str:code>/take/`."""
    return sorted(set(_walk(get_resolver(), "")))


def _walk(resolver: Any, before: str) -> Iterator[str]:
    for each in resolver.url_patterns:
        here = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _walk(each, here)
        else:
            yield here


@dataclass(frozen=True)
class World:
    """One row of everything that an address can name."""

    incident: Incident
    email: Email
    file: Attachment
    note_file: NoteFile
    pole: Pole
    receipt: Receipt
    folder: Folder
    rule: SenderRule
    account: SmtpAccount
    bad: BadAddress
    template: LetterTemplate
    link: DisputeLink

    def address(self, route: str) -> str:
        """An address of this route that names rows of this world."""
        pk: object = self.file.pk if route.startswith("letters/files/") else self.email.pk
        pk = self.note_file.pk if route.startswith("notes/files/") else pk
        pk = self.incident.pk if route.startswith("api/") else pk
        pk = self.receipt.pk if route.startswith("letters/receipts/") else pk
        if route.startswith("mail/"):
            pk = self.folder.pk if route.startswith("mail/folders/") else self.folder.mailbox_id
        pk = self.rule.pk if route.startswith("mail/rules/") else pk
        pk = self.template.pk if route.startswith("templates/") else pk
        pk = self.account.pk if route.startswith("mail/accounts/") else pk
        pk = self.bad.pk if route.startswith("mail/bad-addresses/") else pk
        pk = self.pole.contractor_id if route.startswith("towers/contractors/") else pk
        code = self.pole.code if route.startswith("towers/") else self.incident.code
        named = {"code": code, "content_id": "logo", "form": "csv", "fact": "subject", "deed": "send"}
        if route.startswith("templates/"):
            named["kind"] = "closed"
        # An event of nobody: the rows of this world have events of their own.
        named |= {"dimension": "type", "event": 2**31}
        if route.startswith("sla/clocks/"):
            pk, named["clock"], named["code"] = self.link.pk, self.link.clock, self.link.incident.code
        if route.startswith("sla/dispute/"):
            named["token"] = dispute_links.token(self.link)
        if route.startswith("sla/calendars/"):
            named["key"] = CALENDAR
        if route.startswith("sla/rules/"):
            pk, named["number"], named["key"] = Trial.objects.latest("pk").pk, "1", OWN_CLOCK
        route = re.sub(r"\^|\$|\(\?P<url>\.\*\)", "", re.sub(r"\(\?P<app_label>[^)]*\)", "dispatchers", route))
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(named.get(found[1], pk)), route)


def make_world() -> World:
    _make_calendar()
    incident = make_incident(pole=make_pole())
    email = make_email(sha256=store.put(b"Subject: x\r\n\r\nx\r\n"), safe_html="<p>x</p>")
    incident.letters.create(email=email, way="opened", thread=email.pk)
    facts: dict[str, Any] = {"content_type": "image/png", "size": len(PNG), "sha256": store.put(PNG)}
    file = Attachment.objects.create(email=email, name="logo.png", content_id="logo", inline=True, **facts)
    note = Comment.objects.create(incident=incident, text="x", at=NOW)
    note_file = NoteFile.objects.create(comment=note, name="logo.png", **facts)
    assert incident.pole is not None
    mailbox = Mailbox.objects.create(address="desk@towers.example", password=sealing.seal("x"))
    folder = Folder.objects.create(mailbox=mailbox, name="INBOX", role=Folder.Role.INBOX)
    # Nobody could read it, so it has no letter.
    broken = store.put(b"Subject: y\r\n\r\ny\r\n")
    receipt = Receipt.objects.create(
        sha256=broken, size=19, direction="in", received_at=NOW, state=Receipt.State.QUARANTINED
    )
    rule = SenderRule.objects.create(sender="@news.example", action=SenderRule.Action.KEEP)
    template = LetterTemplate.objects.create(kind="accepted", subject="{{ subject }}", text="{{ code }}")
    template.versions.create(number=1, subject="{{ subject }}", text="{{ code }}", by=make_user(Role.ADMINISTRATOR))
    account = SmtpAccount.objects.create(from_address="desk@towers.example", host="smtp.towers.example")
    bad = BadAddress.objects.create(address="gone@operator.example", at=timezone.now())
    link = dispute_links.make(make_incident(type="power-msk"), "incident", by=make_user(), at=timezone.now())
    return World(incident, email, file, note_file, incident.pole, receipt, folder, rule, account, bad, template, link)
