"""The floor of every page: the request type and keyset paging. Apps import nothing else from config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from dispatchers.models import User

    class Request(HttpRequest):
        """A request of a signed-in person, as the middleware leaves it."""

        user: User
        htmx: HtmxDetails
else:
    Request = HttpRequest
