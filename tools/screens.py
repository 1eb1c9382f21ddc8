"""Pictures of every screen for docs/screens, light and dark, of a running copy of the demo.

    make screens                       fills var/screens the first time, then takes all pictures
    make screens ARGS="card desk"      these screens only

Screens of the mirror are taken in a second go, with the look-alike of Yandex Tracker beside the demo.

Needs Chromium. With PORT and VAR_DIR it uses the copy that runs there. The demo's month ends when var/screens was
made: remove that folder for a month that ends today.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FOLDER = ROOT / "docs" / "screens"
WIDE, NARROW = (1440, 900), (390, 844)
QUALITY = 72
START_SECONDS = 1200
BROWSERS = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

Act = Callable[[Any, dict[str, str]], None]


def look(page: Any, cast: dict[str, str]) -> None:
    """The page as it opens."""


def click(*selectors: str) -> Act:
    def act(page: Any, cast: dict[str, str]) -> None:
        for selector in selectors:
            page.locator(selector).first.click()

    return act


def show(selector: str) -> Act:
    """As it stands further down."""

    def act(page: Any, cast: dict[str, str]) -> None:
        page.locator(selector).first.scroll_into_view_if_needed()

    return act


def press(*keys: str, then: str = "") -> Act:
    """Keys of the page; `then` appears when they have done their work."""

    def act(page: Any, cast: dict[str, str]) -> None:
        for key in keys:
            page.keyboard.press(key)
        if then:
            page.locator(then).first.wait_for()

    return act


def write(*typed: tuple[str, str], then: str) -> Act:
    """Words into fields, one after another."""

    def act(page: Any, cast: dict[str, str]) -> None:
        for field, words in typed:
            page.locator(field).first.fill("")
            page.locator(field).first.press_sequentially(words.format(**cast))
        page.locator(then).first.wait_for()

    return act


def both(*acts: Act) -> Act:
    def act(page: Any, cast: dict[str, str]) -> None:
        for each in acts:
            each(page, cast)

    return act


ANSWER = write(("#reply-text", "Добрый день! Бригада на месте, площадка работает от ДГУ."), then="#reply-text")
CALL = (("#new-who", "Пётр, +7 912 000-00-01"), ("#new-subject", "Пропало питание"), ("#new-site", "{station}"))


@dataclass(frozen=True)
class Screen:
    """One picture: where, what is done there first, who looks. The address names rows of tools.screen_story.Cast."""

    name: str
    title: str
    path: str
    act: Act = look
    who: str = "dispatcher"
    on_a_phone: bool = False
    # With the mirror on; {mirrored} is an incident whose issue wants a person.
    with_tracker: bool = False


SCREENS = (
    Screen("desk", "The desk", "/?open={card}", on_a_phone=True),
    Screen("desk-mine", "My incidents", "/?queue=mine&open={card}"),
    Screen(
        "desk-chosen", "Rows chosen, one deed for all", "/", press("j", "x", "j", "x", "j", "x", then="#bulk:visible")
    ),
    Screen("desk-search", "Search", "/?q={words}", press("j", then="#preview h2")),
    Screen("desk-empty", "A search that finds nothing", "/?q=йцукен123"),
    Screen("palette", "Jump and act: Ctrl K", "/", press("Control+k", then="#palette:visible"), on_a_phone=True),
    Screen("keys", "The keys", "/", press("Shift+Slash", then="#help")),
    Screen("card", "An incident", "/incidents/{card}/", on_a_phone=True),
    Screen("card-letter", "Answering a letter", "/incidents/{card}/?reply={letter}", ANSWER, on_a_phone=True),
    Screen("card-site", "Why this pole", "/incidents/{card}/", click(".dk-letter .body .dk-why summary")),
    Screen(
        "card-merge",
        "Merging a duplicate",
        "/incidents/{card}/",
        both(
            click("[popovertarget=card-menu]", "#card-menu a[href*=merge]"),
            write(("#move-to", "Отсутствует"), then=".dk-target"),
        ),
    ),
    Screen("card-merged", "What was merged leads on", "/incidents/{merged}/"),
    Screen(
        "new", "A new incident by phone", "/incidents/new/", write(*CALL, then="#new-similar article"), on_a_phone=True
    ),
    Screen("reminders", "My reminders", "/reminders/"),
    Screen("watching", "What others did with what I watch", "/watching/"),
    Screen("letters", "Every letter and its fate", "/letters/", on_a_phone=True),
    Screen("letter", "One letter", "/letters/{letter}/"),
    Screen("reading", "How a letter was read", "/letters/{letter}/reading/"),
    Screen("balance", "The letters add up", "/letters/balance/"),
    Screen("problems", "Mail that a person must look at", "/letters/problems/"),
    Screen("outgoing", "What became of letters of ours", "/letters/out/", who="administrator"),
    Screen("templates", "The words of letters", "/templates/", who="administrator"),
    Screen("template", "Changing a template", "/templates/new/handed_over/", who="administrator"),
    Screen("canned", "Canned answers", "/canned/"),
    Screen("accounts", "Accounts that letters leave by", "/mail/accounts/", who="administrator"),
    Screen("mailboxes", "Mailboxes", "/mail/", who="administrator"),
    Screen("connect", "Connecting a mailbox", "/mail/connect/", who="administrator"),
    Screen("rules", "Rules for senders", "/mail/rules/", who="administrator"),
    Screen("sla", "How deadlines are kept", "/sla/?p=month", who="administrator", on_a_phone=True),
    Screen("sla-clocks", "The reckoning of a clock", "/sla/clocks/{card}/", on_a_phone=True),
    Screen("sla-warnings", "Warnings", "/sla/warnings/?whose=all", who="administrator", on_a_phone=True),
    Screen("sla-rules", "The rules for clocks", "/sla/rules/", who="administrator"),
    Screen("sla-rule", "A rule as a sentence", "/sla/rules/{rule}/", who="administrator"),
    Screen("sla-calendar", "A calendar with Russia's days", "/sla/calendars/{calendar}/", who="administrator"),
    Screen("sla-weekly", "The letter of the week", "/sla/weekly/", who="manager"),
    Screen("map", "Open incidents on the map", "/map/", on_a_phone=True),
    Screen("registry", "The registry", "/towers/"),
    Screen("pole", "A pole", "/towers/{pole}/", on_a_phone=True),
    Screen("contractor", "A contractor", "/towers/contractors/{contractor}/"),
    Screen("sync", "Synchronisation of the registry", "/towers/sync/", who="administrator"),
    Screen("sign-in", "Signing in", "/sign-in/", who="", on_a_phone=True),
    Screen("not-found", "No such page", "/incidents/NT-1/"),
    *(
        Screen(name, title, path, act, who="administrator", on_a_phone=name == "tracker", with_tracker=True)
        for name, title, path, act in (
            ("tracker", "How the mirror in Tracker is", "/tracker/", look),
            ("tracker-jobs", "What was told to Tracker", "/tracker/jobs/?state=done", look),
            ("tracker-dead", "What Tracker did not take", "/tracker/dead/", look),
            ("tracker-conflicts", "Where both sides changed the same", "/tracker/conflicts/", look),
            ("tracker-connect", "Connecting Tracker", "/tracker/connect/", look),
            ("tracker-card", "An incident and its issue", "/incidents/{mirrored}/", show("#tracker-line")),
        )
    ),
)


def main(wanted: Sequence[str]) -> None:
    chosen = [screen for screen in SCREENS if not wanted or screen.name in wanted]
    modes = {screen.with_tracker for screen in chosen}
    if len(modes) > 1:
        # Settings are read once in a process: each mode has its own.
        for mode in sorted(modes):
            names = [screen.name for screen in chosen if screen.with_tracker == mode]
            subprocess.run([sys.executable, __file__, *names], check=True)
        return
    if True in modes:
        os.environ["TRACKER"] = "1"
    var = Path(os.environ.setdefault("VAR_DIR", str(ROOT / "var" / "screens")))
    with _demo(var) as address:
        cast = _cast(var)
        FOLDER.mkdir(parents=True, exist_ok=True)
        _photograph(address, cast, chosen, _passwords(var))
    _write_index()
    print(f"{sum(each.stat().st_size for each in FOLDER.glob('*.webp')) / 2**20:.1f} MB in {FOLDER.relative_to(ROOT)}")


@contextmanager
def _demo(var: Path) -> Iterator[str]:
    """A copy of the product with its demo, and nobody who writes new letters while pictures are taken."""
    if port := os.environ.get("PORT"):
        yield f"http://127.0.0.1:{port}"
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {**os.environ, "PORT": port, "DEMO_LETTER_SECONDS": "1000000", "DISPATCH_TIED_TO_PARENT": "1"}
    var.mkdir(parents=True, exist_ok=True)
    with (var / "screens.log").open("w") as log:
        command = [sys.executable, str(ROOT / "manage.py"), "up"]
        demo = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", demo)
            yield f"http://127.0.0.1:{port}"
        finally:
            demo.terminate()
            demo.wait(60)


def _wait_for(url: str, demo: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and demo.poll() is None:
        try:
            with urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(1)
    raise SystemExit("The demo did not start; its words are in VAR_DIR/screens.log.")


def _cast(var: Path) -> dict[str, str]:
    """Have the story played on the demo's database; the rows that addresses name."""
    from config.embedded import postgres, services, tracker

    os.environ |= {**services.demo_environment(var), **tracker.environment(var)}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with postgres.shared(var):
        import django

        django.setup()
        from django.utils import timezone

        from tools import screen_story

        cast = {name: str(value) for name, value in asdict(screen_story.play(timezone.now())).items()}
        if url := tracker.read_card(var).get("url"):
            from tools import screen_tracker

            cast["mirrored"] = screen_tracker.play(str(url), timezone.now())
        return cast


