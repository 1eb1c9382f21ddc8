"""Rules and what they make of incidents. Only the rules are facts; every clock can be computed anew from events."""

from sla.models.changes import Recomputation as Recomputation
from sla.models.changes import Trial as Trial
from sla.models.clocks import IncidentClock as IncidentClock
from sla.models.rules import PolicyVersion as PolicyVersion
from sla.models.weekly import WeeklyLetter as WeeklyLetter
from sla.models.weekly import WeeklyRefusal as WeeklyRefusal
