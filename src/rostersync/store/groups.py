"""Takes in group claims, and works out the one row that stands for each group.

Most groups have one claim. Where a source describes a group twice, the older description counts, as with persons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from rostersync.model import GroupClaim
from rostersync.normalize import organisation_number
from rostersync.store.desk import CLAIM_COLUMNS, Came, Desk, regroup, stirred, touched_group
from rostersync.store.engine import BATCH, batches
from rostersync.store.persons import place_of
from rostersync.store.rosters import TIE_COLUMNS, day_text
from rostersync.store.tables import claim, group, tie

MENTOR: Final = "contact_teacher"
"""The tie word of a teacher whom the group itself names."""

ORGANISATIONS: Final = ("owner", "school")

_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final = msgspec.msgpack.Decoder(GroupClaim)

_GROUP_COLUMNS: Final = (
    "source_no", "key", "check", "sealed", "id", "kind", "parent_key", "begin", "end", "skipped", "standing"
)  # fmt: skip
_KIND: Final = _GROUP_COLUMNS.index("kind")
_FACTS: Final = ("id", "kind", "parent_key", "begin", "end", "skipped", "standing")
"""What can change a person. A new name or title changes the group alone."""

_WINNERS: Final = """
    SELECT key, sealed FROM claim
     WHERE source_no = ? AND kind = 'group' AND present = TRUE AND key IN (them) ORDER BY key, first, content
"""


class Groups:
    """The group claims of one intake, written in batches."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: list[tuple[bytes, GroupClaim]] = []

    def take(self, digest: bytes, came: GroupClaim) -> None:
        """Take one claim; it may be written later."""
        self._waiting.append((digest, came))
        if len(self._waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        fresh = self._desk.fresh("group", (self._came(digest, came) for digest, came in waiting))
        if fresh:
            self._write(fresh)

    def _came(self, digest: bytes, came: GroupClaim) -> Came:
        key, check = self._desk.surrogate(came.key)
        return Came(digest, key, check, self._desk.content_digest(_encode(came)), came)

    def _write(self, fresh: Sequence[Came]) -> None:
        desk = self._desk
        claims: list[tuple[Any, ...]] = []
        mentors: list[tuple[Any, ...]] = []
        for one in fresh:
            no = desk.next_claim()
            sealed = desk.database.keyring.seal_global(_encode(one.claim), place_of(desk.source_no, one.key))
            claims.append(desk.claim_row(no, "group", one, sealed))
            if one.claim.mentor:
                mentor, _ = desk.surrogate(one.claim.mentor)
                mentors.append((no, desk.source_no, one.key, mentor, MENTOR, None, None, False, "", True))
        desk.database.insert_many(claim, CLAIM_COLUMNS, claims)
        desk.database.insert_many(tie, TIE_COLUMNS, mentors)
        desk.ties += len(mentors)
        desk.touch({mentor[3] for mentor in mentors})

    # -- when everything is read ------------------------------------------------------------------------------------

    def work_out(self) -> None:
        """Bring the group rows of the keys in `regroup` up to date, and note whose facts changed."""
        keys = list(self._desk.run_sql(sa.select(regroup.c.key)).scalars())
        for some in batches(keys, BATCH):
            self._work_out(some)

    def _work_out(self, keys: list[int]) -> None:
        desk = self._desk
        mine = group.c.source_no == desk.source_no
        before = {row.key: row for row in desk.run_sql(sa.select(group).where(mine, group.c.key.in_(keys)))}
        after: dict[int, tuple[Any, ...]] = {}
        for key, sealed in desk.among(_WINNERS, keys):
            if key not in after:
                after[key] = self._row(key, sealed)
        ended = [key for key in before.keys() - after.keys() if before[key].standing]
        changed = [key for key, row in after.items() if key not in before or row[4:] != _facts(before[key])]
        desk.run_sql(sa.delete(group).where(mine, group.c.key.in_(list(after))))
        desk.database.insert_many(group, _GROUP_COLUMNS, after.values())
        desk.run_sql(sa.update(group).where(mine, group.c.key.in_(ended)).values(standing=False))
        desk.database.insert_many(touched_group, ("key",), [(key,) for key in (*changed, *ended)])
        kinds = {key: {row.kind} for key, row in before.items()}
        for key, row in after.items():
            kinds.setdefault(key, set()).add(row[_KIND])
        stirs = [(key, not of.isdisjoint(ORGANISATIONS)) for key, of in kinds.items()]
        desk.database.insert_many(stirred, ("key", "whole"), stirs)

    def _row(self, key: int, sealed: bytes) -> tuple[Any, ...]:
        """The row of a group that stands, from the claim that counts; in the order of `_GROUP_COLUMNS`."""
        desk = self._desk
        said = open_group(desk.database.keyring.open_global(sealed, place_of(desk.source_no, key)))
        ids = desk.database.ids
        if said.kind in ORGANISATIONS:
            id_ = ids.organisation(organisation_number(said.number), desk.source, said.key)
        else:
            id_ = ids.group(desk.source, said.key)
        parent_key = desk.surrogate(said.parent)[0] if said.parent else None
        check = desk.surrogate(said.key)[1]
        facts = (id_, said.kind, parent_key, day_text(said.begin), day_text(said.end), said.skipped, True)
        return (desk.source_no, key, check, sealed, *facts)


def open_group(opened: bytes) -> GroupClaim:
    """A group claim from the bytes inside its seal."""
    return _decoder.decode(opened)


def _facts(row: sa.Row[Any]) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _FACTS)
