"""Cards, groups and schools out of the state, and who has to be looked at again.

Persons come in batches in id order, and a batch costs the same few queries however many persons are in it.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa

from rostersync.model import Card, GroupFact, Organisation
from rostersync.store.deck import Deck, Source
from rostersync.store.engine import BATCH, batches
from rostersync.store.facts import Facts
from rostersync.store.finding import Finding
from rostersync.store.groups import ORGANISATIONS
from rostersync.store.identifiers import HELD_LOGINS
from rostersync.store.seating import seated
from rostersync.store.sources import Sources
from rostersync.store.tables import due, person

_TOUCHED_NUMBERS: Final = """SELECT person_no AS no FROM dirty WHERE target = :target
                  UNION SELECT person_no FROM due WHERE target = :target AND "on" <= :on"""
_TOUCHED: Final = sa.text(f"SELECT no FROM person WHERE no IN ({_TOUCHED_NUMBERS}) ORDER BY id")

_HOW_MANY: Final = sa.text(f"SELECT count(*) FROM ({_TOUCHED_NUMBERS}) AS looked")

_MARK: Final = """
    INSERT INTO dirty (target, person_no, since) SELECT :target, no, :at FROM person WHERE {whom} ON CONFLICT DO NOTHING
"""
_MARK_ALL: Final = sa.text(_MARK.format(whom="TRUE"))
_MARK_SOME: Final = sa.text(_MARK.format(whom="id IN :ids")).bindparams(sa.bindparam("ids", expanding=True))

_CLEAN: Final = sa.text("""
    DELETE FROM dirty WHERE target = :target AND person_no IN (SELECT no FROM person WHERE id IN :ids)
""").bindparams(sa.bindparam("ids", expanding=True))


_KINDS: Final = [(today, kind) for today, before in HELD_LOGINS for kind in (today, before)]

_ONE_LOGIN: Final = """
    SELECT DISTINCT own.id, other.id
      FROM {looked_at} identifier AS mine CROSS JOIN identifier AS theirs CROSS JOIN claim AS said
     CROSS JOIN link AS there CROSS JOIN person AS own CROSS JOIN person AS other
     WHERE {whose} mine.kind = '{mine}' AND theirs.kind = '{theirs}' AND theirs.digest = mine.digest
       AND theirs.claim_no <> mine.claim_no AND said.no = theirs.claim_no
       AND there.source_no = said.source_no AND there.key = said.key AND there.kind <> 'number'
       AND there.person_no <> link.person_no AND own.no = link.person_no AND other.no = there.person_no
