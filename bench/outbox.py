"""Kill -9 of whoever sends, in every state of a letter, against a server that fails; then what left against the truth.

    python bench/outbox.py --kills 200

Two processes send by two accounts. The server accepts, answers 421 and 451, refuses one of three recipients, drops the
connection before the letter and after it, hangs, and counts what it keeps by Message-ID and recipient. Both senders are
killed together at a stage of the conversation, each stage in turn, or at any moment, and started again. Some letters
are taken back. What the server kept comes back as the desk's own copy. In the end no letter may wait or be lost without
a word, nobody may have got one twice, and nobody one that was taken back. Exits 1 on any deviation.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from bench.outbox_sender import Clock
    from mailbox.models import Outgoing

DESK = "desk@towers.example"
SENDERS, SPEED = 2, 300.0
# Letters under way at once; how long nobody may come to the stage.
UNDER_WAY, PATIENCE = 12, 60.0
# Letters that leave between two kills.
BETWEEN = 1
ANY_MOMENT = "any moment"
HEALING_LIMIT = 180.0
TAKEN_BACK = 0.08


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        os.environ |= {"VAR_DIR": str(Path(folder).resolve()), "DESK_ADDRESSES": DESK, "LOG_LEVEL": "CRITICAL"}
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "EMAIL_FROM": DESK, "EMAIL_USE_TLS": "false"}
        from config.embedded import postgres

        with postgres.shared(Path(folder).resolve(), fast=True):
            import django

            django.setup()
            is_good = run_all(options)
    sys.exit(not is_good)


def run_all(options: argparse.Namespace) -> bool:
    """With a database, and with a server that everybody who sends knows."""
    from django.conf import settings
    from django.db import connections

    from bench.bad_smtp import BadSmtp
    from tests.smtp_server import serving

    server = BadSmtp(rng=Random(options.seed))
    run = Run(server, options.kills, Random(options.seed))
    with serving(server) as port:
        os.environ |= {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(port)}
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        try:
            return run.run(port)
        finally:
            run.stop()
            connections.close_all()
            connections["default"].close_pool()  # type: ignore[attr-defined]


@dataclass
class Run:
    """One run: letters are queued, senders killed, and all is compared."""

    server: Any
    kills: int
    rng: Random
    senders: list[Any] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    # Outgoing that somebody took back in time.
    taken_back: set[int] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def run(self, port: int) -> bool:
        from django.core.management import call_command
        from django.utils import timezone

        from bench import outbox_sender
        from mailbox.models import SmtpAccount

        call_command("migrate", verbosity=0)
        SmtpAccount.objects.create(
            name="second", from_address="second@towers.example", host="127.0.0.1", port=port, security="none"
        )
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["bench.outbox_sender"])
        self.clock: Clock = outbox_sender.Clock(timezone.now(), SPEED)
        self.server.kill = self.kill_all
        began = time.monotonic()
        self.kill_in_turn()
        print(f"{sum(self.killed.values())} kills within {time.monotonic() - began:.0f} s", flush=True)
        self.heal()
        return self.judge()

    # --- Killing ------------------------------------------------------------------------------

    def kill_in_turn(self) -> None:
        from bench.bad_smtp import STAGES

        stages = [*STAGES, ANY_MOMENT]
        for number in range(self.kills):
            stage = stages[number % len(stages)]
            self.let_some_leave()
            if stage == ANY_MOMENT:
                self.moment = time.monotonic() + self.rng.uniform(0, 1)
                self.go_on(lambda: time.monotonic() > self.moment)
                self.kill_all(stage)
                continue
            self.server.armed = stage
            self.go_on(lambda: not self.server.armed)

    def let_some_leave(self) -> None:
        """Between two kills life goes on."""
        from bench.bad_smtp import GOOD

        before = self.server.answers[GOOD]
        self.go_on(lambda: self.server.answers[GOOD] >= before + BETWEEN)

    def go_on(self, is_over: Any) -> None:
        """Keep senders alive and letters coming until something has happened."""
        until = time.monotonic() + PATIENCE
        while not is_over():
            if time.monotonic() > until:
                raise SystemExit(f"nobody came to the stage {self.server.armed!r}")
            self.tend()
            time.sleep(0.01)

    def tend(self) -> None:
        for number, sender in enumerate(self.senders):
            if not sender.is_alive():
                sender.join()
                self.senders[number] = self.started()
        while len(self.senders) < SENDERS:
            self.senders.append(self.started())
        self.feed()
        self.show_copies()

    def started(self) -> Any:
        from bench import outbox_sender

        process = self.context.Process(target=outbox_sender.send, args=(self.clock,), daemon=True)
        process.start()
        return process

    def kill_all(self, stage: str) -> None:
        """Everybody at once, as a machine that loses power: from the server's thread, or from this one."""
        for sender in list(self.senders):
            sender.kill()
        self.killed[stage] += 1

    def stop(self) -> None:
        self.server.armed = ""
        for sender in self.senders:
            sender.kill()
            sender.join()

    # --- Letters ------------------------------------------------------------------------------

    def feed(self) -> None:
        from mailbox.models import Outgoing

        waiting = Outgoing.objects.filter(state__in=["queued", "sending", "retrying"])
        fresh = [self.queue() for _ in range(UNDER_WAY - waiting.count())]
        for letter in fresh:
            if self.rng.random() < TAKEN_BACK:
                self.take_back(letter)

    def queue(self) -> Outgoing:
        from mailbox import accounts, outbox
        from mailbox.composing import Composed
        from tests.written import letter

        number = next(self.numbers)
        people = [f"a{number}@operator.example", f"b{number}@operator.example"]
        third = self.rng.choices(["c", "gone", "busy"], [6, 2, 2])[0]
        people.append(f"{third}{number}@operator.example")
        raw = letter(
            f"Letter {number}", "Просим проверить питание. " * self.rng.choice([1, 1, 5000]), sender=DESK,
            to=", ".join(people), cc=DESK, message_id=f"<{number}@outbox.example>",
        )  # fmt: skip
        composed = Composed(raw.replace(b"\n", b"\r\n"), (*people, DESK), DESK)
        account = self.rng.choice([*accounts.all_active(), accounts.of_settings()])
        now = self.clock()
        later = now + timedelta(seconds=20) if self.rng.random() < 0.2 else None
        return outbox.queue(composed, now=now, account=account, leaves_at=later)

    def take_back(self, letter: Outgoing) -> None:
        from mailbox import outbox

        time.sleep(self.rng.uniform(0, 0.05))
        if outbox.cancel(letter, now=self.clock()):
            self.taken_back.add(letter.pk)

    def show_copies(self) -> None:
        """What the server kept for the desk comes into its folder, and is known as ours."""
        from mailbox import inbox
        from mailbox.models import Receipt

        while not self.server.kept.empty():
            receipt = inbox.receive(self.server.kept.get(), direction="in", received_at=self.clock())
            (stored,) = inbox.store([inbox.read(receipt)])
            Receipt.objects.filter(pk=receipt.pk).update(state=Receipt.State.COPY, email=stored.email)

    def heal(self) -> None:
        """Nobody is killed any more, and a person sends what waits: everything comes to its end."""
        from mailbox import outbox
        from mailbox.models import Outgoing

        began = time.monotonic()
        unfinished = Outgoing.objects.filter(state__in=["queued", "sending", "retrying"])
        self.feed = lambda: None  # type: ignore[method-assign]
        while unfinished.exists() and time.monotonic() < began + HEALING_LIMIT:
            self.tend()
            for letter in unfinished.filter(next_try_at__gt=self.clock() + timedelta(minutes=5)):
                outbox.hasten(letter, now=self.clock())
            time.sleep(0.05)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            self.tend()
            time.sleep(0.05)
        print(f"all letters at their end {time.monotonic() - began - 2:.1f} s after the last kill")

    # --- Judging ------------------------------------------------------------------------------

    def judge(self) -> bool:
        from mailbox.models import Outgoing

        letters = list(Outgoing.objects.select_related("email"))
        self.print_what_happened(letters)
        wrong: Counter[str] = Counter(dict.fromkeys(WRONG, 0))
        wrong["delivered twice"] = sum(number > 1 for number in self.server.delivered.values())
        for letter in letters:
            wrong.update(self.wrong_with(letter))
        for what, number in wrong.items():
            print(f"  {what:<48} {number}")
        is_good = not sum(wrong.values())
        print("ok" if is_good else "FAILED")
        return is_good

    def wrong_with(self, letter: Outgoing) -> Iterator[str]:
        if letter.state in ("queued", "sending", "retrying"):
            yield "not at its end"
        if letter.state in ("failed", "unknown") and not letter.said:
            yield "failed or unknown without a word"
        if (letter.pk in self.taken_back) != (letter.state == "cancelled"):
            yield "taken back and not cancelled, or the reverse"
        # A copy of an earlier attempt proves nothing about a later one: then a person has to look.
        is_proven = not any(each["state"] == "accepted" for each in letter.recipients)
        for each in letter.recipients:
            count = self.server.delivered[letter.email.message_id, each["address"]]
            if each["state"] == "accepted" and not count:
                yield "lost: called sent and never delivered"
            if each["state"] in ("refused", "waiting") and count:
                yield "delivered and called refused, or taken back"
            if each["state"] == "unknown" and count and is_proven:
                yield "delivered, its copy came, and still unknown"

    def reached(self, letters: list[Outgoing]) -> int:
        unknown = (letter for letter in letters if letter.state == "unknown")
        people = (
            [(letter.email.message_id, each["address"]) for each in letter.recipients if each["state"] == "unknown"]
            for letter in unknown
        )
        return sum(any(self.server.delivered[each] for each in group) for group in people)

    def print_what_happened(self, letters: list[Outgoing]) -> None:
        states = Counter(letter.state for letter in letters)
        print(f"{len(letters)} letters: " + ", ".join(f"{state} {number}" for state, number in sorted(states.items())))
        tried = sum(letter.attempts for letter in letters)
        print(f"{tried} attempts, {sum(self.server.delivered.values())} deliveries to recipients; the senders died at:")
        for stage, number in sorted(self.killed.items()):
            print(f"  {stage:<48} {number}")
        print("the server answered:")
        for answer, number in sorted(self.server.answers.items()):
            print(f"  {answer:<48} {number}")
        print(f"of unknown letters {self.reached(letters)} reached somebody, each at most once")
        words = Counter(letter.said for letter in letters if letter.state in ("failed", "unknown"))
        print("why letters failed, or nobody knows of them:")
        for said, number in sorted(words.items()):
            print(f"  {said:<48} {number}")
        print("wrong:")


WRONG = (
    "delivered twice", "not at its end", "lost: called sent and never delivered", "failed or unknown without a word",
    "delivered and called refused, or taken back", "delivered, its copy came, and still unknown",
    "taken back and not cancelled, or the reverse",
)  # fmt: skip


if __name__ == "__main__":
    main()
