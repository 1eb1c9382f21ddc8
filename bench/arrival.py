"""From APPEND to the row on an open desk page, in a real browser.

    python bench/arrival.py --letters 20

Starts a copy of its own, signs in as the dispatcher with headless Chromium, opens the desk and appends letters one by
one (KOI8-R, Cyrillic look-alikes in the pole code). Prints each latency, the median and p95 in milliseconds; each
incident must have the right pole, station, contractor and operator and an assignee, and its answer must join.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import own_copy  # noqa: E402

QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--letters", type=int, default=20)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-headless-shell") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("No Chromium: apt install chromium")
    with own_copy.running() as copy:
        os.environ["VAR_DIR"] = str(copy.var)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        # Playwright runs an event loop in this thread; the few questions to the database are asked between its calls.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        import django
        from playwright.sync_api import sync_playwright

        django.setup()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            sign_in(copy, page)
            latencies = [measure(copy, page, number) for number in range(options.letters)]
            browser.close()
    ordered = sorted(latencies)
    p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
    print(f"median {statistics.median(ordered):.0f} ms, p95 {p95:.0f} ms, max {ordered[-1]:.0f} ms, n = {len(ordered)}")


def sign_in(copy: own_copy.Copy, page: Any) -> None:
    page.goto(copy.address)
    page.fill("[name=username]", "dispatcher")
    page.fill("[name=password]", copy.password("dispatcher"))
    page.click("form button[type=submit]")
    page.wait_for_selector("#rows")
    page.wait_for_timeout(1500)


def measure(copy: own_copy.Copy, page: Any, number: int) -> float:
    """Milliseconds from the moment before APPEND to the row in the DOM; exits when a fact is wrong."""
    from django.db.models import Count

    from bench import letters
    from incidents.models import Incident
    from towers.models import BaseStation

    # A station of one operator says who wrote; a shared one does not.
    station = (
        BaseStation.objects.annotate(owners=Count("operators"))
        .filter(owners=1, pole__contractor__isnull=False, pole__code__contains="-P-")
        .select_related("pole__contractor")
        .order_by("pk")[number]
    )
    pole = station.pole
    with copy.imap() as client:
        first, raw = letters.opening(number, pole.code, copy.ports()["imap_login"], station.name)
        began = time.perf_counter()
        client.append("INBOX", raw)
        page.wait_for_function(
            "words => [...document.querySelectorAll('#rows [data-code]')].some(row => row.textContent.includes(words))",
            arg=f"Отключение ЭП {number}:",
            polling="raf",
            timeout=15_000,
        )
        latency = (time.perf_counter() - began) * 1000
        incident = Incident.objects.latest("pk")
        found = (incident.pole, incident.base_station, incident.contractor, incident.operator)
        if found != (pole, station, pole.contractor, station.operators.get()) or not incident.assignee:
            sys.exit(f"wrong facts on {incident.code}: {found}, {incident.assignee}")
        _, answer = letters.reply(number, pole.code, copy.ports()["imap_login"], first)
        client.append("INBOX", answer)
    own_copy.until(lambda: Incident.objects.get(pk=incident.pk).letter_count == 2, 15)
    print(
        f"{latency:6.0f} ms  {incident.code}  {pole.code}  {station.name}  {incident.operator}  {incident.assignee}",
        flush=True,
    )
    return latency


if __name__ == "__main__":
    main()
