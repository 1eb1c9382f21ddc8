"""The list of regions is read from the index, not from the poles."""

from __future__ import annotations

import pytest

from tests.factories import make_pole
from towers.regions import region_names

pytestmark = pytest.mark.django_db


def test_every_region_is_named_once_and_in_order() -> None:
    for name in ("Тверская область", "Кировская область", "", "Тверская область", "Республика Коми"):
        make_pole(region_ru=name)

    assert region_names() == ["Кировская область", "Республика Коми", "Тверская область"]


def test_no_pole_has_no_region() -> None:
    assert region_names() == []
