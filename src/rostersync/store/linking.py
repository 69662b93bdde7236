"""Links the person keys that arrived to persons: those we know, or new ones.

identity.py decides; here is found, batch by batch, whom it has to choose between. What one batch decides the next one
sees, and within a batch each decision is there for the next newcomer, so a source that lists one human twice on her
first day is treated like one that does so in two years.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from rostersync import identity
from rostersync.identity import Match, Newcomer
from rostersync.model import Question
from rostersync.store.desk import Desk, arrival
from rostersync.store.engine import BATCH
from rostersync.store.persons import open_person, place_of
from rostersync.store.tables import link, person, protection

ENOUGH: Final = 8
"""Persons of one identifier that are told apart; a placeholder that a whole school shares proves nothing anyway."""

_KEYS: Final = sa.bindparam("keys", expanding=True)

_LINKED: Final = sa.text("""
    SELECT link.key, link.person_no, person.id FROM link JOIN person ON person.no = link.person_no
     WHERE link.source_no = :source AND link.key IN :keys
""").bindparams(_KEYS)

_OLD_KEYS: Final = sa.text('SELECT key, old_key, "check" FROM formerly WHERE key IN :keys').bindparams(_KEYS)

_IDENTIFIERS: Final = sa.text("""
    SELECT claim.key, identifier.kind, identifier.digest FROM claim JOIN identifier ON identifier.claim_no = claim.no
     WHERE claim.source_no = :source AND claim.kind = 'person' AND claim.key IN :keys AND claim.present = TRUE
""").bindparams(_KEYS)

_HOLDERS: Final = sa.text("""
    SELECT DISTINCT other.kind, other.digest, link.person_no
      FROM claim JOIN identifier AS mine ON mine.claim_no = claim.no
      JOIN identifier AS other ON other.kind = mine.kind AND other.digest = mine.digest AND other.claim_no <> mine.claim_no
      JOIN claim AS theirs ON theirs.no = other.claim_no
      JOIN link ON link.source_no = theirs.source_no AND link.key = theirs.key
     WHERE claim.source_no = :source AND claim.kind = 'person' AND claim.key IN :keys AND claim.present = TRUE
       AND link.person_no NOT IN (SELECT person_no FROM protection)
     ORDER BY link.person_no
""").bindparams(_KEYS)

_CLAIMS_OF_PERSONS: Final = sa.text("""
    SELECT person.no, person.id, person.data_key, claim.source_no, claim.key, claim.sealed, claim.present
      FROM person JOIN link ON link.person_no = person.no
      JOIN claim ON claim.source_no = link.source_no AND claim.kind = 'person' AND claim.key = link.key
     WHERE person.no IN :persons
""").bindparams(sa.bindparam("persons", expanding=True))

_CLAIMS_OF_KEYS: Final = sa.text("""
    SELECT claim.no, claim.key, claim.sealed FROM claim
     WHERE claim.source_no = :source AND claim.kind = 'person' AND claim.key IN :keys AND claim.no >= :first
""").bindparams(_KEYS)

_NUMBER_LINKS: Final = sa.text("""
    INSERT INTO link (source_no, key, "check", person_no, kind, claim_no)
    SELECT :source, numbered.key, numbered."check", link.person_no, 'number', numbered.claim_no
      FROM numbered JOIN link ON link.source_no = :source AND link.key = numbered.own_key
     WHERE TRUE ORDER BY numbered.own_key
    ON CONFLICT DO NOTHING
