"""Which incident a letter belongs to: by its thread, by the code in its subject, by "power is back" on its site."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from incidents.codes import code_in_subject
from incidents.models import Incident, IncidentEmail
from mailbox import inbox
from mailbox.inbox import Letter
from mailbox.models import Email, ThreadId
from mailbox.parsing import strip_prefixes

POWER_BACK = re.compile(r"\s*\(\s*закрыто\s*\)\s*$", re.IGNORECASE)
# Whoever writes from here speaks for himself, not for a company.
PUBLIC_DOMAINS = frozenset(
    [
        "gmail.com",
        "mail.ru",
        "yandex.ru",
        "ya.ru",
        "bk.ru",
        "inbox.ru",
        "list.ru",
        "rambler.ru",
        "outlook.com",
        "hotmail.com",
        "icloud.com",
        "yahoo.com",
    ]
)


@dataclass(frozen=True, slots=True)
class Found:
    """Where a letter belongs and why. `thread` is the smallest letter id of its conversation."""

    incident: Incident
    way: str
    thread: int


def lock_keys(letter: Letter) -> list[str]:
    """Whatever decides where this letter goes; letters that share one of these are decided one after another."""
    email = letter.email
    keys = [email.message_id, *inbox.thread_ids(letter.parsed), f"{_domain(email.from_email)} {bare_subject(email)}"]
    code = code_in_subject(email.subject)
    return [*keys, code] if code else keys


def find(letter: Letter, pole_id: int | None) -> Found | None:
    """The incident this letter belongs to, or None. Headers are stronger than the code, the code than the site."""
    return _by_headers(letter) or _by_code(letter) or _by_power_back(letter, pole_id)


def says_power_is_back(email: Email) -> bool:
    """T2 announces the end by the same subject with «(Закрыто)» behind it, in a new thread."""
    return bool(POWER_BACK.search(email.subject))


def bare_subject(email: Email) -> str:
    """The subject without reply prefixes and without «(Закрыто)»."""
    return POWER_BACK.sub("", strip_prefixes(email.subject)).strip().casefold()


def letters_waiting_for(letter: Letter) -> list[Email]:
    """Stored letters of the same conversation that have no incident yet: they came before this one."""
    keys = [letter.email.message_id, *inbox.thread_ids(letter.parsed)]
    shared = ThreadId.objects.filter(message_id__in=keys).values("email_id")
    found = Email.objects.filter(pk__in=shared, place=None).exclude(pk=letter.email.pk)
    return list(found.exclude(message_id=letter.email.message_id).order_by("pk"))


def _by_headers(letter: Letter) -> Found | None:
    email = letter.email
    keys = [*inbox.thread_ids(letter.parsed), email.message_id]
    rows = (
        ThreadId.objects.filter(message_id__in=keys, email__place__isnull=False)
        .exclude(email=email)
        .select_related("email__place__incident")
        .order_by("email_id")
    )
    # An id used twice for different letters proves nothing: only somebody who answers it does.
    proofs = [row for row in rows if not (row.message_id == email.message_id == row.email.message_id)]
    if not proofs:
        return None
    best = min(proofs, key=lambda row: keys.index(row.message_id))
    place: IncidentEmail = best.email.place
    return Found(place.incident, IncidentEmail.Way.THREAD, place.thread)


def _by_code(letter: Letter) -> Found | None:
    code = code_in_subject(letter.email.subject)
    incident = Incident.objects.select_related("pole").filter(code=code).first() if code else None
    if incident is None or not _takes_part(letter.email, incident):
        return None
    return Found(incident, IncidentEmail.Way.CODE, letter.email.pk)


def _takes_part(email: Email, incident: Incident) -> bool:
    """Codes are easy to guess: only who is in the conversation, his company, or the desk may use one."""
    sender = email.from_email.lower()
    if email.direction == Email.Direction.OUT or _domain(sender) in {_domain(own) for own in settings.DESK_ADDRESSES}:
        return True
    known = {incident.requester_email.lower()}
    for row in Email.objects.filter(place__incident=incident).values("from_email", "to", "cc"):
        known.add(row["from_email"].lower())
        known.update(each["email"].lower() for each in (*row["to"], *row["cc"]))
    if incident.pole:
        known.update(each.lower() for each in incident.pole.contractor_emails)
    known.discard("")  # an incident by phone has no requester; a letter from nobody is not his
    domains = {_domain(each) for each in known} - PUBLIC_DOMAINS - {""}
    return sender in known or _domain(sender) in domains


def _by_power_back(letter: Letter, pole_id: int | None) -> Found | None:
    email = letter.email
    if not says_power_is_back(email) or email.direction == Email.Direction.OUT or not email.from_email:
        return None
    domain = _domain(email.from_email)
    by_himself, by_company = Q(requester_email__iexact=email.from_email), Q(requester_email__iendswith="@" + domain)
    same_sender = Incident.objects.open().filter(by_himself if domain in PUBLIC_DOMAINS else by_company)
    if pole_id:
        candidates = same_sender.filter(pole=pole_id)
    else:
        candidates = same_sender.filter(pole=None, subject__iexact=POWER_BACK.sub("", strip_prefixes(email.subject)))
    incident = candidates.order_by("-opened_at", "-pk").first()
    return Found(incident, IncidentEmail.Way.POWER_BACK, email.pk) if incident else None


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
