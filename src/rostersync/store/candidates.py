"""Whom a batch of person keys that arrived might be: keys they are linked by, and persons who share an identifier.

Protected persons are nobody's candidates: a match would tell that they are there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from rostersync.identity import IDENTIFIERS, Match, Newcomer, numbers_agree
from rostersync.normalize import national_number
from rostersync.store.desk import Desk
from rostersync.store.persons import open_person, place_of

ENOUGH: Final = 8
"""Persons of one identifier who are told apart; a placeholder that a whole school shares proves nothing anyway."""

_LINKED: Final = """
    SELECT link.key, person.no, person.id FROM link CROSS JOIN person
     WHERE link.source_no = ? AND person.no = link.person_no AND link.key IN (them)
"""

_OLD_KEYS: Final = 'SELECT key, old_key, "check" FROM formerly WHERE key IN (them)'

_IDENTIFIERS: Final = """
    SELECT claim.key, identifier.kind, identifier.digest FROM claim CROSS JOIN identifier
     WHERE claim.source_no = ? AND claim.kind = 'person' AND claim.present = TRUE
       AND identifier.claim_no = claim.no AND claim.key IN (them)
"""

# A link by number alone may lead to another person than the newcomer whose key it is: her claims are not yet that person's.
_HOLDERS: Final = """
    SELECT DISTINCT other.kind, other.digest, person.no, person.id, theirs.present
      FROM claim CROSS JOIN identifier AS mine CROSS JOIN identifier AS other CROSS JOIN claim AS theirs
     CROSS JOIN link CROSS JOIN person
     WHERE claim.source_no = ? AND claim.kind = 'person' AND claim.present = TRUE AND mine.claim_no = claim.no
       AND other.kind = mine.kind AND other.digest = mine.digest AND other.claim_no <> mine.claim_no
       AND theirs.no = other.claim_no AND link.source_no = theirs.source_no AND link.key = theirs.key
       AND link.kind <> 'number' AND person.no = link.person_no AND person.no NOT IN (SELECT person_no FROM protection)
       AND claim.key IN (them)
     ORDER BY person.no
"""

_CLAIMS_OF_PERSONS: Final = """
    SELECT person.id, person.data_key, claim.source_no, claim.key, claim.sealed, claim.present
      FROM person CROSS JOIN link CROSS JOIN claim
     WHERE link.person_no = person.no AND link.kind <> 'number'
       AND claim.source_no = link.source_no AND claim.kind = 'person' AND claim.key = link.key AND person.no IN (them)
"""

CLAIMS_OF_KEYS: Final = """
    SELECT no, key, sealed FROM claim WHERE source_no = ? AND kind = 'person' AND no >= ? AND key IN (them)
"""
"""The claims of this intake (by the number of its first one) under some person keys."""


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A person key to decide about. `wrapped` is the data key it came with; empty when the key is linked already."""

    key: int
    check: bytes
    person_id: str
    wrapped: bytes


class Proof(msgspec.Struct):
    """What records say beside names and identifiers: birth dates, and genuine national numbers (digits only)."""

    births: set[str] = msgspec.field(default_factory=set)
    numbers: set[str] = msgspec.field(default_factory=set)

    def learn(self, opened: bytes) -> None:
        """Add what one claim says."""
        for field, text in open_person(opened).values:
            if field == "birth_date":
                self.births.add(text)
            elif field == "national_number" and (number := national_number(text)).genuine:
                self.numbers.add(number.digits)

    def add(self, other: Proof) -> None:
        """Add what other records say."""
        self.births |= other.births
        self.numbers |= other.numbers


class Someone(msgspec.Struct):
    """A person whom a newcomer might be. `proof` is what her records say, `here` her present keys in this source."""

    no: int
    id: str
    proof: Proof = msgspec.field(default_factory=Proof)
    here: set[int] = msgspec.field(default_factory=set)


