"""The trackers that Dispatch knows."""
