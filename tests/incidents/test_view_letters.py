"""Letters in the browser: nothing of a stranger runs or loads, files are downloads, originals are untouched."""

from __future__ import annotations

import hashlib

import pytest
from django.test import Client
from django.urls import reverse

from dispatchers.roles import Role
from mailbox import store
from mailbox.models import Attachment, Email
from mailbox.parsing.safe_html import clean_html
from tests.factories import make_email, make_user

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(make_user(role=Role.OBSERVER))
    return client


def body(email: Email) -> str:
    return reverse("incidents:letter_body", args=[email.pk])


def attach(email: Email, content: bytes, **over: object) -> Attachment:
    facts = {"name": "a.png", "content_type": "image/png", "size": len(content), "sha256": store.put(content), **over}
    return Attachment.objects.create(email=email, **facts)


def policy(response: object) -> dict[str, str]:
    parts = response["Content-Security-Policy"].split("; ")  # type: ignore[index]
    return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}


def test_a_letters_frame_may_not_run_load_or_send_anything(desk):
    said = policy(desk.get(body(make_email(safe_html="<p>привет</p>"))))

    assert said["default-src"] == "'none'"
    assert said["img-src"] == "'self' data:"
    assert said["form-action"] == "'none'"
    assert said["frame-ancestors"] == "'self'"
    assert "script-src" not in said
    assert "allow-scripts" not in said["sandbox"]


def test_pictures_from_elsewhere_load_on_request_only_and_over_https(desk):
    shown = clean_html('<img src="http://far.example/a.png"><img src="//far.example/b.png"><p>data-remote-src="x"</p>')
    email = make_email(safe_html=shown.html, has_remote_images=True)

    quiet, asked = desk.get(body(email)), desk.get(body(email), {"images": "1"})

    assert ' src="' not in quiet.content.decode()
    page = asked.content.decode()
    assert 'src="https://far.example/a.png"' in page
    assert 'src="https://far.example/b.png"' in page
    assert "https:" in policy(asked)["img-src"]
    assert asked["Referrer-Policy"] == "no-referrer"


def test_pictures_of_the_letter_itself_are_shown(desk):
    email = make_email(safe_html=clean_html('<img src="cid:logo&amp;1@x y">').html)
    attach(email, PNG, content_id="logo&1@x y", inline=True)

    page = desk.get(body(email)).content.decode()

    address = page.split(' src="')[1].split('"')[0].replace("&amp;", "&")
    picture = desk.get(address)
    assert picture["Content-Type"] == "image/png"
    assert b"".join(picture.streaming_content) == PNG


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"<html><script>alert(1)</script>", b"MZ"]
)
def test_what_only_claims_to_be_a_picture_is_not_served_as_one(desk, content):
    email = make_email()
    attach(email, content, content_id="a", inline=True, content_type="image/png")

    assert desk.get(reverse("incidents:letter_inline", args=[email.pk, "a"])).status_code == 404


def test_a_letter_without_html_is_shown_as_its_text(desk):
    page = desk.get(body(make_email(text="a < b & <script>alert(1)</script>"))).content.decode()

    assert "a &lt; b &amp;" in page
    assert "<script" not in page


def test_a_file_is_always_a_download_and_never_a_page(desk):
    file = attach(make_email(), b"<script>alert(1)</script>", name="Акт осмотра.html", content_type="text/html")

    response = desk.get(reverse("incidents:attachment", args=[file.pk]))

    assert response["Content-Disposition"].startswith("attachment;")
    assert "utf-8''%D0%90%D0%BA%D1%82" in response["Content-Disposition"]
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert policy(response) == {"default-src": "'none'", "sandbox": ""}
    assert b"".join(response.streaming_content) == b"<script>alert(1)</script>"


WEIRD = [
    b"Subject: =?koi8-r?B?8NLJ18XU?=\r\n\r\n\xf0\xd2\xc9\xd7\xc5\xd4\r\n",
    b"From : a\rSubject:\x00\xff\xfe\n\n\r\r\n\n.\n..\nFrom the desk\x1a\x00 no end",
    b"\xef\xbb\xbf" + bytes(range(256)) * 300,
    b"",
]


@pytest.mark.parametrize("raw", WEIRD)
def test_the_original_is_the_letter_byte_for_byte(desk, raw):
    email = make_email(sha256=store.put(raw))

    response = desk.get(reverse("incidents:letter_original", args=[email.pk]))

    got = b"".join(response.streaming_content)
    assert (got, hashlib.sha256(got).hexdigest()) == (raw, email.sha256)
    assert response["Content-Disposition"] == f'attachment; filename="letter-{email.pk}.eml"'


def test_a_letter_whose_bytes_are_gone_is_not_found(desk):
    assert desk.get(reverse("incidents:letter_original", args=[make_email().pk])).status_code == 404


@pytest.mark.parametrize("name", ["letter_body", "letter_original", "attachment"])
def test_letters_are_for_people_who_are_signed_in(client, db, name):
    email = make_email()
    pk = attach(email, PNG).pk if name == "attachment" else email.pk

    assert client.get(reverse(f"incidents:{name}", args=[pk])).status_code == 302
