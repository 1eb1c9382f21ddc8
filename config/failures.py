"""What people see when a page fails: that something broke, or that there is no database just now."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from config.database_pool import is_away

# The page loads itself again after so long; programs are told the same.
AGAIN_SECONDS = 15


@requires_csrf_token
def failed(request: HttpRequest) -> HttpResponse:
    """The answer to an exception that nobody caught. Asks nothing of the database, and nothing of the request."""
    error = sys.exc_info()[1]
    if isinstance(error, DatabaseError) and is_away(error):
        page = render_to_string("503.html", {"again": AGAIN_SECONDS})
        headers = {"Retry-After": str(AGAIN_SECONDS)}
        return HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)
    return HttpResponse(render_to_string("500.html"), status=HTTPStatus.INTERNAL_SERVER_ERROR)
