"""What a report of an error may show of the settings."""

import re

from django.views.debug import SafeExceptionReporterFilter


class ReportFilter(SafeExceptionReporterFilter):
    """Django hides what is named like a secret; addresses of the broker and of feeds may hold a password too."""

    hidden_settings = re.compile(SafeExceptionReporterFilter.hidden_settings.pattern + "|URL|TOWERSTORE", re.IGNORECASE)
