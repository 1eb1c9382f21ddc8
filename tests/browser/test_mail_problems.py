"""The queue of mail problems in a browser: from the desk to the one button that helps, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches

from dispatchers.roles import Role
from mailbox.models import Receipt
from tests.factories import make_user
from tests.incidents.letters_received import make_receipt

OpenPage = Callable[..., Any]
QUEUE = ".dk-q[href$='/letters/problems/']"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_problem_is_found_from_the_desk_and_settled(open_page: OpenPage) -> None:
    caches["calls"].clear()
    for _ in range(2):
        make_receipt(state=Receipt.State.QUARANTINED, reason="RecursionError")
    page = open_page(make_user(role=Role.DISPATCHER))
    page.wait_for_selector(f"{QUEUE} .n.hot:text-is('2')")

    page.click(QUEUE)
    page.wait_for_selector(".mp-row >> nth=1")
    page.click(".mp-row form[action$='/settle/'] button >> nth=0")

    page.wait_for_function("document.querySelectorAll('.mp-row').length === 1")
    page.goto(page.url.replace("/letters/problems/", "/"))
    page.wait_for_selector(f"{QUEUE} .n.hot:text-is('1')")
