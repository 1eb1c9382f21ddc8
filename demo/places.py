"""Where the demo keeps its things, and the ports it was last seen on."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from config.embedded import paths
from demo.mailserver import Ports
from demo.mailstore import SENT
from demo.towerstore import PATHS

DESK = "desk@dispatch.example"


def mail_dir(var: Path) -> Path:
    return var / "demo" / "mail"


def password(var: Path) -> str:
    """The password of every demo mailbox, made at the first start and kept."""
    file = var / "demo" / "mail-password"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(12))
    return file.read_text().strip()


def read_ports(var: Path) -> dict[str, Any]:
    """What the servers of this copy wrote last; empty if they never ran."""
    try:
        known = json.loads(paths.ports_file(var).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def write_ports(var: Path, *, towerstore: int, mail: Ports) -> None:
    """Say where everything listens. `environment` makes the product use it, `pid` tells whether it is stale."""
    secret = password(var)
    content = {
        "pid": os.getpid(),
        "towerstore": towerstore,
        "imap": mail.imap,
        "smtp": mail.smtp,
        "imap_login": DESK,
        "imap_password": secret,
        "environment": {
            "TS_POLES_TL_URL": f"http://127.0.0.1:{towerstore}{PATHS['poles']}",
            "TS_AVR_REPORT_URL": f"http://127.0.0.1:{towerstore}{PATHS['contractors']}",
            "TS_BS_REPORT_URL": f"http://127.0.0.1:{towerstore}{PATHS['stations']}",
            "PARSING_EMAIL_SERVER": "127.0.0.1",
            "PARSING_EMAIL_PORT": str(mail.imap),
            "PARSING_EMAIL_SSL": "false",
            "PARSING_EMAIL_LOGIN": DESK,
            "PARSING_EMAIL_PSWD": secret,
            "PARSING_EMAIL_SENT_FOLDER_NAME": SENT,
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail.smtp),
            "EMAIL_HOST_USER": DESK,
            "EMAIL_HOST_PASSWORD": secret,
            "EMAIL_USE_TLS": "false",
        },
    }
    write_private(paths.ports_file(var), json.dumps(content, indent=2) + "\n")


def write_private(file: Path, text: str) -> None:
    """Write a file for the owner's eyes only; it appears whole or not at all."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(file)
