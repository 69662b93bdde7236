"""One batch of cards from a handful of queries, however many persons are in it.

The persons of the batch, and the wards of its guardians, stand in a temporary table that every query joins. Joins are
written in the order in which they are to be walked: CROSS JOIN keeps SQLite, which knows nothing of a temporary table's
size, to that order; PostgreSQL's planner is free.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from rostersync.model import Card, ContactFact, Local, OwnClaim, TieFact
from rostersync.store.engine import Database
from rostersync.store.facts import Facts, day_of
from rostersync.store.persons import open_person, place_of

NO_LONGER_LISTED: Final = "its source no longer lists it"
"""Why a tie that a person once had gives nothing; only on cards that tell her history."""

_MOST_SHARED: Final = 100_000
"""Different ties remembered: classmates share theirs, and with it its memory."""

_deck: Final = sa.Table(
    "deck", sa.MetaData(), sa.Column("person_no", sa.Integer, primary_key=True), prefixes=["TEMPORARY"]
)

_SOURCES: Final[sa.BindParameter[Any]] = sa.bindparam("sources", expanding=True)

_PERSONS: Final = sa.text("""
    SELECT person.no, person.id, person.data_key, protection.level, pin.until, survivor.id, person.founded_run
      FROM deck JOIN person ON person.no = deck.person_no
      LEFT JOIN alias ON alias.old_no = person.no
      LEFT JOIN person AS survivor ON survivor.no = alias.new_no
      LEFT JOIN protection ON protection.person_no = person.no
      LEFT JOIN pin ON pin.person_no = person.no
     ORDER BY person.id
""")

_CLAIMS: Final = sa.text("""
    SELECT link.person_no, claim.no, claim.source_no, claim.key, claim.sealed, claim.present, claim.rejected, claim.run,
           claim.first, claim.content
      FROM deck CROSS JOIN link CROSS JOIN claim
     WHERE link.person_no = deck.person_no AND link.source_no IN :sources
       AND claim.source_no = link.source_no AND claim.kind = 'person' AND claim.key = link.key
""").bindparams(_SOURCES)

_TIES: Final = sa.text("""
    SELECT link.person_no, tie.source_no, tie.group_key, tie.role, coalesce(tie."begin", ''), coalesce(tie."end", ''),
           tie."primary", tie."left", tie.standing
      FROM deck CROSS JOIN link CROSS JOIN tie
     WHERE link.person_no = deck.person_no AND link.source_no IN :sources
       AND tie.source_no = link.source_no AND tie.person_key = link.key AND (tie.standing OR :history)
""").bindparams(_SOURCES)

_CONTACTS: Final = sa.text("""
    SELECT DISTINCT contact.claim_no, person.id, contact.kind, contact.source_no, contact.because,
           EXISTS (SELECT 1 FROM link AS own CROSS JOIN claim
                    WHERE own.person_no = person.no AND own.source_no IN :sources AND claim.source_no = own.source_no
                      AND claim.kind = 'person' AND claim.key = own.key AND claim.present = TRUE) AS present,
           EXISTS (SELECT 1 FROM protection WHERE protection.person_no = person.no) AS protected
      FROM deck CROSS JOIN link CROSS JOIN contact CROSS JOIN link AS adult CROSS JOIN person
     WHERE link.person_no = deck.person_no AND link.source_no IN :sources
       AND contact.source_no = link.source_no AND contact.pupil_key = link.key
       AND adult.source_no = contact.source_no AND adult.key = contact.contact_key AND person.no = adult.person_no
     ORDER BY person.id, contact.kind, contact.because
""").bindparams(_SOURCES)

_DENIALS: Final = sa.text("""
    SELECT denial.pupil_no, person.id, denial.until
      FROM deck CROSS JOIN denial CROSS JOIN person
     WHERE denial.pupil_no = deck.person_no AND person.no = denial.guardian_no
     ORDER BY person.id
""")

_WARDS: Final = sa.text("""
    SELECT DISTINCT deck.person_no, pupil.person_no
      FROM deck CROSS JOIN link CROSS JOIN contact CROSS JOIN link AS pupil
     WHERE link.person_no = deck.person_no AND link.source_no IN :sources
       AND contact.source_no = link.source_no AND contact.contact_key = link.key
       AND pupil.source_no = contact.source_no AND pupil.key = contact.pupil_key AND pupil.person_no <> deck.person_no
