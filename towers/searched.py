"""What is compared when a pole is sought by its words or by a phone: expressions that have an index of trigrams."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import OpClass
from django.db.models import F, Func, TextField
from django.db.models.functions import Upper


def _trigrams(expression: Any) -> OpClass:
    return OpClass(expression, name="gin_trgm_ops")


# Code, region and address in capitals, ё as е: what Pole.words holds.
SITE_WORDS = Func(
    F("code"),
    F("region_ru"),
    F("address"),
    template="translate(upper(%(expressions)s), 'Ё', 'Е')",
    arg_joiner=" || ' ' || ",
    output_field=TextField(),
)
# Digits of the contractor's phones with a bar between two phones; a function, since joining an array is not immutable.
PHONE_DIGITS = Func(F("contractor_phones"), function="towers_phone_digits", output_field=TextField())

POLE_CODE_PARTS = _trigrams("code_key")
POLE_WORDS = _trigrams("words")
POLE_PHONES = _trigrams(PHONE_DIGITS)
STATION_NAME_PARTS = _trigrams("name_key")
CONTRACTOR_NAME_PARTS = _trigrams(Upper("name"))