def _passwords(var: Path) -> dict[str, str]:
    from config.embedded.paths import logins_file

    return dict(line.split(" / ", 1) for line in logins_file(var).read_text().splitlines() if " / " in line)


def _photograph(address: str, cast: dict[str, str], screens: Sequence[Screen], passwords: dict[str, str]) -> None:
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        raise SystemExit("There is no Chromium on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        for theme in ("light", "dark"):
            for size in (WIDE, NARROW):
                for who in sorted({screen.who for screen in screens}):
                    mine = [each for each in screens if each.who == who and (size == WIDE or each.on_a_phone)]
                    if mine:
                        page = _signed_in(browser, address, size, theme, who, passwords)
                        for screen in mine:
                            _take(page, address, cast, screen, f"{'' if size == WIDE else 'phone-'}{theme}")
                        page.context.close()
        browser.close()


def _signed_in(
    browser: Any, address: str, size: tuple[int, int], theme: str, who: str, passwords: dict[str, str]
) -> Any:
    """A page of this person in this theme; of nobody for an empty name."""
    width, height = size
    viewport = {"width": width, "height": height}
    context = browser.new_context(viewport=viewport, locale="ru-RU", reduced_motion="reduce", is_mobile=size == NARROW)
    context.add_cookies([{"name": "theme", "value": theme, "url": address}])
    page = context.new_page()
    if who:
        page.goto(f"{address}/sign-in/")
        page.fill("[name=username]", who)
        page.fill("[name=password]", passwords[who])
        page.press("[name=password]", "Enter")
        page.wait_for_url(f"{address}/")
    return page


def _take(page: Any, address: str, cast: dict[str, str], screen: Screen, kind: str) -> None:
    """Open it, do what is to be done, and keep the picture. A screen that fails is named; the others follow."""
    from playwright.sync_api import Error

    try:
        page.goto(address + screen.path.format(**cast), wait_until="load")
        page.evaluate("document.fonts.ready")
        screen.act(page, cast)
        page.wait_for_load_state("networkidle", timeout=10_000)
    except Error as error:
        print(f"{screen.name} {kind}: {str(error).splitlines()[0]}", file=sys.stderr)
    picture = FOLDER / f"{screen.name}-{kind}.webp"
    picture.write_bytes(_small(page.screenshot()))
    print(f"{picture.name}  {picture.stat().st_size // 1024} KB", flush=True)


def _small(png: bytes) -> bytes:
    from PIL import Image

    small = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(small, "WEBP", quality=QUALITY, method=6)
    return small.getvalue()


def _write_index() -> None:
    """docs/screens/README.md: every picture there is, light beside dark."""
    lines = ["# Screens", "", "Taken by `make screens` of the demo; light beside dark, phones below.", ""]
    for screen in SCREENS:
        if (FOLDER / f"{screen.name}-light.webp").exists():
            lines += [f"## {screen.title}", "", _pair(screen.name, ""), ""]
            lines += [_pair(screen.name, "phone-"), ""] if screen.on_a_phone else []
    (FOLDER / "README.md").write_text("\n".join(lines))


def _pair(name: str, size: str) -> str:
    width = "49%" if not size else "240"
    pictures = (
        f'<img src="{name}-{size}{theme}.webp" width="{width}" alt="{name}, {theme}">' for theme in ("light", "dark")
    )
    return " ".join(pictures)


if __name__ == "__main__":
    main(sys.argv[1:])
