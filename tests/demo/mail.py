"""What the mail tests share: a running mail host, and IMAP clients of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from demo.mailserver import ANY, MailServer, Ports, running

DESK, PASSWORD = "desk@dispatch.example", 'pass "word\\'
LETTER = b"From: noc@t2.example\r\nSubject: =?koi8-r?B?8NLJ18XU?=\r\n\r\n\xf0\xd2\xc9\x00\xff.\r\n\r\nno end"


@dataclass
class Host:
    server: MailServer
    ports: Ports

    @contextmanager
    def client(self, login: str = DESK) -> Iterator[IMAPClient]:
        with IMAPClient("127.0.0.1", port=self.ports.imap, ssl=False, timeout=5) as client:
            client.login(login, PASSWORD)
            yield client


@contextmanager
def mail_host(folder: Path, ports: Ports = ANY, *, save_sent: bool = True) -> Iterator[Host]:
    server = MailServer(folder, desk=DESK, password=PASSWORD, save_sent=save_sent)
    with running(server, ports) as taken:
        yield Host(server, taken)