""")


class _Arrival(msgspec.Struct, frozen=True):
    """A person key to decide about. `wrapped` is its data key; None when the key is linked already."""

    key: int
    check: bytes
    person_id: str
    wrapped: bytes | None


class _Someone(msgspec.Struct):
    """A person whom a newcomer might be. `births` are her birth dates as claimed, `here` her present keys in this source."""

    no: int
    id: str
    births: set[str]
    here: set[int]


class Linking:
    """Links everybody who arrived in one intake. `questions` are those that identity raised."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.questions: list[Question] = []

    def link(self) -> None:
        """Decide about every arrival, found the new persons, and let national numbers lead to their persons."""
        desk = self._desk
        hidden = set(desk.run_sql(sa.select(person.c.id).join(protection, protection.c.person_no == person.c.no)).scalars())
        next_person = desk.run_sql(sa.select(sa.func.coalesce(sa.func.max(person.c.no), 0))).scalar_one() + 1
        for some in self._arrivals():
            batch = _Batch(desk, some, next_person)
            batch.settle()
            next_person += len(batch.founded)
            # Who is protected is in nobody's questions.
            self.questions += (one for one in batch.questions if hidden.isdisjoint(one.about))
        desk.run_sql(_NUMBER_LINKS)

    def _arrivals(self) -> Iterator[list[_Arrival]]:
        """In key order, so that the order of the fragments in the file makes no difference."""
        query = sa.select(arrival.c["key", "check", "person_id", "data_key"]).order_by(arrival.c.key).limit(BATCH)
        some = [_Arrival(*row) for row in self._desk.run_sql(query)]
        while some:
            yield some
            some = [_Arrival(*row) for row in self._desk.run_sql(query.where(arrival.c.key > some[-1].key))]


