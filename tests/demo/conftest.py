from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.mail import Host, mail_host


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with mail_host(tmp_path) as running:
        yield running
