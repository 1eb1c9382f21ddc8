"""Looking into files: what is shown, what is not, and that nothing of a stranger runs."""

from __future__ import annotations

import errno
import threading
import time
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from config import retention
from dispatchers.roles import Role
from incidents import previews
from mailbox import store
from mailbox.models import Attachment, Email
from tests.factories import make_email, make_incident, make_user
from tests.written import letter

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
LOCKED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"3 0 obj<</Filter/Standard/V 1/R 2/O(01234567890123456789012345678901)/U(01234567890123456789012345678901)"
    b"/P -4>>endobj\ntrailer<</Root 1 0 R/Encrypt 3 0 R/ID[(0123456789012345)(0123456789012345)]>>\n%%EOF\n"
)


def pdf(pages: int = 1, size: tuple[int, int] = (200, 300)) -> bytes:
    """A PDF of coloured pages."""
    sheets = [Image.new("RGB", size, (20 * number % 256, 80, 120)) for number in range(pages)]
    made = BytesIO()
    sheets[0].save(made, "PDF", save_all=True, append_images=sheets[1:])
    return made.getvalue()


def attach(content: bytes, name: str, kind: str = "application/octet-stream", email: Email | None = None) -> Attachment:
    facts: dict[str, Any] = {"size": len(content), "sha256": store.put(content), "content_type": kind}
    return Attachment.objects.create(email=email or make_email(), name=name, **facts)


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_user(role=Role.OBSERVER))
    return client


def preview(desk: Client, file: Attachment, **more: Any) -> str:
    response = desk.get(reverse("incidents:file_preview", args=[file.pk]), **more)
    assert response.status_code == 200
    return response.content.decode()


