"""Permissions of the mirror's pages, by name."""

LOOKS = "tracker_bridge.view_mirror"
ACTS = "tracker_bridge.run_mirror"
