"""Rules and what they make of incidents. Only the rules are facts; every clock can be computed anew from events."""

from sla.models.changes import Recomputation as Recomputation
from sla.models.changes import Trial as Trial
from sla.models.clocks import IncidentClock as IncidentClock
from sla.models.disputes import DisputeLink as DisputeLink
from sla.models.figures import Fact as Fact
from sla.models.figures import FactSum as FactSum
from sla.models.figures import Followed as Followed
from sla.models.figures import LetterSum as LetterSum
from sla.models.figures import Region as Region
from sla.models.figures import SummedMonth as SummedMonth
from sla.models.rules import PolicyVersion as PolicyVersion
from sla.models.warnings import DeadlineWarning as DeadlineWarning
from sla.models.warnings import Tick as Tick
from sla.models.warnings import Told as Told
from sla.models.weekly import WeeklyLetter as WeeklyLetter
from sla.models.weekly import WeeklyRefusal as WeeklyRefusal
