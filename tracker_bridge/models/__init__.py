"""What the mirror remembers. Of incidents themselves nothing is kept here but what was last agreed upon."""

from tracker_bridge.models.alarms import Alarm
from tracker_bridge.models.conflicts import Conflict
from tracker_bridge.models.files import IncomingFile
from tracker_bridge.models.imports import Import
from tracker_bridge.models.jobs import Job
from tracker_bridge.models.links import IssueLink, MirroredComment
from tracker_bridge.models.mirror import Credentials, Mirror
from tracker_bridge.models.people import TrackerPerson

__all__ = [
    "Alarm",
    "Conflict",
    "Credentials",
    "Import",
    "IncomingFile",
    "IssueLink",
    "Job",
    "Mirror",
    "MirroredComment",
    "TrackerPerson",
]
