"""Letters of an attacker in a real Chromium: nothing runs, loads, escapes its frame or disguises itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from dispatchers.roles import Role
from incidents import intake
from incidents.models import Incident, IncidentEmail, ReadingCase
from mailbox import inbox
from mailbox.models import Attachment, Email
from tests.factories import NOW, make_email, make_incident, make_pole, make_user
from tests.written import DESK

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
FAR = "https://far.example"
BAD = "document.documentElement.dataset.owned='yes'"
HOSTILE = f"""
<base href="{FAR}/"><meta http-equiv="refresh" content="0;url={FAR}/refresh">
<link rel="stylesheet" href="{FAR}/a.css"><link rel="preconnect" href="{FAR}"><link rel="dns-prefetch" href="{FAR}">
<style>@import url({FAR}/b.css); body{{background:url({FAR}/c.png)}}</style><script>{BAD};top.{BAD}</script>
<script src="{FAR}/d.js"></script><img src=x onerror="top.{BAD}"><svg onload="top.{BAD}"><script>{BAD}</script></svg>
<body onload="top.{BAD}"><details open ontoggle="top.{BAD}"><summary>дальше</summary></details>
<a id="js" href="javascript:top.{BAD}">раз</a> <a href="&#1;java&#10;script:top.{BAD}">два</a>
<a href="data:text/html,<script>top.{BAD}</script>">три</a> <a id="out" href="{FAR}/link" target="_top">четыре</a>
<form id="f" action="{FAR}/form"><input name="password" type="password" autofocus><button>Войти</button></form>
<iframe src="{FAR}/frame"></iframe><iframe srcdoc="<script>top.{BAD}</script>"></iframe>
<object data="{FAR}/o"></object>
<embed src="{FAR}/e.swf"><video poster="{FAR}/p.png"><source src="{FAR}/v.mp4"></video>
<audio src="{FAR}/s.mp3" autoplay></audio>
<table background="{FAR}/t.png"><tr><td style="background:u\\72l({FAR}/u)">яч</td></tr></table>
<div style="position:fixed;inset:0;background:#fff;width:expression(top.{BAD})">Сессия истекла, войдите</div>
<div style="margin:-9999px;width:9999999px;height:9999999px">велико</div>
<img src="{FAR}/tracker.gif?who=desk" width="1" height="1"><img srcset="{FAR}/set.png 2x">
<img src="//far.example/x.png">
<picture><source srcset="{FAR}/src.png"><img src="{FAR}/img.png"></picture><input type="image" src="{FAR}/in.png">
<img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='top.{BAD}'/>">
<p data-remote-src="{FAR}/own.png" title="' data-remote-src=&quot;//far.example/q.png&quot;">конец письма</p>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=top.{BAD}&gt;">
<noscript><p title="</noscript><img src=x onerror=top.{BAD}>"></noscript>
<svg></p><style><a id="</style><img src=1 onerror=top.{BAD}>"></svg>
<textarea><img title="</textarea><img src=x onerror=top.{BAD}>"></textarea>
<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=top.{BAD}></style></form>
"""
NAME = "<img src=x onerror=\"document.documentElement.dataset.owned='yes'\">"


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def asked() -> list[str]:
    """Addresses that a page wanted from anywhere but the desk."""
    return []


def watch(page: Any, asked: list[str]) -> None:
    here = urlsplit(page.url).netloc

    def decide(route: Any) -> None:
        parts = urlsplit(route.request.url)
        if parts.scheme in {"http", "https"} and parts.netloc != here:
            asked.append(route.request.url)
            route.fulfill(status=204)
        else:
            route.continue_()

    page.context.route("**/*", decide)


def arrive(html: str, subject: str = "Отсутствует ВЭС", sender: str = "noc@operator.example", **files: str) -> Incident:
    """A letter with this HTML comes by mail and is taken in like any other."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, DESK, subject
    message["Message-ID"], message["Date"] = "<1@operator.example>", format_datetime(NOW)
    message.set_content("Просим проверить питание.")
    message.add_alternative(html, subtype="html")
    for name, content in files.items():
        message.add_attachment(content.encode(), maintype="image", subtype="svg+xml", filename=name)
    inbox.receive(message.as_bytes(), direction=Email.Direction.IN, received_at=NOW)
    assert intake.take_next(NOW)
    return Incident.objects.get()


def is_not_owned(page: Any) -> None:
    assert page.evaluate("document.documentElement.dataset.owned") is None
    for frame in page.frames[1:]:
        assert frame.evaluate("document.documentElement.dataset.owned") is None


