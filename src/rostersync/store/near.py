"""What deliveries refer to, as the target should hold it once everything is delivered.

An LMS may keep a guardian's link on the guardian, with all that she has, and want to know of what kind a group is. That
stands in other rows than the one that is delivered; it is looked up here for some hundreds of deliveries at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

import sqlalchemy as sa
from msgspec.structs import replace

from rostersync.model import Delivery, Group, Held, Organisation, Placed, User
from rostersync.store.engine import BATCH, Database, batches
from rostersync.store.packing import KINDS, Packing, key_place_of, place_of, unpack
from rostersync.store.tables import known, outbox, person

# Whoever was ever named as somebody's contact stays in `contact` for as long as the pupil's last claim stands.
_WARDS: Final = """
    SELECT DISTINCT ward.id FROM known AS guardian CROSS JOIN link CROSS JOIN contact CROSS JOIN link AS pupil
     CROSS JOIN known AS ward
     WHERE guardian.target = ? AND guardian.object_kind = 'user' AND link.person_no = guardian.person_no
       AND contact.source_no = link.source_no AND contact.contact_key = link.key
       AND pupil.source_no = contact.source_no AND pupil.key = contact.pupil_key
       AND ward.target = guardian.target AND ward.object_kind = 'user' AND ward.person_no = pupil.person_no
       AND guardian.id IN (them)
"""

_KNOWN: Final = sa.select(
    known.c.object_kind,
    known.c.id,
    sa.literal(-1).label("phase"),
    known.c.sealed,
    person.c.data_key,
    known.c.target_key,
).select_from(known.outerjoin(person, known.c.person_no == person.c.no))
_COMING: Final = sa.select(
    outbox.c.object_kind,
    outbox.c.id,
    outbox.c.phase,
    outbox.c.after.label("sealed"),
    person.c.data_key,
    outbox.c.target_key,
).select_from(outbox.outerjoin(person, outbox.c.person_no == person.c.no))


class Near:
    """Looks around deliveries, whatever the target."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._packing = Packing(database)

    def around(self, target: str, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """These deliveries, each with what is near it."""
        own = [(one.id, frozenset(_named(one))) for one in deliveries]
        users = {one.id for one in deliveries if one.object_kind == "user"}
        near = self._beside(target, own, users)
        return [replace(one, near=found) for one, found in zip(deliveries, near, strict=True)]

    def beside(self, target: str, things: Sequence[Placed]) -> list[Placed]:
        """These things that a target holds, each with what is near it."""
        own = [(one.value.id, frozenset(_mentioned(one.value))) for one in things]
        users = {one.value.id for one in things if isinstance(one.value, User)}
        near = self._beside(target, own, users)
        return [replace(one, near=found) for one, found in zip(things, near, strict=True)]

    def _beside(
        self, target: str, own: Sequence[tuple[str, frozenset[str]]], users: Collection[str]
    ) -> Iterator[tuple[Placed, ...]]:
        """What is near things, each told as its id and the ids that it mentions."""
        placed = self._placed(target, frozenset().union(*(ids for _, ids in own)))
        followed = {*users, *(id_ for id_, one in placed.items() if isinstance(one.value, User))}
        wards = self._wards(target, followed)
        return (tuple(_chosen(id_, ids, placed, wards)) for id_, ids in own)

    def _wards(self, target: str, guardians: Collection[str]) -> Mapping[str, list[Placed]]:
        """Guardian -> those who should have her."""
        ids = [row[0] for row in self._database.among(_WARDS, guardians, target)]
        found: defaultdict[str, list[Placed]] = defaultdict(list)
        for placed in self._placed(target, ids).values():
            if isinstance(placed.value, User):
                for guardian in placed.value.guardians:
                    found[guardian].append(placed)
        return found

    def _placed(self, target: str, ids: Iterable[str]) -> dict[str, Placed]:
        """What the target should hold of these, by id: known, with what is on its way laid over it."""
        found: dict[str, Placed] = {}
        for some in batches(sorted(set(ids)), BATCH):
            rows = [
                *self._database.conn.execute(
                    _KNOWN.where(known.c.target == target, known.c.object_kind.in_(KINDS), known.c.id.in_(some))
                ),
                *self._database.conn.execute(
                    _COMING.where(outbox.c.target == target, outbox.c.object_kind.in_(KINDS), outbox.c.id.in_(some))
                ),
            ]
            rows.sort(key=attrgetter("id", "phase"))
            for id_, versions in groupby(rows, key=attrgetter("id")):
                if one := self._last(target, id_, list(versions)):
                    found[id_] = one
        return found

    def _last(self, target: str, id_: str, versions: Sequence[sa.Row[tuple[object, ...]]]) -> Placed | None:
        row = versions[-1]
        if row.sealed is None:
            return None
        kind, key = row.object_kind, self._packing.unwrapped(row.data_key)
        told = next((one.target_key for one in reversed(versions) if one.target_key), None)
        value = unpack(self._packing.open(key, row.sealed, place_of(target, kind, id_)))
        return Placed(value, self._packing.open_text(key, told, key_place_of(target, kind, id_)))


def _named(delivery: Delivery) -> Iterator[str]:
    """The ids that a delivery mentions."""
    for value in (delivery.before, delivery.after):
        yield from _mentioned(value)


def _mentioned(value: Held | None) -> Iterator[str]:
    match value:
        case Organisation(parent=parent) if parent:
            yield parent
        case Group(school=school) if school:
            yield school
        case User() as user:
            yield from (at.school for at in user.schools)
            yield from (tie.group for tie in user.memberships)
            yield from user.guardians


def _chosen(
    own: str, ids: frozenset[str], placed: Mapping[str, Placed], wards: Mapping[str, list[Placed]]
) -> Iterator[Placed]:
    """What is mentioned, and everybody who has one of the users among it, or the user herself, as a guardian."""
    seen: set[str] = set()
    mentioned = [placed[id_] for id_ in sorted(ids) if id_ in placed]
    following = [own, *(one.value.id for one in mentioned if isinstance(one.value, User))]
    for one in (*mentioned, *(ward for guardian in following for ward in wards.get(guardian, ()))):
        if one.value.id not in seen:
            seen.add(one.value.id)
            yield one