class Candidates:
    """What is known around a batch of arrivals. It learns with each decision: a newcomer sees those before her."""

    def __init__(self, desk: Desk, arrivals: Sequence[Arrival]) -> None:
        self._desk = desk
        self._people: dict[str, Someone] = {}
        keys = [one.key for one in arrivals]
        self._old_keys = self._stated_old_keys(keys)
        self._linked = self._links({*keys, *(old for olds in self._old_keys.values() for old, _ in olds)})
        self._identifiers: defaultdict[int, set[tuple[str, bytes]]] = defaultdict(set)
        for key, kind, digest in desk.among(_IDENTIFIERS, keys):
            self._identifiers[key].add((kind, digest))
        self._present: set[tuple[str, bytes, str]] = set()
        self._holders = self._who_holds(keys)
        self._proofs = self._proofs_of(arrivals)

    def newcomer(self, one: Arrival) -> Newcomer:
        """What identity has to know to decide about one arrival."""
        known = self._linked.get(one.key, "")
        old = tuple(self._linked[key] for key, _ in self._old_keys[one.key] if key in self._linked)
        return Newcomer(known, old, () if known else tuple(self._matches(one.key)))

    def person(self, id_: str) -> Someone:
        """One of the persons around."""
        return self._people[id_]

    def settle(self, one: Arrival, someone: Someone) -> list[tuple[int, bytes, str]]:
        """Make the newcomer part of what is known of that person. Gives the links to write: (key, check, kind)."""
        self._people[someone.id] = someone
        someone.here.add(one.key)
        someone.proof.add(self._proofs.get(one.key, Proof()))
        for identifier in self._identifiers[one.key]:
            self._present.add((*identifier, someone.id))
            if someone.id not in self._holders[identifier]:
                self._holders[identifier].append(someone.id)
        links = [(one.key, one.check, "own")]
        links += ((key, check, "old") for key, check in self._old_keys[one.key] if key not in self._linked)
        self._linked.update((key, someone.id) for key, _, _ in links)
        return links

    def _matches(self, key: int) -> Iterator[Match]:
        own = self._proofs.get(key, Proof())
        for kind, digest in sorted(self._identifiers[key]):
            for id_ in self._holders[kind, digest][:ENOUGH] if kind in IDENTIFIERS else ():
                someone = self._people[id_]
                yield Match(
                    person=id_,
                    kind=kind,
                    same_source_present=bool(someone.here - {key}),
                    birth_date_agrees=_agree(own.births, someone.proof.births),
                    number_agrees=numbers_agree(frozenset(own.numbers), frozenset(someone.proof.numbers)),
                    present=(kind, digest, id_) in self._present,
                )

    # -- looking around ---------------------------------------------------------------------------------------------

    def _stated_old_keys(self, keys: Sequence[int]) -> defaultdict[int, list[tuple[int, bytes]]]:
        stated: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for key, old_key, check in self._desk.database.among(_OLD_KEYS, keys):
            stated[key].append((old_key, check))
        return stated

    def _links(self, keys: set[int]) -> dict[int, str]:
        linked: dict[int, str] = {}
        for key, no, id_ in self._desk.among(_LINKED, keys):
            linked[key] = id_
            self._people.setdefault(id_, Someone(no, id_))
        return linked

    def _who_holds(self, keys: Sequence[int]) -> defaultdict[tuple[str, bytes], list[str]]:
        """Identifier -> the persons who have it; of each what proves who she is, and her keys in this source."""
        holders: defaultdict[tuple[str, bytes], list[str]] = defaultdict(list)
        numbers: set[int] = set()
        for kind, digest, no, id_, present in self._desk.among(_HOLDERS, keys):
            if present:
                self._present.add((kind, digest, id_))
            if id_ not in holders[kind, digest]:
                holders[kind, digest].append(id_)
            self._people.setdefault(id_, Someone(no, id_))
            numbers.add(no)
        keyring = self._desk.database.keyring
        claims = self._desk.database.among(_CLAIMS_OF_PERSONS, numbers)
        for id_, wrapped, source_no, key, sealed, present in claims:
            opened = keyring.open(keyring.unwrap(wrapped), sealed, place_of(source_no, key))
            self._people[id_].proof.learn(opened)
            if source_no == self._desk.source_no and present:
                self._people[id_].here.add(key)
        return holders

    def _proofs_of(self, arrivals: Sequence[Arrival]) -> dict[int, Proof]:
        """What the records of those arrivals say who share an identifier with anybody; for the others it does not matter."""
        count = Counter(identifier for own in self._identifiers.values() for identifier in own)
        keyring = self._desk.database.keyring
        data_keys = {
            one.key: keyring.unwrap(one.wrapped)
            for one in arrivals
            if one.wrapped and any(count[each] > 1 or each in self._holders for each in self._identifiers[one.key])
        }
        proofs: defaultdict[int, Proof] = defaultdict(Proof)
        for _, key, sealed in self._desk.among(CLAIMS_OF_KEYS, data_keys, self._desk.first):
            proofs[key].learn(keyring.open(data_keys[key], sealed, place_of(self._desk.source_no, key)))
        return proofs


def _agree(one: set[str], other: set[str]) -> bool | None:
    """Whether two persons' birth dates agree; None when one of them is unknown."""
    return not one.isdisjoint(other) if one and other else None
