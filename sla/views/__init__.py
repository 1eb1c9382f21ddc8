"""Pages of the clocks: what they said, by which rules, and what is about to break."""
