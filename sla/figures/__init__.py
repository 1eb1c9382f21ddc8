"""How deadlines are kept: a narrow copy of every incident, daily sums of them, and the questions of the dashboard."""