def test_pages_of_a_pdf_are_drawn_and_shown_one_by_one(desk):
    file = attach(pdf(3), "План.pdf", "application/pdf")

    shown = preview(desk, file)

    assert [shown.count(reverse("incidents:file_page", args=[file.pk, n])) for n in (1, 2, 3, 4)] == [1, 1, 1, 0]
    second = desk.get(reverse("incidents:file_page", args=[file.pk, 2]))
    assert (second["Content-Type"], second["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    assert Image.open(BytesIO(second.content)).getpixel((5, 5))[0] in range(10, 30)
    assert desk.get(reverse("incidents:file_page", args=[file.pk, 4])).status_code == 404


def test_only_the_first_ten_pages_are_drawn(desk):
    file = attach(pdf(12), "Отчёт.pdf")

    shown = previews.look(file)

    assert (shown.kind, shown.pages, len(shown.sizes)) == ("pages", 12, 10)
    assert desk.get(reverse("incidents:file_page", args=[file.pk, 11])).status_code == 404


def test_a_page_is_drawn_once(monkeypatch):
    file = attach(pdf(), "План.pdf")
    first = previews.page(file, 1)
    monkeypatch.setattr(previews, "_draw", lambda content, number: pytest.fail("drawn again"))

    assert previews.page(file, 1) == first
    assert previews.page(file, 2).image == b""


@pytest.mark.parametrize(("content", "problem"), [(b"%PDF-1.7\nmore or less nothing", "broken"), (LOCKED, "encrypted")])
def test_a_pdf_that_cannot_be_drawn_says_why_and_stays_a_download(desk, content, problem):
    file = attach(content, "Договор.pdf", "application/pdf")

    shown = preview(desk, file)

    assert previews.look(file).problem == problem
    assert "<img" not in shown
    assert reverse("incidents:attachment", args=[file.pk]) in shown
    assert desk.get(reverse("incidents:file_page", args=[file.pk, 1])).status_code == 404


def test_a_document_that_kills_its_renderer_is_only_called_heavy(monkeypatch, tmp_path):
    bomb = tmp_path / "renderer.py"
    bomb.write_text(
        "import resource, sys; sys.stdin.buffer.read(); resource.setrlimit(resource.RLIMIT_AS, (1, 1)); [0] * 10**9"
    )
    monkeypatch.setattr(previews, "_RENDERER", str(bomb))
    assert previews.look(attach(pdf(), "a.pdf")).problem == "heavy"


def test_a_renderer_that_never_ends_is_ended_and_asked_again_later(monkeypatch, tmp_path):
    sleeper = tmp_path / "renderer.py"
    sleeper.write_text("import time; time.sleep(60)")
    file = attach(pdf(), "a.pdf")
    with monkeypatch.context() as patch:
        patch.setattr(previews, "_RENDERER", str(sleeper))
        patch.setattr(previews, "PATIENCE", 0.3)
        begun = time.monotonic()
        assert previews.look(file).problem == "busy"
        assert time.monotonic() - begun < 5

    assert previews.look(file).kind == "pages"


def test_the_renderer_has_limits_and_nothing_of_our_environment(monkeypatch, tmp_path):
    from incidents import page_renderer

    spy = tmp_path / "renderer.py"
    spy.write_text(
        "import json, os, resource, runpy, sys\n"
        f"limits = runpy.run_path({page_renderer.__file__!r}, run_name='spy')\n"
        "limits['limit']()\n"
        "names = ('RLIMIT_AS', 'RLIMIT_CPU', 'RLIMIT_FSIZE')\n"
        "print(json.dumps({'limits': [resource.getrlimit(getattr(resource, each))[0] for each in names], "
        "'environment': sorted(os.environ)}))"
    )
    monkeypatch.setattr(previews, "_RENDERER", str(spy))
    facts = previews._draw(b"", 1).facts
    assert facts["limits"] == [2**30, 10, 0]
    assert not {"SECRET_KEY", "DATABASE_URL", "PATH", "HOME"} & set(facts["environment"])


def test_the_renderer_opens_no_file_and_no_socket_once_it_has_a_document(monkeypatch, tmp_path):
    from incidents import page_renderer

    spy = tmp_path / "renderer.py"
    spy.write_text(
        "import json, os, runpy, socket\n"
        f"runpy.run_path({page_renderer.__file__!r}, run_name='spy')['shut']()\n"
        "said = {}\n"
        "for name, deed in (('file', lambda: open('/etc/hostname')), ('folder', lambda: os.listdir('/')),\n"
        "                   ('socket', socket.socket), ('pipe', os.pipe)):\n"
        "    try:\n"
        "        deed()\n"
        "    except OSError as error:\n"
        "        said[name] = error.errno\n"
        "print(json.dumps({**said, 'cwd': os.getcwd()}))"
    )
    monkeypatch.setattr(previews, "_RENDERER", str(spy))

    facts = previews._draw(b"", 1).facts

    assert facts == dict.fromkeys(("file", "folder", "socket", "pipe"), errno.EMFILE) | {"cwd": "/"}


def test_no_more_than_two_renderers_work_at_once(monkeypatch, tmp_path):
    slow = tmp_path / "renderer.py"
    slow.write_text('import sys, time; sys.stdin.buffer.read(); time.sleep(0.3); print(\'{"problem": "broken"}\')')
    monkeypatch.setattr(previews, "_RENDERER", str(slow))
    threads = [threading.Thread(target=previews._draw, args=(b"", 1)) for _ in range(4)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun > 0.55


def test_text_is_decoded_escaped_and_cut(desk):
    words = "Отсутствует питание <script>alert(1)</script>\n"
    file = attach((words * 10_000).encode("cp1251"), "журнал.log", "application/octet-stream")

    shown = preview(desk, file)

    assert "Отсутствует питание &lt;script&gt;" in shown
    assert "<script>alert" not in shown
    assert previews.look(file).is_cut


def test_a_page_of_html_is_shown_as_its_words_only(desk):
    file = attach(b"<html><style>p{}</style><script>evil()</script><p>Power <b>cut</b></p>", "report.html", "text/html")

    look = previews.look(file)

    assert look.kind == "text"
    assert "Power cut" in look.text
    assert "evil" not in look.text
    assert "p{}" not in look.text


def test_a_letter_inside_the_letter_is_shown_as_its_words(desk):
    file = attach(letter("Отключение", "Свет дадут в 18:00"), "пересланное.eml", "message/rfc822")

    shown = preview(desk, file)

    assert "Отключение" in shown
    assert "Свет дадут в 18:00" in shown
    assert "noc@operator.example" in shown


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "схема.svg", "image/svg+xml"),
        (b"PK\x03\x04" + b"\0" * 40, "акт.docx", "application/vnd.openxmlformats-officedocument"),
        (b"MZ\x90\0\x03", "фото.png", "image/png"),
        (b"\0\1\2\3", "журнал.txt", "text/plain"),
    ],
)
def test_what_is_not_proven_harmless_is_a_download_only(desk, content, name, kind):
    file = attach(content, name, kind)

    shown = preview(desk, file)

    assert previews.look(file).kind == ""
    assert "fl-nothing" in shown
    assert desk.get(reverse("incidents:file_picture", args=[file.pk])).status_code == 404