class _Batch:
    """Up to 5,000 arrivals, whom they might be, and what was decided about those before them."""

    def __init__(self, desk: Desk, arrivals: Sequence[_Arrival], next_person: int) -> None:
        self._desk = desk
        self._arrivals = arrivals
        self._next_person = next_person
        self._keys = [one.key for one in arrivals]
        self.founded: list[tuple[int, str, bytes, str]] = []
        self.questions: list[Question] = []
        self._people: dict[int, _Someone] = {}
        self._linked: dict[int, int] = {}
        self._links: list[tuple[Any, ...]] = []
        self._joined: dict[int, int] = {}

    def settle(self) -> None:
        """Decide, and write what was decided."""
        self._look_around()
        for one in self._arrivals:
            self._decide(one)
        self._write()

    # -- whom they might be -----------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        desk = self._desk
        self._old_keys: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for key, old_key, check in desk.run_sql(_OLD_KEYS, keys=self._keys):
            self._old_keys[key].append((old_key, check))
        all_keys = {*self._keys, *(old for olds in self._old_keys.values() for old, _ in olds)}
        for key, no, id_ in desk.run_sql(_LINKED, keys=list(all_keys)):
            self._linked[key] = no
            self._people.setdefault(no, _Someone(no, id_, set(), set()))
        self._identifiers: defaultdict[int, set[tuple[str, bytes]]] = defaultdict(set)
        for key, kind, digest in desk.run_sql(_IDENTIFIERS, keys=self._keys):
            self._identifiers[key].add((kind, digest))
        self._holders: defaultdict[tuple[str, bytes], list[int]] = defaultdict(list)
        for kind, digest, no in desk.run_sql(_HOLDERS, keys=self._keys):
            self._holders[kind, digest].append(no)
        self._meet_holders()
        self._births = self._births_of_arrivals()

    def _meet_holders(self) -> None:
        """Learn of everybody who has an identifier of this batch: birth dates, and keys in this source."""
        holders = {no for holding in self._holders.values() for no in holding}
        keyring = self._desk.database.keyring
        rows = self._desk.run_sql(_CLAIMS_OF_PERSONS, persons=list(holders)) if holders else ()
        for no, id_, wrapped, source_no, key, sealed, present in rows:
            someone = self._people.setdefault(no, _Someone(no, id_, set(), set()))
            opened = keyring.open(keyring.unwrap(wrapped), sealed, place_of(source_no, key))
            someone.births |= _birth_dates(opened)
            if source_no == self._desk.source_no and present:
                someone.here.add(key)

    def _births_of_arrivals(self) -> dict[int, set[str]]:
        """The birth dates of those arrivals who share an identifier with anybody; for the others it does not matter."""
        sharing = Counter(identifier for own in self._identifiers.values() for identifier in own)
        shared = {identifier for identifier, count in sharing.items() if count > 1 or self._holders.get(identifier)}
        keys = [key for key, own in self._identifiers.items() if not own.isdisjoint(shared)]
        if not keys:
            return {}
        keyring = self._desk.database.keyring
        data_keys = {one.key: keyring.unwrap(one.wrapped) for one in self._arrivals if one.wrapped}
        births: defaultdict[int, set[str]] = defaultdict(set)
        for _, key, sealed in self._desk.run_sql(_CLAIMS_OF_KEYS, keys=[key for key in keys if key in data_keys]):
            births[key] |= _birth_dates(keyring.open(data_keys[key], sealed, place_of(self._desk.source_no, key)))
        return births

    # -- who they are -----------------------------------------------------------------------------------------------

    def _decide(self, one: _Arrival) -> None:
        known = self._linked.get(one.key)
        old = [self._linked[key] for key, _ in self._old_keys[one.key] if key in self._linked]
        decision = identity.decide(
            Newcomer(
                known_as=self._people[known].id if known else "",
                old_known_as=tuple(self._people[no].id for no in old),
                matches=() if known else tuple(self._matches(one.key)),
            )
        )
        someone = self._found(one) if not decision.person else self._by_id(decision.person)
        if known is None:
            self._settle_on(one, someone)
        self._link(one, someone)
        if asked := identity.question(decision, someone.id):
            self.questions.append(asked)

    def _matches(self, key: int) -> Iterator[Match]:
        for kind, digest in sorted(self._identifiers[key]):
            for no in self._holders[kind, digest][:ENOUGH]:
                someone = self._people[no]
                yield Match(someone.id, kind, bool(someone.here - {key}), _agree(self._births.get(key), someone.births))

    def _found(self, one: _Arrival) -> _Someone:
        no = self._next_person + len(self.founded)
        self.founded.append((no, one.person_id, one.wrapped or b"", self._desk.run))
        self._people[no] = _Someone(no, one.person_id, set(), set())
        return self._people[no]

    def _by_id(self, person_id: str) -> _Someone:
        return next(someone for someone in self._people.values() if someone.id == person_id)

    def _settle_on(self, one: _Arrival, someone: _Someone) -> None:
        """From now on the newcomer is part of what is known of that person."""
        someone.here.add(one.key)
        someone.births |= self._births.get(one.key, set())
        for identifier in self._identifiers[one.key]:
            if someone.no not in self._holders[identifier]:
                self._holders[identifier].append(someone.no)
        if someone.id != one.person_id:
            self._joined[one.key] = someone.no

    def _link(self, one: _Arrival, someone: _Someone) -> None:
        self._linked[one.key] = someone.no
        self._links.append((self._desk.source_no, one.key, one.check, someone.no, "own"))
        for old_key, check in self._old_keys[one.key]:
            if old_key not in self._linked:
                self._linked[old_key] = someone.no
                self._links.append((self._desk.source_no, old_key, check, someone.no, "old"))

    # -- writing ----------------------------------------------------------------------------------------------------

    def _write(self) -> None:
        database = self._desk.database
        database.insert_many(person, ("no", "id", "data_key", "founded_run"), self.founded)
        mark = database.mark
        database.many(
            'INSERT INTO link (source_no, key, "check", person_no, kind) '  # noqa: S608 - marks only
            f"VALUES ({', '.join([mark] * 5)}) "
            # A national number or an old key led to her before; now it is her own, and stays when the number changes.
            "ON CONFLICT (source_no, key) DO UPDATE SET kind = excluded.kind, claim_no = NULL",
            self._links,
        )
        if self._joined:
            self._seal_again()

    def _seal_again(self) -> None:
        """Those who turned out to be somebody we know get her data key instead of the one they arrived with."""
        database = self._desk.database
        keyring = database.keyring
        own = sa.select(person.c.no, person.c.data_key).where(person.c.no.in_(set(self._joined.values())))
        theirs = {no: keyring.unwrap(wrapped) for no, wrapped in self._desk.run_sql(own)}
        arrived = {one.key: keyring.unwrap(one.wrapped) for one in self._arrivals if one.wrapped}
        resealed: list[tuple[bytes, int]] = []
        for no, key, sealed in self._desk.run_sql(_CLAIMS_OF_KEYS, keys=list(self._joined)):
            place = place_of(self._desk.source_no, key)
            resealed.append((keyring.seal(theirs[self._joined[key]], keyring.open(arrived[key], sealed, place), place), no))
        database.many(f"UPDATE claim SET sealed = {database.mark} WHERE no = {database.mark}", resealed)  # noqa: S608


def _birth_dates(opened: bytes) -> set[str]:
    return {text for field, text in open_person(opened).values if field == "birth_date"}


def _agree(one: set[str] | None, other: set[str]) -> bool | None:
    """Whether two persons' birth dates agree; None when one of them is unknown."""
    return not one.isdisjoint(other) if one and other else None
