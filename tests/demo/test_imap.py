"""demo.imap: real clients get their letters back byte for byte, and hear of new ones at once."""

import imaplib
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imapclient.exceptions import LoginError

from demo.imap import mime
from demo.mailstore import SENT
from tests.demo.mail import DESK, LETTER, PASSWORD, Host, mail_host

FORWARD = b"""From: a@t2.example\r
Subject: FW\r
Content-Type: multipart/mixed; boundary="b1"\r
\r
preamble\r
--b1\r
Content-Type: text/plain; charset=utf-8\r
\r
text\r
--b1\r
Content-Type: message/rfc822\r
\r
Subject: inner\r
Content-Type: multipart/alternative; boundary=b2\r
\r
--b2\r
\r
plain\r
--b2\r
Content-Type: text/html\r
\r
<b>html</b>\r
--b2--\r
\r
--b1\r
Content-Type: application/pdf; name="a.pdf"\r
Content-Disposition: attachment; filename="a.pdf"\r
Content-Transfer-Encoding: base64\r
\r
JVBERg==\r
--b1--\r
"""


def exchange(host: Host, said: bytes, *, until: bytes) -> bytes:
    """Say it raw, all in one packet, and read up to `until`."""
    with socket.create_connection(("127.0.0.1", host.ports.imap), timeout=5) as connection:
        connection.sendall(said)
        heard = b""
        while until not in heard and (more := connection.recv(65536)):
            heard += more
        return heard


LOGIN = f'a LOGIN {DESK} "pass \\"word\\\\"\r\n'.encode()


