"""The tables of the mail, written from `bulk_letter`: letters, their ids, files and receipts."""

from __future__ import annotations

from django.utils import timezone

from incidents.bulk_data import sql, words
from incidents.bulk_data.series import Plan
from mailbox.models import Attachment, Email, Folder, Mailbox, Outgoing, Receipt, ThreadId

ADDRESS = "bulk@towers.example"
OURS = '[{"name": "", "email": "desk@towers.example"}]'
OWN_ID = "'<' || coalesce(i::text || '.' || s, 'k' || s) || '@bulk.example>'"
PREVIOUS_ID = "'<' || i || '.' || s - 1 || '@bulk.example>'"
SOURCE = """bulk_letter letter JOIN bulk_body body ON body.place = pg_temp.roll(n, 50, 250) AND body.stream =
    CASE WHEN i IS NULL THEN 'other' WHEN s = 1 THEN 'opening' WHEN is_out THEN 'ours' ELSE 'answer' END"""
# Of a hundred receipts a few show a letter a second time, in another folder.
COPIES = "pg_temp.roll(n, 51, 100) < 3"


def write(plan: Plan) -> None:
    email = f"{plan.email} + n"
    sql.insert(Email, _email(plan), SOURCE)
    own = {"email": email, "message_id": OWN_ID}
    sql.insert(ThreadId, own, "bulk_letter")
    sql.insert(ThreadId, own | {"message_id": PREVIOUS_ID}, "bulk_letter WHERE is_answer")
    name = sql.drawn(sql.words(words.FILES), len(words.FILES), "n", 52)
    file = {
        "email": email,
        "name": name,
        "content_type": f"CASE right({name}, 3) WHEN 'pdf' THEN 'application/pdf' WHEN 'jpg' THEN 'image/jpeg' "
        "ELSE 'application/octet-stream' END",
        "size": "20000 + pg_temp.roll(n, 53, 900000)",
        "sha256": "encode(sha256(('file ' || n)::bytea), 'hex')",
    }
    sql.insert(Attachment, file, "bulk_letter WHERE pg_temp.roll(n, 54, 100) < 12")
    _receipts(plan)
    _outgoing(plan)
    sql.go_on_after(Email)


def _email(plan: Plan) -> dict[str, str]:
    def told(column: str) -> str:
        """The words with the incident's site in them; only a first letter has room for it."""
        return (
            f"CASE WHEN s = 1 AND i IS NOT NULL THEN replace(replace({column}, '{{station}}', "
            f"coalesce(station_name, '—')), '{{pole}}', coalesce(code, '—')) ELSE {column} END"
        )

    return {
        "id": f"{plan.email} + n",
        "sha256": "encode(sha256(('letter ' || n)::bytea), 'hex')",
        "content_key": f"encode(sha256(('{plan.email} key ' || n)::bytea), 'hex')",
        "size": "3000 + pg_temp.roll(n, 55, 9000)",
        "direction": "CASE WHEN is_out THEN 'out' ELSE 'in' END",
        "kind": "CASE WHEN i IS NULL AND pg_temp.roll(n, 56, 20) = 0 THEN 'autoreply' ELSE 'human' END",
        "subject": "CASE WHEN s = 1 OR i IS NULL THEN subject ELSE 'Re: [' || letter.name || '] ' || subject END",
        "from_name": "CASE WHEN is_out THEN 'Диспетчерская служба' ELSE requester END",
        "from_email": "CASE WHEN is_out THEN 'desk@towers.example' ELSE sender END",
        "to": f"CASE WHEN is_out THEN jsonb_build_array(jsonb_build_object('name', requester, 'email', sender)) "
        f"ELSE '{OURS}'::jsonb END",
        "received_at": "at",
        "date": "at",
        "created_at": "at",
        "message_id": OWN_ID,
        "in_reply_to": f"CASE WHEN is_answer THEN ARRAY[{PREVIOUS_ID}] ELSE '{{}}'::text[] END",
        "references": f"CASE WHEN is_answer THEN ARRAY[{PREVIOUS_ID}] ELSE '{{}}'::text[] END",
        "text": told("body.text"),
        "reply_text": told("body.reply"),
    }


def _receipts(plan: Plan) -> None:
    """One for each letter, a few copies in an archive folder, and a handful that nobody could read."""
    now = timezone.now()
    mailbox, _made = Mailbox.objects.get_or_create(
        address=ADDRESS, defaults={"host": "mail.towers.example", "login": ADDRESS, "is_watched": False}
    )
    # Nobody watches these: there is no such server. The number tells the fillings of one database apart.
    folders = [
        Folder.objects.get_or_create(
            mailbox=mailbox, name=name, defaults={"role": role, "connected_at": now, "is_watched": False}
        )[0].pk
        for name, role in (("INBOX", "inbox"), ("Sent", "sent"), ("Archive", "inbox"))
    ]
    inbox, sent, archive = folders
    fact = {
        "folder": f"CASE WHEN is_out THEN {sent} ELSE {inbox} END",
        "uidvalidity": str(plan.email + 1),
        "uid": "n",
        "direction": "CASE WHEN is_out THEN 'out' ELSE 'in' END",
        "sha256": "encode(sha256(('letter ' || n)::bytea), 'hex')",
        "size": "3000 + pg_temp.roll(n, 55, 9000)",
        "received_at": "at",
        "stored_at": "at",
        "state": "CASE WHEN i IS NULL THEN 'kept' WHEN s = 1 THEN 'opened' ELSE 'joined' END",
        "rule": "CASE WHEN i IS NULL THEN 'automatic' ELSE '' END",
        "email": f"{plan.email} + n",
    }
    sql.insert(Receipt, fact, "bulk_letter")
    copy = fact | {"folder": str(archive), "state": "'copy'", "rule": "''"}
    sql.insert(Receipt, copy, f"bulk_letter WHERE {COPIES}")
    unread = fact | {"uid": f"{plan.letters * 2} + n", "state": "'quarantined'", "email": "NULL", "rule": "''"}
    unread["reason"] = "'UnicodeDecodeError: charset'"
    sql.insert(Receipt, unread, "bulk_letter WHERE NOT is_out AND pg_temp.roll(n, 57, 100000) = 0")


def _outgoing(plan: Plan) -> None:
    """Of the desk's letters so many were sent by Dispatch; the others from people's own programs."""
    facts = {
        "email": f"{plan.email} + n",
        "envelope_from": "'desk@towers.example'",
        "recipients": "jsonb_build_array(jsonb_build_object('address', sender, 'state', 'accepted', 'said', '250 OK'))",
        "to_address": "sender",
        "state": "'sent'",
        "attempts": "1",
        "queued_at": "at",
        "sent_at": "at + interval '2 seconds'",
    }
    sql.insert(Outgoing, facts, "bulk_letter WHERE is_out AND pg_temp.roll(n, 58, 4) = 0")
