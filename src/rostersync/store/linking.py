"""Links the person keys that arrived to persons: those we know, or new ones.

identity.py decides; what one batch decides the next one sees, and within a batch each decision is there for the next
newcomer, so a source that lists one human twice on its first day is treated like one that does so in two years.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from rostersync import identity
from rostersync.model import Question
from rostersync.store.candidates import CLAIMS_OF_KEYS, Arrival, Candidates, Someone
from rostersync.store.desk import Desk, arrival
from rostersync.store.doubts import numbers_of_others, undecided
from rostersync.store.engine import BATCH
from rostersync.store.persons import place_of
from rostersync.store.tables import claim, link, person, protection

_NUMBER_LINKS: Final = sa.text("""
    INSERT INTO link (source_no, key, "check", person_no, kind, claim_no)
    SELECT :source, numbered.key, numbered."check", link.person_no, 'number', numbered.claim_no
      FROM numbered CROSS JOIN link
     WHERE link.source_no = :source AND link.key = numbered.own_key ORDER BY numbered.own_key
    ON CONFLICT DO NOTHING
""")


class Linking:
    """Links everybody who arrived in one intake. `questions` are those that identity raised."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.questions: list[Question] = []

    def link(self) -> None:
        """Decide about every arrival, found the new persons, and let national numbers lead to their persons."""
        desk = self._desk
        protected = sa.select(person.c.id).join(protection, protection.c.person_no == person.c.no)
        hidden = set(desk.run_sql(protected).scalars())
        next_person = desk.run_sql(sa.select(sa.func.coalesce(sa.func.max(person.c.no), 0))).scalar_one() + 1
        for some in self._arrivals():
            batch = _Batch(desk, some, next_person)
            batch.settle()
            next_person += len(batch.founded)
            self.questions += batch.questions
        if not desk.is_new:  # of a new source, everybody has just been decided about
            self.questions += numbers_of_others(desk, self.questions)
        # Who is protected is in nobody's questions.
        self.questions = [one for one in undecided(desk.database, self.questions) if hidden.isdisjoint(one.about)]
        desk.run_sql(_NUMBER_LINKS)

    def _arrivals(self) -> Iterator[list[Arrival]]:
        """In key order, so that the order of the fragments in the file makes no difference."""
        query = sa.select(arrival).order_by(arrival.c.key).limit(BATCH)
        some = [Arrival(*row) for row in self._desk.rows(query)]
        while some:
            yield some
            some = [Arrival(*row) for row in self._desk.rows(query.where(arrival.c.key > some[-1].key))]


class _Batch:
    """Up to 5,000 arrivals. `founded` are the rows of the new persons."""

    def __init__(self, desk: Desk, arrivals: Sequence[Arrival], next_person: int) -> None:
        self._desk = desk
        self._arrivals = arrivals
        self._next_person = next_person
        self._candidates = Candidates(desk, arrivals)
        self._links: list[tuple[Any, ...]] = []
        self._joined: dict[int, int] = {}
        self.founded: list[tuple[int, str, bytes, str]] = []
        self.questions: list[Question] = []

    def settle(self) -> None:
        """Decide, and write what was decided."""
        for one in self._arrivals:
            self._decide(one)
        database = self._desk.database
        database.insert_many(person, ("no", "id", "data_key", "founded_run"), self.founded)
        columns = ("source_no", "key", "check", "kind", "person_no")
        # A national number or an old key led to her before; now it is her own, and stays when the number changes.
        database.upsert_many(link, columns, self._links, columns[:2], "kind = excluded.kind, claim_no = NULL")
        if self._joined:
            self._seal_again()

    def _decide(self, one: Arrival) -> None:
        decision = identity.decide(self._candidates.newcomer(one))
        someone = self._candidates.person(decision.person) if decision.person else self._found(one)
        if one.wrapped and decision.person:
            self._joined[one.key] = someone.no
        for found in self._candidates.settle(one, someone):
            self._links.append((self._desk.source_no, *found, someone.no))
        if asked := identity.question(decision, someone.id):
            self.questions.append(asked)

    def _found(self, one: Arrival) -> Someone:
        no = self._next_person + len(self.founded)
        self.founded.append((no, one.person_id, one.wrapped, self._desk.run))
        return Someone(no, one.person_id)

    def _seal_again(self) -> None:
        """Those who turned out to be somebody we know get her data key instead of the one they arrived with."""
        database = self._desk.database
        keyring = database.keyring
        own = sa.select(person.c.no, person.c.data_key).where(person.c.no.in_(set(self._joined.values())))
        theirs = {no: keyring.unwrap(wrapped) for no, wrapped in self._desk.rows(own)}
        came_with = {one.key: keyring.unwrap(one.wrapped) for one in self._arrivals if one.key in self._joined}
        resealed: list[tuple[bytes, int]] = []
        for no, key, sealed in self._desk.among(CLAIMS_OF_KEYS, self._joined, self._desk.first):
            place = place_of(self._desk.source_no, key)
            opened = keyring.open(came_with[key], sealed, place)
            resealed.append((keyring.seal(theirs[self._joined[key]], opened, place), no))
        database.update_many(claim, ("sealed",), ("no",), resealed)
