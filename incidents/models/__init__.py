"""The incident and what belongs to it: workflow, timeline, letters, notes, work, the desk's own rows."""

from incidents.models.composer import CannedAnswer, ReplyFile, WrittenLetter
from incidents.models.conversation import Comment, IncidentEmail, NoteFile, ReadingCase, Suggestion
from incidents.models.desk import Draft, Presence, SavedView
from incidents.models.incident import FailedReaction, Incident, IncidentEvent
from incidents.models.ledger import LedgerCheck
from incidents.models.letters_out import Notice
from incidents.models.templates import LetterKind, LetterTemplate, LetterTemplateVersion
from incidents.models.work import (
    ChecklistItem,
    ChecklistMark,
    IncidentLink,
    IncidentTag,
    Promise,
    Reminder,
    Tag,
    Watch,
    WorkPeriod,
)
from incidents.models.workflow import IncidentType, Named, Status, StatusClass, Transition

__all__ = [
    "CannedAnswer",
    "ChecklistItem",
    "ChecklistMark",
    "Comment",
    "Draft",
    "FailedReaction",
    "Incident",
    "IncidentEmail",
    "IncidentEvent",
    "IncidentLink",
    "IncidentTag",
    "IncidentType",
    "LedgerCheck",
    "LetterKind",
    "LetterTemplate",
    "LetterTemplateVersion",
    "Named",
    "NoteFile",
    "Notice",
    "Presence",
    "Promise",
    "ReadingCase",
    "Reminder",
    "ReplyFile",
    "SavedView",
    "Status",
    "StatusClass",
    "Suggestion",
    "Tag",
    "Transition",
    "Watch",
    "WorkPeriod",
    "WrittenLetter",
]