"""
_WHOSE: Final = """claim.source_no = link.source_no AND claim.key = link.key AND claim.kind = 'person'
       AND link.kind <> 'number' AND mine.claim_no = claim.no AND"""
_LOOKED_AT: Final = f"({_TOUCHED_NUMBERS}) AS looked CROSS JOIN link CROSS JOIN claim CROSS JOIN"

# ruff: noqa: S608 - the texts are put together from parts of this file; values are always bound
_RIVALS: Final = tuple(
    sa.text(
        _ONE_LOGIN.format(
            looked_at=_LOOKED_AT, whose=f"link.person_no = looked.no AND {_WHOSE}", mine=mine, theirs=theirs
        )
    )
    for today, kind in _KINDS
    for mine, theirs in dict.fromkeys([(today, kind), (kind, today)])
)
_ALL_RIVALS: Final = tuple(
    sa.text(
        _ONE_LOGIN.format(looked_at="", whose=_WHOSE, mine=today, theirs=kind).replace(
            "identifier AS theirs", "identifier AS theirs CROSS JOIN claim CROSS JOIN link", 1
        )
    )
    for today, kind in _KINDS
)


class Cards(Finding):
    """Everything known of persons and their groups, as far as the sources say it and people here decided."""

    # -- cards ------------------------------------------------------------------------------------------------------

    def whom(self, target: str, on: date, *, full: bool = False, only: Collection[str] | None = None) -> array[int]:
        """The row numbers of those who are dirty for a target, or due on that date; in id order, or many as `seated`.

        `full` means everybody, `only` exactly these person ids.
        """
        if only is not None:
            return self._numbers(only)
        if full:
            numbers = self._database.conn.execute(sa.select(person.c.no).order_by(person.c.id)).scalars().all()
        else:
            rows = self._database.conn.execute(_TOUCHED, {"target": target, "on": on.isoformat()})
            numbers = rows.scalars().all()
        if len(numbers) <= BATCH:
            return array("q", numbers)
        self._database.expect_much()
        return array("q", self.seated(numbers))

    def seated(self, numbers: Iterable[int]) -> list[int]:
        """The same row numbers, classmates side by side and parents beside their children; see seating.py."""
        return seated(self._database, numbers)

    def deck(self, sources: Sequence[str]) -> Deck:
        """What deals cards to row numbers, from these sources in their order of precedence."""
        return Deck(self._database, self._sources(sources))

    def touched(
        self,
        target: str,
        on: date,
        sources: Sequence[str],
        *,
        full: bool = False,
        only: Collection[str] | None = None,
        size: int = BATCH,
    ) -> Iterator[list[Card]]:
        """The cards of `whom`, `size` at a time. Marking or cleaning between the batches changes nothing."""
        numbers = self.whom(target, on, full=full, only=only)
        deck = self.deck(sources)
        for start in range(0, len(numbers), size):
            yield deck.cards(numbers[start : start + size])

    def rivals(self, target: str, on: date, *, full: bool = False) -> list[str]:
        """Persons who have, or had, one login with somebody else; in id order.

        Only those who are to be looked at (`full` = everybody), together with whom they share it.
        """
        binds = {"target": target, "on": on.isoformat()}
        if full or self._database.tuples(_HOW_MANY, binds)[0][0] > BATCH:
            full, binds = True, {}  # looking at all identifiers is quicker than at many persons'
        pairs = (pair for query in (_ALL_RIVALS if full else _RIVALS) for pair in self._database.tuples(query, binds))
        return sorted({person for pair in pairs for person in pair})

    def any_touched(self, target: str, on: date) -> bool:
        """Whether anybody is dirty for a target, or due on that date."""
        return self._database.conn.execute(_TOUCHED, {"target": target, "on": on.isoformat()}).first() is not None

    def card(self, person_id: str, sources: Sequence[str]) -> Card | None:
        """One person's card, with the ties she once had; None when nobody has that id."""
        numbers = self._numbers([person_id])
        return Deck(self._database, self._sources(sources), history=True).cards(numbers)[0] if numbers else None

    def _numbers(self, ids: Iterable[str]) -> array[int]:
        found: list[tuple[str, int]] = []
        for some in batches(dict.fromkeys(ids), BATCH):
            rows = self._database.conn.execute(sa.select(person.c.id, person.c.no).where(person.c.id.in_(some)))
            found += ((id_, no) for id_, no in rows)
        return array("q", (no for _, no in sorted(found)))

    def _sources(self, names: Sequence[str]) -> list[Source]:
        """The sources with these names that were ever read, in the names' order."""
        numbers = Sources(self._database).numbers()
        return [Source(numbers[name], name) for name in names if name in numbers]

    # -- groups and schools -----------------------------------------------------------------------------------------

    def groups(self, sources: Sequence[str]) -> list[GroupFact]:
        """Every group that these sources describe and use, standing or not; schools and owners are no groups."""
        facts = Facts(self._database)
        found: list[GroupFact] = []
        for place in facts.learn_all([one.no for one in self._sources(sources)]):
            row, fact = facts.row(place), facts.fact(place)
            if row and fact and row.kind not in ORGANISATIONS and not row.skipped:
                found.append(fact)
        return found

    def organisations(self, sources: Sequence[str]) -> list[Organisation]:
        """Every school and owner, standing or not. Where two sources describe one, the first source's words count."""
        facts = Facts(self._database)
        found: dict[str, Organisation] = {}
        for place in facts.learn_all([one.no for one in self._sources(sources)], ORGANISATIONS):
            if organisation := facts.organisation(place):
                found.setdefault(organisation.id, organisation)
        return list(found.values())

    def schools(self) -> list[Organisation]:
        """The schools of all sources, by name."""
        found = self.organisations(Sources(self._database).names())
        return sorted((one for one in found if one.kind == "school"), key=lambda one: (one.name, one.id))

    # -- who has to be looked at again ------------------------------------------------------------------------------

    def mark_dirty(self, target: str, persons: Iterable[str] | None, at: datetime) -> None:
        """Have these persons (None = everybody) looked at again for a target."""
        binds = {"target": target, "at": at.isoformat()}
        with self._database.begin():
            if persons is None:
                self._database.conn.execute(_MARK_ALL, binds)
                return
            for ids in batches(persons, BATCH):
                self._database.conn.execute(_MARK_SOME, {**binds, "ids": ids})

    def clean(self, target: str, persons: Iterable[str]) -> None:
        """These persons' cards and what the target holds agree."""
        with self._database.begin():
            for ids in batches(persons, BATCH):
                self._database.conn.execute(_CLEAN, {"target": target, "ids": ids})

    def set_due(self, target: str, dates: Mapping[str, date | None]) -> None:
        """Have persons looked at again on a date even when nothing changes before; None = never by itself."""
        with self._database.begin():
            numbers = dict(self._database.among("SELECT id, no FROM person WHERE id IN (them)", dates))
            self._database.delete_many(due, ("target", "person_no"), [(target, no) for no in numbers.values()])
            rows = [(target, numbers[id_], day.isoformat()) for id_, day in dates.items() if day and id_ in numbers]
            self._database.insert_many(due, ("target", "person_no", "on"), rows)
