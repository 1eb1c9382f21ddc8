"""An SMTP server that fails by a plan of its own, and that shoots whoever talks to it when told to.

It counts what it keeps by Message-ID and recipient, as a mail server's users would.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from queue import SimpleQueue
from random import Random

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.smtp_server import DROP, HANG, SmtpServer

# Where in the conversation the sender may be killed.
STAGES = (
    "signing on", "MAIL", "RCPT", "DATA", "in the letter", "after the dot, letter lost", "after the dot, letter kept",
    "after the answer",
)  # fmt: skip
GOOD = "250 OK"
# What becomes of an attempt, and how often: of a hundred.
AT_DATA = {"": 92, "451 4.3.0 later": 4, DROP: 4}
AT_THE_END = {GOOD: 70, "421 4.3.2 closing": 5, "451 4.3.0 later": 5, "554 5.7.1 spam": 5, DROP: 5, "kept": 5, HANG: 5}


@dataclass
class BadSmtp(SmtpServer):
    """What each attempt gets is rolled; `kill` is called when a sender is at the stage that is armed."""

    kill: Callable[[str], None] = print
    rng: Random = field(default_factory=lambda: Random(1))
    armed: str = ""
    # (Message-ID, recipient) → how often it was delivered.
    delivered: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    # Letters kept, for the desk's own folder.
    kept: SimpleQueue[bytes] = field(default_factory=SimpleQueue)
    # Recipients who were busy once.
    busy: set[str] = field(default_factory=set)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        await self._stage("signing on")
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._stage("MAIL")
        return await super().handle_MAIL(server, session, envelope, address, options)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._stage("RCPT")
        if address.startswith("gone"):
            return self._counted("550 5.1.1 no such user")
        if address.startswith("busy") and address not in self.busy:
            self.busy.add(address)
            return self._counted("451 4.2.1 mailbox busy")
        return await super().handle_RCPT(server, session, envelope, address, options)

    def answer_to_data(self) -> str:
        self._shoot("DATA")
        asyncio.get_running_loop().call_later(self.rng.uniform(0, 0.003), self._shoot, "in the letter")
        answer = self._roll(AT_DATA)
        return self._counted(f"{answer} at DATA")[: -len(" at DATA")] if answer else ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await self._stage("after the dot, letter lost")
        end = self._counted(self._roll(AT_THE_END))
        if self.armed == "after the dot, letter kept":
            end = GOOD
        if end in (GOOD, "kept", HANG):
            self._keep(envelope)
        await self._stage("after the dot, letter kept")
        if end == HANG:
            await asyncio.sleep(60)
        if end in (DROP, "kept") and server.transport:
            server.transport.abort()
        if end == GOOD:
            asyncio.get_running_loop().call_later(self.rng.uniform(0, 0.004), self._shoot, "after the answer")
        return end

    async def _stage(self, name: str) -> None:
        if self._shoot(name):
            # The dead read no answer.
            await asyncio.sleep(0.05)

    def _shoot(self, stage: str) -> bool:
        if self.armed != stage:
            return False
        self.armed = ""
        self.kill(stage)
        return True

    def _keep(self, envelope: Envelope) -> None:
        raw = bytes(envelope.original_content or b"")
        message_id = str(message_from_bytes(raw)["Message-ID"])
        self.delivered.update((message_id, each) for each in envelope.rcpt_tos)
        self.kept.put(raw)

    def _roll(self, weights: dict[str, int]) -> str:
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def _counted(self, answer: str) -> str:
        self.answers[answer] += 1
        return answer