def test_a_hostile_letter_runs_nothing_and_asks_nobody(open_page: OpenPage, asked: list[str]) -> None:
    incident = arrive(HOSTILE, **{"опись.svg": f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{BAD}\"/>"})
    page = open_page(make_user())
    watch(page, asked)
    page.goto(page.url.rstrip("/") + incident.get_absolute_url())
    was = page.url

    page.click(".dk-html summary")
    inside = page.frame_locator(".dk-frame")
    expect(inside.get_by_text("конец письма")).to_be_attached()
    page.wait_for_timeout(300)

    is_not_owned(page)
    assert (asked, page.url, len(page.frames)) == ([], was, 2)
    assert (
        page.frames[1].evaluate("document.querySelectorAll('form,input,button,script,style:not(head *)').length") == 0
    )
    assert page.locator(".dk-frame").bounding_box()["height"] <= 4100

    page.click("[data-images]")
    page.wait_for_timeout(500)

    is_not_owned(page)
    assert page.url == was
    assert {urlsplit(each).path for each in asked} == {"/tracker.gif", "/x.png", "/img.png"}
    assert {urlsplit(each).scheme for each in asked} == {"https"}


def test_a_link_of_a_letter_opens_a_window_that_knows_nothing_of_ours(open_page: OpenPage) -> None:
    incident = arrive(f'<p><a href="{FAR}/link" target="_top" rel="opener">сюда</a></p>')
    page = open_page(make_user(), incident.get_absolute_url())
    headers: list[dict[str, str]] = []
    page.context.route(
        f"{FAR}/**",
        lambda route: (headers.append(route.request.headers), route.fulfill(body="<p>чужое", content_type="text/html")),
    )
    page.click(".dk-html summary")

    with page.context.expect_page() as opened:
        page.frame_locator(".dk-frame").get_by_text("сюда").click()
    opened.value.wait_for_load_state()

    assert opened.value.url == f"{FAR}/link"
    assert opened.value.evaluate("window.opener") is None
    assert "referer" not in headers[0]
    assert urlsplit(page.url).path == incident.get_absolute_url()


def test_the_frame_holds_even_if_the_cleaning_should_ever_fail(
    open_page: OpenPage, asked: list[str], complaints: list[str]
) -> None:
    """The HTML as it came, uncleaned: what is left is the policy of the frame and its sandbox."""
    incident = make_incident()
    email = make_email(safe_html=HOSTILE, text="x", reply_text="x")
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    page = open_page(make_user())
    watch(page, asked)
    page.goto(page.url.rstrip("/") + incident.get_absolute_url())
    was = page.url

    page.click(".dk-html summary")
    page.wait_for_timeout(700)
    for frame in page.frames[1:]:
        for wanted in ("#js", "#f button"):
            if frame.locator(wanted).count():
                frame.locator(wanted).first.dispatch_event("click")
    page.wait_for_timeout(300)

    is_not_owned(page)
    assert page.url == was
    assert [each for each in asked if "refresh" not in each and "/link" not in each] == []
    assert complaints != []
    complaints.clear()


def test_names_and_subjects_with_html_stay_words_on_every_page(open_page: OpenPage, asked: list[str]) -> None:
    sender = f'"{NAME.replace(chr(34), chr(39))}" <noc@operator.example>'
    incident = arrive("<p>x</p>", f"Авария {NAME}", sender)
    pole = make_pole("41960-P-43-1-1", address=NAME, region_ru=NAME)
    Incident.objects.update(pole=pole, contractor=pole.contractor, requester_name=NAME, error_reason=NAME)
    incident.comments.create(text=NAME, author=make_user(last_name=NAME))
    letter = Email.objects.get()
    ReadingCase.objects.create(email=letter, note=NAME, author=make_user(last_name=NAME))
    page = open_page(make_user(Role.ADMINISTRATOR, last_name=NAME))
    watch(page, asked)
    start = page.url.rstrip("/")

    for path in ("/", f"/?open={incident.code}", f"/?q={NAME}", incident.get_absolute_url(), "/towers/",
                 "/towers/41960-P-43-1-1/", f"/towers/?q={NAME}", "/admin/towers/pole/",
                 reverse("incidents:letter_reading", args=[letter.pk]), "/letters/cases/"):  # fmt: skip
        page.goto(start + path)
        page.wait_for_timeout(100)
        is_not_owned(page)
        assert page.locator("img[src=x]").count() == 0
    page.goto(start + incident.get_absolute_url())
    page.locator("#site-pole").evaluate("field => field.closest('details').open = true")
    page.locator("#site-pole").fill("4196")
    expect(page.locator(".dk-options [role=option]")).to_have_count(1)
    is_not_owned(page)
    assert asked == []