# --- bytes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(raw=st.binary(min_size=1, max_size=5000))
def test_any_bytes_come_back_as_they_were_appended(host: Host, raw: bytes) -> None:
    # imaplib and imapclient "repair" line ends before they append, so this is said by hand.
    said = LOGIN + b"b APPEND INBOX {%d+}\r\n%s\r\nc LOGOUT\r\n" % (len(raw), raw)
    appended = re.search(rb"APPENDUID \d+ (\d+)", exchange(host, said, until=b"c OK"))
    assert appended is not None
    uid = int(appended[1])
    with host.client() as client:
        client.select_folder("INBOX", readonly=True)
        got = client.fetch([uid], ["BODY.PEEK[]", "RFC822.SIZE", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]"])
    assert got[uid][b"BODY[]"] == raw
    assert got[uid][b"RFC822.SIZE"] == len(raw)
    assert got[uid][b"BODY[HEADER]"] + got[uid][b"BODY[TEXT]"] == raw


def test_a_letter_of_several_megabytes_comes_back_whole_and_in_windows(host: Host) -> None:
    raw = LETTER * 50_000
    with host.client() as client:
        client.append("INBOX", raw)
        client.select_folder("INBOX", readonly=True)
        assert client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"] == raw
        window = client.fetch([1], ["BODY.PEEK[]<1000.500>"])[1][b"BODY[]<1000>"]
    assert window == raw[1000:1500]


def test_parts_of_a_forwarded_letter_can_be_fetched_alone(host: Host) -> None:
    wanted = {
        "1": b"text", "2.HEADER": None, "2.1": b"plain", "2.2": b"<b>html</b>", "3": b"JVBERg==", "4": None,
    }  # fmt: skip
    wanted["2.HEADER"] = b"Subject: inner\r\nContent-Type: multipart/alternative; boundary=b2\r\n\r\n"
    with host.client() as client:
        client.append("INBOX", FORWARD)
        client.select_folder("INBOX", readonly=True)
        got = client.fetch([1], [f"BODY.PEEK[{part}]" for part in wanted])[1]
        structure = client.fetch([1], ["BODYSTRUCTURE"])[1][b"BODYSTRUCTURE"]
    assert {part: got[f"BODY[{part}]".encode()] for part in wanted} == wanted
    assert structure.is_multipart
    assert [part[0:2] for part in structure[0]] == [
        (b"TEXT", b"PLAIN"), (b"MESSAGE", b"RFC822"), (b"APPLICATION", b"PDF"),
    ]  # fmt: skip


def test_the_envelope_names_subject_sender_and_message_id(host: Host) -> None:
    raw = b"From: =?utf-8?b?0J3Qnw==?= <a@t2.example>\r\nSubject: s\r\nMessage-ID: <1@t2.example>\r\n\r\n"
    with host.client() as client:
        client.append("INBOX", raw)
        client.select_folder("INBOX", readonly=True)
        envelope = client.fetch([1], ["ENVELOPE"])[1][b"ENVELOPE"]
    assert envelope.subject == b"s"
    assert envelope.message_id == b"<1@t2.example>"
    assert (envelope.from_[0].mailbox, envelope.from_[0].host) == (b"a", b"t2.example")


@given(st.recursive(st.binary(max_size=40), lambda inner: st.lists(inner, max_size=3), max_leaves=8))
def test_any_nesting_of_parts_has_a_structure(tree: object) -> None:
    def build(node: object, depth: int = 0) -> bytes:
        if isinstance(node, bytes):
            return b"Content-Type: text/plain\r\n\r\n" + node
        assert isinstance(node, list)
        edge = b"=_%d" % depth
        inside = b"".join(b"--%s\r\n%s\r\n" % (edge, build(child, depth + 1)) for child in node)
        return b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n%s--%s--' % (edge, inside, edge)

    letter = mime.parse(build(tree))
    assert mime.structure(letter, extended=True).startswith(b"(")
    if isinstance(tree, list):
        assert len(letter.children) == len(tree)


# --- reading without leaving traces


def test_peeking_leaves_a_letter_unseen_and_reading_marks_it(host: Host) -> None:
    with host.client() as client:
        client.append("INBOX", LETTER)
        client.select_folder("INBOX")
        client.fetch([1], ["BODY.PEEK[]"])
        assert client.search("UNSEEN") == [1]
        client.fetch([1], ["BODY[]"])
        assert client.search("UNSEEN") == []


def test_examine_leaves_a_letter_unseen_even_when_it_is_read(host: Host) -> None:
    with host.client() as client:
        client.append("INBOX", LETTER)
        client.select_folder("INBOX", readonly=True)
        client.fetch([1], ["BODY[]"])
        assert client.search("UNSEEN") == [1]


# --- folders, UIDs, flags


def test_the_sent_folder_is_known_by_its_special_use(host: Host) -> None:
    with host.client() as client:
        assert client.find_special_folder(b"\\Sent") == "Отправленные"
        names = {name: flags for flags, _, name in client.list_folders()}
    assert set(names) == {"INBOX", "Отправленные"}


def test_uids_and_uidvalidity_survive_a_restart(tmp_path: Path) -> None:
    def look(client: object) -> tuple[object, ...]:
        opened = client.select_folder("INBOX", readonly=True)  # type: ignore[attr-defined]
        got = client.fetch([2, 3], ["BODY.PEEK[]", "INTERNALDATE", "FLAGS"])  # type: ignore[attr-defined]
        kept = {uid: {k: v for k, v in item.items() if k != b"SEQ"} for uid, item in got.items()}
        return opened[b"UIDVALIDITY"], opened[b"UIDNEXT"], kept

    with mail_host(tmp_path) as host, host.client() as client:
        for number in range(3):
            client.append("INBOX", LETTER + b"%d" % number, flags=[b"\\Flagged"])
        client.select_folder("INBOX")
        client.delete_messages([1])
        client.expunge()
        before = look(client)
    with mail_host(tmp_path) as host, host.client() as client:
        assert look(client) == before
        assert b" 4]" in client.append("INBOX", LETTER)


def test_a_folder_that_is_deleted_and_made_again_has_another_uidvalidity(host: Host) -> None:
    with host.client() as client:
        client.create_folder("Архив")
        first = client.folder_status("Архив", ["UIDVALIDITY"])[b"UIDVALIDITY"]
        client.delete_folder("Архив")
        client.create_folder("Архив")
        assert client.folder_status("Архив", ["UIDVALIDITY"])[b"UIDVALIDITY"] > first


def test_an_expunge_by_somebody_else_renumbers_only_when_it_may(host: Host) -> None:
    with host.client() as one, host.client() as other:
        for number in range(3):
            one.append("INBOX", LETTER + b"%d" % number)
        one.select_folder("INBOX")
        other.select_folder("INBOX")
        other.delete_messages([2])
        other.expunge()
        one.use_uid = False
        assert {item[b"UID"] for item in one.fetch([1, 2, 3], ["UID"]).values()} == {1, 3}
        assert (2, b"EXPUNGE") in one.noop()[1]
        assert one.fetch([2], ["UID"])[2][b"UID"] == 3


def test_letters_can_be_moved_and_copied(host: Host) -> None:
    with host.client() as client:
        client.create_folder("Trash")
        client.append("INBOX", LETTER)
        client.append("INBOX", LETTER)
        client.select_folder("INBOX")
        client.copy([1], "Trash")
        client.move([1, 2], "Trash")
        assert client.search("ALL") == []
        client.select_folder("Trash")
        assert len(client.search("ALL")) == 3


def test_the_internal_date_given_at_append_is_kept(host: Host) -> None:
    with host.client() as client:
        client.append("INBOX", LETTER)
    imap = imaplib.IMAP4("127.0.0.1", host.ports.imap)
    imap.login(DESK, PASSWORD)
    imap.append("INBOX", "", '"03-Feb-2026 07:08:09 +0300"', LETTER)
    imap.select("INBOX")
    assert b'"03-Feb-2026 07:08:09 +0300"' in imap.fetch("2", "(INTERNALDATE)")[1][0].replace(b'" 3-', b'"03-')  # type: ignore[union-attr]
    imap.logout()


# --- search


@pytest.mark.parametrize(
    ("program", "found"),
    [
        (["UID", "2:*"], [2, 3]),
        (["UID", "9:*"], [3]),  # `*` is the last letter, even below 9
        (["HEADER", "Subject", "привет"], [3]),
        (["HEADER", "MESSAGE-ID", "<2@t2.example>"], [2]),
        (["NOT", "SEEN"], [1, 2, 3]),
        (["OR", ["UID", "1"], ["FROM", "b@mts"]], [1, 2]),
        (["SINCE", "01-Jan-2020", "LARGER", "60"], [2, 3]),
        (["BODY", "needle"], [1]),
        (["BEFORE", "01-Jan-2020"], []),
    ],
)
def test_search_finds(host: Host, program: list[object], found: list[int]) -> None:
    letters = (
        b"From: a@t2.example\r\n\r\na needle\r\n",
        b"From: b@mts.example\r\nMessage-ID: <2@t2.example>\r\nSubject: two\r\n\r\nbody\r\n",
        b"From: c@t2.example\r\nSubject: =?koi8-r?B?8NLJ18XU?= and more of it here\r\n\r\nbody\r\n",
    )
    with host.client() as client:
        for letter in letters:
            client.append("INBOX", letter)
        client.select_folder("INBOX", readonly=True)
        assert client.search(program, charset="UTF-8") == found


def test_a_search_finds_a_letter_that_came_just_before_it(host: Host) -> None:
    with host.client() as reader, host.client() as writer:
        reader.select_folder("INBOX", readonly=True)
        writer.append("INBOX", LETTER)
        assert reader.search(["UID", "1:*"]) == [1]


# --- the wire


def test_pipelined_commands_with_literals_are_answered_in_order(host: Host) -> None:
    said = LOGIN + (
        b"b APPEND INBOX (\\Seen) {8+}\r\nA: b\r\n\r\n\r\n"
        b"c SELECT {5+}\r\nINBOX\r\nd UID FETCH 1:* (FLAGS BODY.PEEK[])\r\ne NOOP\r\nf LOGOUT\r\n"
    )
    heard = exchange(host, said, until=b"f OK")
    assert re.findall(rb"^(\w) OK", heard, re.MULTILINE) == [b"a", b"b", b"c", b"d", b"e", b"f"]
    assert b"* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {8}\r\nA: b\r\n\r\n)\r\n" in heard


def test_a_synchronising_literal_is_asked_for(host: Host) -> None:
    with socket.create_connection(("127.0.0.1", host.ports.imap), timeout=5) as connection:
        stream = connection.makefile("rwb", buffering=0)
        stream.readline()
        stream.write(f"a LOGIN {{{len(DESK)}}}\r\n".encode())
        assert stream.readline().startswith(b"+")
        stream.write(f"{DESK} {{{len(PASSWORD)}}}\r\n".encode())
        assert stream.readline().startswith(b"+")
        stream.write(PASSWORD.encode() + b"\r\n")
        assert stream.readline().startswith(b"a OK")


@pytest.mark.parametrize(
    "nonsense",
    [b"x", b"x NOSUCH", b"x FETCH 1 (FLAGS", b'x SELECT "', b"x UID FETCH a FLAGS", b"x SEARCH FOO",
     b"x STORE 1 FLAGS \\Nope", b"x FETCH 1 BODY[9.X]", b"x)", b"x SELECT (", b"x LIST", b"x UID"],
)  # fmt: skip
def test_nonsense_is_refused_and_the_connection_goes_on(host: Host, nonsense: bytes) -> None:
    said = LOGIN + b"b SELECT INBOX\r\n" + nonsense + b"\r\nz NOOP\r\nf LOGOUT\r\n"
    heard = exchange(host, said, until=b"f OK")
    assert b"x BAD" in heard or b"x NO" in heard or b"x) BAD" in heard
    assert b"z OK" in heard


def test_a_line_without_end_ends_the_connection_not_the_server(host: Host) -> None:
    assert b"BYE" in exchange(host, b"a NOOP" + b"x" * 200_000 + b"\r\n", until=b"BYE")
    assert b"a OK" in exchange(host, LOGIN, until=b"a OK")


def test_a_stranger_and_a_wrong_password_are_refused(host: Host) -> None:
    for login, password in ((DESK, b"no"), ("who@x.example", PASSWORD.encode())):
        said = b'a LOGIN %s "%s"\r\nb SELECT INBOX\r\n' % (
            login.encode(),
            password.replace(b"\\", b"\\\\").replace(b'"', b'\\"'),
        )
        heard = exchange(host, said, until=b"b NO")
        assert b"a NO [AUTHENTICATIONFAILED]" in heard


# --- IDLE


def test_idle_tells_of_a_new_letter_at_once(host: Host) -> None:
    waits = []
    with host.client() as idler, host.client() as writer:
        idler.select_folder("INBOX", readonly=True)
        for number in range(5):
            idler.idle()
            started = time.monotonic()
            threading.Timer(0.05, writer.append, ("INBOX", LETTER)).start()
            told = idler.idle_check(timeout=5)
            waits.append(time.monotonic() - started - 0.05)
            idler.idle_done()
            assert (number + 1, b"EXISTS") in told
    assert sorted(waits)[2] < 0.1


def test_idle_tells_of_letters_that_came_before_it(host: Host) -> None:
    with host.client() as idler, host.client() as writer:
        idler.select_folder("INBOX", readonly=True)
        idler.capabilities()  # else idle() asks for them first, and that answer swallows the news
        writer.append("INBOX", LETTER)
        idler.idle()
        assert idler.idle_check(timeout=5) == [(1, b"EXISTS")]
        idler.idle_done()


# --- faults


def test_dropped_connections_end_and_new_ones_are_served(host: Host) -> None:
    with host.client() as client:
        client.select_folder("INBOX", readonly=True)
        assert b"d OK" not in exchange(host, b"d XDEMO DROP\r\n", until=b"never")
        with pytest.raises((OSError, imaplib.IMAP4.abort)):
            client.noop()
    with host.client() as client:
        client.noop()


def test_a_hanging_server_answers_nothing_until_it_heals(host: Host) -> None:
    with host.client() as client:
        client.noop()
        exchange(host, b"d XDEMO HANG\r\n", until=b"d OK")
        threading.Timer(0.4, exchange, (host, b"d XDEMO HEAL\r\n"), {"until": b"d OK"}).start()
        started = time.monotonic()
        client.noop()
        assert time.monotonic() - started > 0.3


def test_logins_can_be_refused(host: Host) -> None:
    exchange(host, b"d XDEMO REFUSE_LOGIN\r\n", until=b"d OK")
    with pytest.raises(LoginError), host.client():
        pass
    exchange(host, b"d XDEMO HEAL\r\n", until=b"d OK")
    with host.client() as client:
        client.noop()


# --- other clients


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_appends_lists_and_reads(host: Host, tmp_path: Path) -> None:
    def curl(path: str, *options: str) -> bytes:
        url = f"imap://127.0.0.1:{host.ports.imap}/{path}"
        command = ["curl", "-sS", "--url", url, "--user", f"{DESK}:{PASSWORD}", *options]
        return subprocess.run(command, capture_output=True, check=True, timeout=20).stdout

    file = tmp_path / "letter.eml"
    file.write_bytes(LETTER.replace(b"\x00", b"0") + b"\r\n")
    curl("INBOX", "--upload-file", str(file))
    assert curl("INBOX;UID=1") == file.read_bytes()
    assert SENT.encode() in curl("")
    assert b"UIDVALIDITY" in curl("", "--request", f"EXAMINE {SENT[:-1]}")
    assert b"* SEARCH 1" in curl("INBOX", "--request", "UID SEARCH ALL")