def test_a_picture_is_served_by_what_it_is_not_by_what_it_says(desk):
    file = attach(PNG, "фото.html", "text/html")

    picture = desk.get(reverse("incidents:file_picture", args=[file.pk]))

    assert (picture["Content-Type"], picture["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert picture["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert reverse("incidents:file_picture", args=[file.pk]) in preview(desk, file)


def test_the_page_of_a_preview_loads_nothing_but_its_own(desk):
    response = desk.get(reverse("incidents:file_preview", args=[attach(PNG, "a.png").pk]))

    said = response["Content-Security-Policy"]

    assert "default-src 'none'" in said
    assert "img-src 'self';" in said + ";"
    assert "unsafe" not in said
    assert "data:" not in said


def test_arrows_lead_to_the_neighbours_and_the_way_back_to_the_incident(desk):
    email, incident = make_email(), make_incident()
    incident.letters.create(email=email, way="opened", thread=email.pk)
    first, second, third = (attach(PNG, name, "image/png", email) for name in ("1.png", "2.png", "3.png"))

    shown = preview(desk, second, headers={"HX-Request": "true"})

    assert "<html" not in shown
    assert f'href="{reverse("incidents:file_preview", args=[first.pk])}" data-file-before' in shown
    assert f'href="{reverse("incidents:file_preview", args=[third.pk])}" data-file-after' in shown
    assert f'href="{incident.get_absolute_url()}" data-back' in shown


def test_a_file_whose_letter_is_gone_says_so(desk):
    file = attach(pdf(), "План.pdf", "application/pdf")
    store.path(file.sha256).unlink()

    shown = preview(desk, file)

    assert "fl-nothing" in shown
    assert f'href="{reverse("incidents:attachment", args=[file.pk])}"' not in shown
    assert desk.get(reverse("incidents:attachment", args=[file.pk])).status_code == 404
    assert desk.get(reverse("incidents:file_page", args=[file.pk, 1])).status_code == 404


def test_a_letter_inside_a_letter_that_is_huge_is_not_read_while_somebody_waits():
    file = attach(letter(), "большое.eml", "message/rfc822")
    file.size = previews.MOST_LETTER + 1
    assert previews.look(file).kind == ""


def test_previews_take_as_many_queries_for_fifty_files_as_for_two(desk, django_assert_max_num_queries):
    def asked(count: int) -> int:
        email = make_email()
        files = [attach(PNG, f"{number}.png", "image/png", email) for number in range(count)]
        with django_assert_max_num_queries(8) as seen:
            preview(desk, files[1])
        return len(seen)

    assert asked(50) == asked(2)


def test_a_full_disk_does_not_keep_a_page_from_being_shown(monkeypatch):
    def full(target: object, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(previews, "_write", full)
    assert previews.look(attach(pdf(), "План.pdf")).kind == "pages"


def test_html_that_says_it_is_a_picture_is_sent_as_neither(desk):
    email = make_email()
    file = attach(b"GIF8 <html><script>alert(1)</script>", "a.gif", "image/gif", email)
    assert previews.look(file).kind == ""
    assert previews.expected(file) == "picture"


def test_drawn_pages_are_swept_after_thirty_days_and_drawn_again_when_wanted():
    file = attach(pdf(), "План.pdf")
    previews.page(file, 1)
    kept = sorted(path for path in previews.cache_folder().rglob("*") if path.is_file())
    now = timezone.now()

    retention.sweep(now=now + timedelta(days=29), delete=True)
    assert all(path.exists() for path in kept)
    retention.sweep(now=now + timedelta(days=31), delete=True)
    assert not any(path.exists() for path in kept)
    retention.sweep(now=now + timedelta(days=62), delete=True)
    assert not any(path.is_dir() for path in previews.cache_folder().glob("*/*"))

    store.put(pdf())
    assert previews.page(file, 1).image
