"""The incident and what belongs to it: workflow, timeline, letters, notes, suggestions."""

from incidents.models.conversation import Comment, IncidentEmail, ReadingCase, Suggestion
from incidents.models.incident import FailedReaction, Incident, IncidentEvent
from incidents.models.workflow import IncidentType, Named, Status, StatusClass, Transition

__all__ = [
    "Comment",
    "FailedReaction",
    "Incident",
    "IncidentEmail",
    "IncidentEvent",
    "IncidentType",
    "Named",
    "ReadingCase",
    "Status",
    "StatusClass",
    "Suggestion",
    "Transition",
]
