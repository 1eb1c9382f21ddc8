"""The names of the regions, read by jumping from one to the next on the index: poles are many, regions few."""

from __future__ import annotations

from django.db import connection

_JUMPS = """
WITH RECURSIVE found AS (
    (SELECT region_ru FROM towers_pole WHERE region_ru > '' ORDER BY region_ru LIMIT 1)
    UNION ALL
    SELECT (SELECT region_ru FROM towers_pole WHERE region_ru > found.region_ru ORDER BY region_ru LIMIT 1)
    FROM found WHERE found.region_ru IS NOT NULL
)
SELECT region_ru FROM found WHERE region_ru IS NOT NULL
"""


def region_names() -> list[str]:
    """Every region that has a pole, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_JUMPS)
        return [name for (name,) in cursor.fetchall()]
