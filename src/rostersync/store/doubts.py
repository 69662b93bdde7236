"""Doubts about who is who: numbers that have become another person's, and questions that facts or people answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import combinations
from typing import Final

import sqlalchemy as sa

from rostersync.identity import IDENTIFIERS, QUESTIONS
from rostersync.model import Question
from rostersync.store.desk import Desk
from rostersync.store.engine import Database
from rostersync.store.joining import apart_pairs
from rostersync.store.questions import OpenQuestion, Questions

STATED: Final = frozenset({"both_known", "old_keys_disagree"})
"""The questions that rest on what a source says of its keys, and not on an identifier."""

_NUMBER_OF_ANOTHER: Final = sa.text("""
    SELECT DISTINCT own.id, other.id
      FROM claim CROSS JOIN link CROSS JOIN identifier AS mine CROSS JOIN identifier AS theirs
     CROSS JOIN claim AS said CROSS JOIN link AS there CROSS JOIN person AS own CROSS JOIN person AS other
     WHERE claim.no >= :first AND claim.source_no = :source AND claim.kind = 'person' AND claim.present = TRUE
       AND link.source_no = claim.source_no AND link.key = claim.key AND link.kind <> 'number'
       AND mine.claim_no = claim.no AND mine.kind = 'national_number'
       AND theirs.kind = mine.kind AND theirs.digest = mine.digest AND theirs.claim_no <> mine.claim_no
       AND said.no = theirs.claim_no AND there.source_no = said.source_no AND there.key = said.key
       AND there.kind <> 'number' AND there.person_no <> link.person_no
       AND own.no = link.person_no AND other.no = there.person_no
""")

_RECOGNISED_BY: Final = """
    SELECT person.id, identifier.kind, identifier.digest
      FROM person CROSS JOIN link CROSS JOIN claim CROSS JOIN identifier
     WHERE link.person_no = person.no AND link.kind <> 'number' AND claim.source_no = link.source_no
       AND claim.kind = 'person' AND claim.key = link.key AND identifier.claim_no = claim.no AND person.id IN (them)
"""

_KNOWN_BY: Final = """
    SELECT DISTINCT person.id FROM person JOIN link ON link.person_no = person.no WHERE person.id IN (them)
"""


def numbers_of_others(desk: Desk, asked: Iterable[Question]) -> list[Question]:
    """Questions about known persons whose number has become one that another person has.

    `asked` are the questions that linking itself raised: a pair is asked about once.
    """
    database = desk.database
    open_ones = [set(one.about) for one in Questions(database).open_ones() if one.code in QUESTIONS]
    told = [*open_ones, *(set(one.about) for one in asked)]
    pairs = {tuple(sorted(pair)) for pair in desk.run_sql(_NUMBER_OF_ANOTHER)}
    code = "number_of_another"
    return [
        Question(code, pair, QUESTIONS[code])
        for pair in sorted(pairs)
        if not any(together.issuperset(pair) for together in told)
    ]


def undecided(database: Database, questions: Iterable[Question]) -> list[Question]:
    """The questions that people have not answered yet by saying that all of these are different humans."""
    parted = apart_pairs(database)
    return [one for one in questions if any(frozenset(pair) not in parted for pair in combinations(one.about, 2))]


def close_answered(database: Database, at: datetime) -> int:
    """Close what need not be asked any more: joined, parted, or nothing that they share is left. Gives the number."""
    asked = [one for one in Questions(database).open_ones() if one.code in QUESTIONS]
    if not asked:
        return 0
    persons = {person for one in asked for person in one.about}
    recognised: defaultdict[str, set[tuple[str, bytes]]] = defaultdict(set)
    for person, kind, digest in database.among(_RECOGNISED_BY, persons):
        if kind in IDENTIFIERS:
            recognised[person].add((kind, digest))
    known = {person for (person,) in database.among(_KNOWN_BY, persons)}
    parted = apart_pairs(database)

    def stands(one: OpenQuestion) -> bool:
        pairs = (pair for pair in combinations(one.about, 2) if frozenset(pair) not in parted)
        if one.code in STATED:
            return any(known.issuperset(pair) for pair in pairs)
        return any(not recognised[first].isdisjoint(recognised[second]) for first, second in pairs)

    still = [Question(one.code, one.about, one.text) for one in asked if stands(one)]
    return Questions(database).close_missing(QUESTIONS, persons, still, at)
