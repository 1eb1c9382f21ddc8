"""The one exception of this package."""


class EmbeddedError(SystemExit):
    """Something is missing or in the way; one line for the person at the terminal, without a traceback."""
