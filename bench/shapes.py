"""Every shape of letter that the mix is made of, each written together with what is true of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property
from random import Random

from bench import mime, phrases
from bench.mime import Enclosed, Form

IN, OUT = "in", "out"
DESK_NAME = "Диспетчерская служба"


@dataclass(frozen=True, slots=True)
class Site:
    """A pole and a station on it, as the registry spells them, and the mail domain of the station's operator."""

    pole: str
    station: str
    domain: str


@dataclass(frozen=True, slots=True)
class File:
    name: str
    sha256: str


@dataclass(frozen=True)
class Letter:
    """One delivery and what is true of it. `conversation` is None where the letter opens and joins nothing."""

    raw: bytes = field(repr=False)
    direction: str
    shape: str
    conversation: int | None
    subject: str
    # Empty: a report, whose parts nobody wrote.
    text: str
    kind: str = "human"
    files: tuple[File, ...] = ()
    # SHA-256 of the letter of which this is one more delivery; empty: this is the letter.
    again_of: str = ""

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def original(self) -> str:
        """The same for all deliveries of one letter."""
        return self.again_of or self.sha256


@dataclass(slots=True)
class Conversation:
    """What is known of a conversation while it is written."""

    number: int
    site: Site
    name: str
    address: str
    subject: str = ""
    # Message-IDs from the first letter on; what was said last and by whom, for the next one's quotation.
    ids: list[str] = field(default_factory=list)
    said: str = ""
    said_by: tuple[str, str] = ("", "")
    letters: list[Letter] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """One letter being written; a method for each shape."""

    rng: Random
    desk: str
    talk: Conversation
    shape: str
    day: datetime
    # How likely it has files.
    with_files: float
    # The code of an incident it names, if it does.
    code: str = ""

    def opening(self) -> Letter:
        subject, text = phrases.opening(self.rng, self.talk.site.pole, self.talk.site.station)
        self.talk.subject = subject
        return self._post(subject, self._signed(text))

    def nameless(self) -> Letter:
        """A first letter without Message-ID."""
        subject, text = phrases.opening(self.rng, self.talk.site.pole, self.talk.site.station)
        return self._post(subject, self._signed(text), message_id="")

    def same_id(self) -> Letter:
        """A first letter by a program that numbers its letters anew every day: another one has the same id."""
        self.talk.ids.append(f"<1@gateway.{self.talk.site.domain}>")
        subject, text = phrases.opening(self.rng, self.talk.site.pole, self.talk.site.station)
        return self._post(subject, self._signed(text), message_id=self.talk.ids.pop())

    def reply(self) -> Letter:
        # Only In-Reply-To where it answers the first letter: further on, whoever misses the letter between is lost.
        is_sparing = len(self.talk.ids) == 1 and self.rng.random() < 0.5
        references = [] if is_sparing else self.talk.ids[-5:]
        return self._answer(f"Re: {self.talk.subject}", answers=self.talk.ids[-1], references=references)

    def references(self) -> Letter:
        """An answer without In-Reply-To."""
        return self._answer(f"RE: {self.talk.subject}", references=self.talk.ids[-5:])

    def other_subject(self) -> Letter:
        return self._answer(self.rng.choice(phrases.OTHER_SUBJECTS), answers=self.talk.ids[-1])

    def answer(self) -> Letter:
        """The desk's own, found in its folder of sent letters."""
        text = f"{self.rng.choice(phrases.ANSWERS)}\n\n{DESK_NAME}\n\n{self._quoted()}"
        return self._post(
            f"Re: {self.talk.subject}",
            text,
            answers=self.talk.ids[-1],
            references=self.talk.ids[-5:],
            author=(DESK_NAME, self.desk),
        )

    def orphan(self) -> Letter:
        """An answer to a letter that the desk never got; whoever answers the same one is of one conversation."""
        site = self.talk.site
        subject, text = phrases.opening(self.rng, site.pole, site.station)
        self.talk.subject = self.talk.subject or subject
        unseen = f"<{site.pole}.unseen@{site.domain}>"
        below = phrases.quoted(text, "Диспетчер сети", f"net@{site.domain}", f"{self.day:%d.%m.%Y, %H:%M}")
        body = self._signed(self.rng.choice(phrases.REPLIES)) + f"\n\n{below}"
        return self._post(f"Re: {self.talk.subject}", body, references=[unseen])

    def power_back(self) -> Letter:
        """The end of an outage, told in a letter of its own."""
        _, text = phrases.opening(self.rng, self.talk.site.pole, self.talk.site.station)
        return self._post(f"{self.talk.subject} (Закрыто)", self._signed(text.replace("Отсутствует", "Отсутствовало")))

    def with_code(self) -> Letter:
        """An answer without any header that says so; only the code in its subject does."""
        return self._answer(f"Re: {self.code}: {self.talk.subject}")

    def stranger_with_code(self) -> Letter:
        """Somebody else's letter about another site, with the code of an incident he has no part in."""
        subject, text = phrases.opening(self.rng, self.talk.site.pole, self.talk.site.station)
        self.talk.subject = subject
        author = (self.talk.name, f"office@stranger-{self.talk.number}.example")
        return self._post(f"{subject} ({self.code})", self._signed(text), author=author)

    def autoreply(self) -> Letter:
        auto = [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")]
        return self._post(
            f"Автоответ: {self.talk.subject}", phrases.AWAY, answers=self.talk.ids[-1], extra=auto, kind="autoreply"
        )

    def loose_autoreply(self) -> Letter:
        """Answers nothing that is known here: kept without incident."""
        letter = self._post("Автоответ: отпуск", phrases.AWAY, extra=[("Auto-Submitted", "auto-replied")])
        return replace(letter, kind="autoreply", conversation=None)

    def sent_elsewhere(self) -> Letter:
        """A letter of the desk that belongs to no incident."""
        text = f"Коллеги, график дежурств на месяц № {self.rng.randint(1, 12)} готов.\n\n{DESK_NAME}"
        return replace(self._post("График дежурств", text, author=(DESK_NAME, self.desk)), conversation=None)

    def bounce(self) -> Letter:
        """The last letter came back; only the part that was returned names it."""
        domain = self.talk.site.domain
        said = f"This is the mail system at host mx.{domain}.\n\n<{self.talk.address}>: 550 5.1.1 User unknown"
        status = f"Reporting-MTA: dns; mx.{domain}\r\n\r\nFinal-Recipient: rfc822; {self.talk.address}\r\n"
        status += "Action: failed\r\nStatus: 5.1.1\r\n"
        returned = f"From: <{self.desk}>\r\nTo: <{self.talk.address}>\r\nMessage-ID: {self.talk.ids[-1]}\r\n"
        parts = [
            mime.text_part("plain", said, Form(transfer="7bit")),
            b"Content-Type: message/delivery-status\r\n\r\n" + status.encode(),
            b"Content-Type: text/rfc822-headers\r\n\r\n" + returned.encode(),
        ]
        subject = "Undelivered Mail Returned to Sender"
        headers = [
            ("Return-Path", "<>"),
            ("From", f"Mail Delivery System <MAILER-DAEMON@mx.{domain}>"),
            ("To", self.desk),
            ("Subject", subject),
            ("Date", format_datetime(self.day)),
            ("Message-ID", self._new_id(f"mx.{domain}")),
        ]
        report = mime.multipart("report", parts, "report-type=delivery-status; ")
        raw = mime.with_headers(headers, report)
        return Letter(raw, IN, self.shape, self.talk.number, subject, text="", kind="bounce")

    def _answer(self, subject: str, *, answers: str = "", references: Sequence[str] = ()) -> Letter:
        body = self._signed(self.rng.choice(phrases.REPLIES)) + f"\n\n{self._quoted()}"
        return self._post(subject, body, answers=answers, references=references)

    def _signed(self, text: str) -> str:
        return f"{text}\n\n{phrases.signature(self.rng, self.talk.name)}"

    def _quoted(self) -> str:
        return phrases.quoted(self.talk.said, *self.talk.said_by, f"{self.day:%d.%m.%Y, %H:%M}")

    def _post(
        self,
        subject: str,
        text: str,
        *,
        answers: str = "",
        references: Sequence[str] = (),
        author: tuple[str, str] | None = None,
        message_id: str | None = None,
        extra: Sequence[tuple[str, str]] = (),
        kind: str = "human",
    ) -> Letter:
        """Write it down; `message_id=""` leaves the id out."""
        talk = self.talk
        name, address = author or (talk.name, talk.address)
        is_ours = address == self.desk
        form = any_form(self.rng)
        subject, text = mime.poorer(subject, form.charset), mime.poorer(text, form.charset)
        own_id = self._new_id(address.rpartition("@")[2]) if message_id is None else message_id
        headers = [] if is_ours else [("Received", received(self.rng, address.rpartition("@")[2], self.day))]
        headers += [("From", f"{name} <{address}>"), ("To", talk.address if is_ours else self.desk)]
        headers += [("Subject", subject), ("Date", format_datetime(self.day)), *extra]
        headers += [("Message-ID", own_id)] if own_id else []
        headers += [("In-Reply-To", answers)] if answers else []
        headers += [("References", "\r\n ".join(references))] if references else []
        files = self._files()
        talk.ids += [own_id] if own_id else []
        talk.said, talk.said_by = text, (name, address)
        return Letter(
            raw=mime.letter(headers, text, form, files),
            direction=OUT if is_ours else IN,
            shape=self.shape,
            conversation=talk.number,
            subject=subject,
            text=text,
            kind=kind,
            files=tuple(File(each.name, hashlib.sha256(each.content).hexdigest()) for each in files),
        )

    def _files(self) -> list[Enclosed]:
        rng = self.rng
        if rng.random() >= self.with_files:
            return []
        found = []
        for name, kind, beginning in rng.sample(phrases.FILES, rng.randint(1, 3)):
            content = beginning + rng.randbytes(rng.randint(20_000, 500_000))
            found.append(Enclosed(name, content, kind, rng.choice(["2231", "continued", "2047", "raw"])))
        return found

    def _new_id(self, domain: str) -> str:
        return f"<{self.talk.number}.{len(self.talk.letters)}.{self.rng.getrandbits(64):016x}@{domain}>"


def redelivered(rng: Random, letter: Letter, shape: str) -> Letter:
    """The same letter once more: byte for byte, or through another relay."""
    if shape == "relayed":
        # Only what relays write stands before the letter's own headers.
        raw = b"Received: from backup-mx.example by imap.example; relay %08x\r\n" % rng.getrandbits(32) + letter.raw
        return replace(letter, raw=raw, shape=shape, again_of=letter.original)
    return replace(letter, shape=shape, again_of=letter.original)


def any_form(rng: Random) -> Form:
    """How one of many mail programs writes."""
    charset = rng.choices(["utf-8", "koi8-r", "windows-1251"], [60, 15, 25])[0]
    body = rng.choices(["plain", "alternative", "html"], [45, 45, 10])[0]
    if rng.random() < 0.04:
        return Form(charset, is_declared=False, transfer="8bit", words="raw")
    return Form(
        charset,
        transfer=rng.choices(["base64", "quoted-printable", "8bit"], [50, 35, 15])[0],
        body=body,
        words=rng.choices(["B", "Q"], [75, 25])[0],
        cuts_letters=rng.random() < 0.1,
    )


def received(rng: Random, domain: str, day: datetime) -> str:
    number = rng.getrandbits(40)
    relay = f"mail.{domain} (198.51.100.{rng.randint(1, 250)})"
    return f"from {relay} by mx.towers.example; id {number:x}; {format_datetime(day)}"