""").bindparams(_SOURCES)


class Source(NamedTuple):
    """A source as cards name it."""

    no: int
    name: str


class Deck:
    """Makes cards from these sources, in their order of precedence. `history` adds ties that are no longer listed."""

    def __init__(self, database: Database, sources: Sequence[Source], *, history: bool = False) -> None:
        self._database = database
        self._names: dict[int, str] = {source.no: source.name for source in sources}
        self._rank = {source.no: rank for rank, source in enumerate(sources)}
        self._binds: dict[str, Any] = {"sources": list(self._names), "history": history}
        self._facts = Facts(database)
        self._shared: dict[tuple[Any, ...], TieFact] = {}

    def cards(self, persons: Sequence[int]) -> list[Card]:
        """The cards of the persons with these row numbers, in id order."""
        own = frozenset(persons)
        self._deal(own)
        wards: defaultdict[int, list[int]] = defaultdict(list)
        for guardian, pupil in self._rows(_WARDS):
            wards[guardian].append(pupil)
        if others := {pupil for some in wards.values() for pupil in some} - own:
            self._deal(own | others)
        cards = self._plain_cards()
        return [
            Card(card.person, card.claims, card.ties, _by_id(cards[one] for one in wards[no]), card.local, card.since)
            if no in wards
            else card
            for no, card in cards.items()
            if no in own
        ]

    def _plain_cards(self) -> dict[int, Card]:
        """Row number -> card without wards, of everybody in the deck, in id order."""
        rows = self._rows(_PERSONS)
        claims = self._claims({no: self._database.keyring.unwrap(wrapped) for no, _, wrapped, *_ in rows})
        ties = self._ties()
        denials = self._denials()
        cards: dict[int, Card] = {}
        for no, id_, _, level, until, same_as, founded in rows:
            local = Local(level or "", day_of(until), tuple(denials.get(no, ())), same_as=same_as or "")
            cards[no] = Card(id_, tuple(claims.get(no, ())), tuple(ties.get(no, ())), (), local, _day_in(founded))
        return cards

    def _deal(self, persons: Iterable[int]) -> None:
        self._database.temporary(_deck)
        # One statement, because outside a transaction each one is a transaction of its own.
        self._database.among("INSERT INTO deck (person_no) SELECT no FROM person WHERE no IN (them)", persons)
        self._database.sized(_deck)

    def _rows(self, statement: sa.TextClause) -> list[tuple[Any, ...]]:
        return self._database.tuples(statement, self._binds)

    # -- what stands on a card --------------------------------------------------------------------------------------

    def _claims(self, keys: Mapping[int, bytes]) -> Mapping[int, Sequence[OwnClaim]]:
        contacts = self._contacts()
        found: defaultdict[int, list[tuple[Any, OwnClaim]]] = defaultdict(list)
        for person, no, source, key, sealed, present, rejected, run, first, content in self._rows(_CLAIMS):
            said = open_person(self._database.keyring.open(keys[person], sealed, place_of(source, key)))
            claim = OwnClaim(
                source=self._names[source],
                values=said.values,
                contacts=tuple(contacts.get(no, ())),
                left=said.left,
                present=bool(present),
                rejected=bool(rejected),
                run=run,
                first=first,
                key=key,
            )
            found[person].append(((self._rank[source], first, content), claim))
        return {person: [claim for _, claim in sorted(own, key=itemgetter(0))] for person, own in found.items()}

    def _contacts(self) -> Mapping[int, Sequence[ContactFact]]:
        """Claim number -> the adults it names. One whom no source describes is nobody to link to."""
        found: defaultdict[int, list[ContactFact]] = defaultdict(list)
        for claim, id_, kind, source, because, present, protected in self._rows(_CONTACTS):
            found[claim].append(ContactFact(id_, kind, self._names[source], bool(present), bool(protected), because))
        return found

    def _ties(self) -> Mapping[int, Sequence[TieFact]]:
        rows = self._rows(_TIES)
        self._facts.learn({row[1:3] for row in rows})
        # Whatever the order in the file, ties stand in the same order on the card.
        rows.sort()
        if len(self._shared) > _MOST_SHARED:
            self._shared.clear()
        found: defaultdict[int, list[TieFact]] = defaultdict(list)
        for row in rows:
            said = row[1:]
            fact = self._shared.get(said)
            if fact is None:
                fact = self._shared[said] = self._tie(*said)
            found[row[0]].append(fact)
        return found

    def _tie(
        self, source: int, group: int, role: str, begin: str, end: str, primary: bool, left: str, standing: bool
    ) -> TieFact:
        row = self._facts.row((source, group))
        because = left or (row.skipped if row else "") or ("" if standing else NO_LONGER_LISTED)
        fact = self._facts.fact((source, group))
        return TieFact(fact, role, self._names[source], day_of(begin), day_of(end), bool(primary), because)

    def _denials(self) -> Mapping[int, Sequence[tuple[str, date | None]]]:
        found: defaultdict[int, list[tuple[str, date | None]]] = defaultdict(list)
        for pupil, guardian, until in self._rows(_DENIALS):
            found[pupil].append((guardian, day_of(until)))
        return found


def _day_in(run: str) -> date | None:
    """The day with which a run's id begins."""
    try:
        return date.fromisoformat(run[:10])
    except ValueError:
        return None


def _by_id(cards: Iterable[Card]) -> tuple[Card, ...]:
    return tuple(sorted(cards, key=lambda card: card.person))
