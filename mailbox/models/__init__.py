"""Letters, where they come from, what became of them, and those on their way out."""

from mailbox.models.accounts import AccountState, SmtpAccount
from mailbox.models.alerts import Notice, Settled, Trouble
from mailbox.models.letters import Attachment, Email, ThreadId
from mailbox.models.outgoing import BadAddress, Outgoing
from mailbox.models.rules import SenderRule
from mailbox.models.servers import Folder, Mailbox, Receipt, Reconciliation

__all__ = [
    "AccountState",
    "Attachment",
    "BadAddress",
    "Email",
    "Folder",
    "Mailbox",
    "Notice",
    "Outgoing",
    "Receipt",
    "Reconciliation",
    "SenderRule",
    "Settled",
    "SmtpAccount",
    "ThreadId",
    "Trouble",
]
