"""The order in which many persons are looked at: classmates side by side, and parents beside their children.

Whoever is looked at together shares what was looked up and worked out: a ward's card serves her parents too, and a class
has few different sets of ties. The order changes nothing that comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from rostersync.store.engine import Database

# Which of her groups has the smallest surrogate is chance, but the same chance for everybody with the same groups.
_SEATS: Final = sa.text("""
    WITH own AS (
        SELECT link.person_no AS no, min(tie.group_key) AS place FROM link CROSS JOIN tie
         WHERE tie.source_no = link.source_no AND tie.person_key = link.key GROUP BY link.person_no
    ), ward AS (
        SELECT adult.person_no AS no, min(own.place) AS place
          FROM contact CROSS JOIN link AS pupil CROSS JOIN own CROSS JOIN link AS adult
         WHERE pupil.source_no = contact.source_no AND pupil.key = contact.pupil_key AND own.no = pupil.person_no
           AND adult.source_no = contact.source_no AND adult.key = contact.contact_key GROUP BY adult.person_no
    )
    SELECT person.no FROM person LEFT JOIN ward ON ward.no = person.no LEFT JOIN own ON own.no = person.no
     ORDER BY coalesce(ward.place, own.place, 0), person.id
""")


def seated(database: Database, numbers: Iterable[int]) -> list[int]:
    """The same persons (row numbers), those side by side who share most."""
    wanted = frozenset(numbers)
    return [no for (no,) in database.tuples(_SEATS, {}) if no in wanted]