def test_every_page_keeps_its_own_policy(open_page: OpenPage, settings: Any) -> None:
    """Chromium complains of anything inline or from elsewhere; the page of the test fails on any complaint."""
    settings.TOWERSTORE = dict.fromkeys(settings.TOWERSTORE, "http://127.0.0.1:9/")
    incident = arrive("<p>x</p>")
    pole = make_pole("41960-P-43-1-1")
    page = open_page(make_user(Role.ADMINISTRATOR), "/")
    start = page.url.rstrip("/")

    letter = reverse("incidents:letter_reading", args=[Email.objects.get().pk])
    for path in ("/?queue=closed", incident.get_absolute_url(), letter, "/letters/cases/", "/towers/",
                 f"/towers/{pole.code}/", "/towers/sync/", "/api/docs/", "/admin/", "/admin/dispatchers/user/",
                 "/admin/dispatchers/user/add/", "/admin/incidents/incidenttype/add/",
                 f"/admin/towers/pole/{pole.pk}/change/", "/admin/password_change/"):  # fmt: skip
        page.goto(start + path)
        page.wait_for_load_state("networkidle" if "docs" in path else "load")
    page.context.clear_cookies()
    page.goto(start + "/sign-in/")


def test_a_giant_table_neither_hangs_the_card_nor_the_frame(open_page: OpenPage) -> None:
    incident = arrive("<table>" + "<tr>" + "<td>x</td>" * 100 + "</tr>" * 150 + "</table>")
    page = open_page(make_user(), incident.get_absolute_url())

    page.click(".dk-html summary")

    expect(page.locator(".dk-frame")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_directions_of_a_name_do_not_turn_what_stands_beside_it(open_page: OpenPage) -> None:
    """An unclosed right-to-left override of a sender would print the address behind it backwards."""
    incident = arrive("<p>x</p>", "Авария \u202e1-1-34-P-06914", "\u202eСON <noc@operator.example>")
    page = open_page(make_user(), incident.get_absolute_url())
    rest = page.locator(".dk-letter header .dk-who-to").first

    assert rest.inner_text().startswith("noc@operator.example")
    assert rest.evaluate(
        """node => {
            const range = document.createRange(), text = node.firstChild;
            const at = text.data.indexOf("noc@operator");
            const left = n => { range.setStart(text, at + n); range.setEnd(text, at + n + 1);
                                return range.getBoundingClientRect().left; };
            return left(0) < left(3) && left(3) < left(11);
        }"""
    )


HOSTILE_FILES = {
    "страница.html": HOSTILE,
    f"{NAME}.txt": HOSTILE,
    "вложенное.eml": f"From: {NAME} <a@b.example>\nSubject: {NAME}\nContent-Type: text/html\n\n{HOSTILE}",
    "схема.svg": f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"top.{BAD}\"><script>top.{BAD}</script></svg>",
    "фото.png": f"<html><script>top.{BAD}</script></html>",
    "план.pdf": f"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(top.{BAD})>>>>endobj\n",
}


def test_previews_of_hostile_files_run_nothing_and_ask_nobody(open_page: OpenPage, asked: list[str]) -> None:
    incident = arrive("<p>x</p>", **HOSTILE_FILES)
    page = open_page(make_user())
    watch(page, asked)
    page.goto(page.url.rstrip("/") + incident.get_absolute_url())
    was = page.url

    page.locator("a[data-file]").first.click()
    for name in Attachment.objects.order_by("pk").values_list("name", flat=True):
        expect(page.locator(".fl-window[open] h1")).to_have_text(name)
        page.wait_for_timeout(100)
        is_not_owned(page)
        assert page.locator(".fl-window :is(script, iframe, object, embed, form, img[src=x])").count() == 0
        page.keyboard.press("ArrowRight")
    for link in page.locator(".fl-file > a:first-child").evaluate_all("links => links.map(link => link.href)"):
        if "preview" in link:
            page.goto(link)
            is_not_owned(page)
            page.goto(was)

    assert asked == []


def test_a_file_opens_in_a_window_that_keys_turn_and_close(open_page: OpenPage) -> None:
    incident = arrive("<p>x</p>", **{"один.txt": "первый файл", "два.txt": "второй файл"})
    page = open_page(make_user(), incident.get_absolute_url())
    first = page.locator("a[data-file]").first

    first.click()
    expect(page.locator(".fl-window pre")).to_have_text("первый файл")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".fl-window pre")).to_have_text("второй файл")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".fl-window pre")).to_have_text("первый файл")
    page.keyboard.press("Escape")

    expect(page.locator(".fl-window")).to_be_hidden()
    expect(first).to_be_focused()


def test_without_a_script_a_preview_is_a_page_with_a_way_back(open_page: OpenPage) -> None:
    incident = arrive("<p>x</p>", **{"один.txt": "первый файл", "два.txt": "второй файл"})
    page = open_page(make_user(), incident.get_absolute_url(), java_script_enabled=False)

    page.locator("a[data-file]").first.click()
    expect(page.locator(".fl-page pre")).to_have_text("первый файл")
    page.locator("[data-file-after]").click()
    expect(page.locator(".fl-page pre")).to_have_text("второй файл")
    page.locator("a[data-back]").click()

    expect(page).to_have_url(re.compile(incident.code))
