"""Takes in membership claims, and writes only the ties that differ.

One pupil who moves changes the whole membership element of her class. The claim that stood for the element before is
then rewritten, and of its ties those of that pupil alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec

from rostersync.model import MembershipClaim
from rostersync.store.desk import CLAIM_COLUMNS, Came, Desk
from rostersync.store.engine import BATCH
from rostersync.store.holders import LoginKeys
from rostersync.store.tables import claim, tie

TIE_COLUMNS: Final = (
    "claim_no", "source_no", "group_key", "person_key", "role", "begin", "end", "primary", "left", "standing"
)  # fmt: skip
"""How a tie row is written."""

TieRow: TypeAlias = tuple[int, str, str | None, str | None, bool, str]
"""person key, role, begin, end, primary, left: what a tie says, in the order of its columns."""

_TIES_AT_ONCE: Final = 4 * BATCH

_pack: Final = msgspec.msgpack.Encoder().encode

_OLD: Final = """
    SELECT no, key, digest FROM claim
     WHERE source_no = ? AND kind = 'membership' AND present = TRUE AND no < ? AND key IN (them)
"""

_OLD_TIES: Final = """
    SELECT claim_no, person_key, role, "begin", "end", "primary", "left" FROM tie WHERE claim_no IN (them)
"""


class _Waiting(msgspec.Struct, frozen=True, gc=False):
    """A membership claim to be written. `unread` are persons whose part was rejected; None = some could not be told."""

    digest: bytes
    key: int
    check: bytes
    rows: list[TieRow]
    unread: frozenset[int] | None


class _Old(msgspec.Struct, frozen=True, gc=False):
    """A claim of the last accepted snapshot, and what its ties say."""

    no: int
    digest: bytes
    rows: set[TieRow]


class Rosters:
    """The membership claims of one intake, written in batches."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._login_keys = LoginKeys(desk)
        self._waiting: list[_Waiting] = []
        self._ties = 0

    def take(self, digest: bytes, came: MembershipClaim, unread: Collection[str] | None = ()) -> None:
        """Take one claim; it may be written later.

        `unread` are the person keys of rejected members, or None when some could not be told: the last good ties of
        those persons in this group stay.
        """
        if came.by_login:
            self._login_keys.note(one.person for one in came.ties)
        surrogate = self._desk.surrogate
        key, check = surrogate(came.key)
        keys = None if unread is None else frozenset(surrogate(person)[0] for person in unread)
        rows = [
            (surrogate(one.person)[0], one.role, day_text(one.begin), day_text(one.end), one.primary, one.left)
            for one in came.ties
        ]
        self._waiting.append(_Waiting(digest, key, check, rows, keys))
        self._ties += len(came.ties)
        if len(self._waiting) >= BATCH or self._ties >= _TIES_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        self._login_keys.flush()
        waiting, self._waiting, self._ties = self._waiting, [], 0
        in_part = [one.key for one in waiting if one.unread is None or one.unread]
        old = self._old(in_part)
        fresh = self._desk.fresh("membership", [self._came(one, old.get(one.key, ())) for one in waiting])
        if fresh:
            self._write(fresh)

    def _came(self, one: _Waiting, old: Iterable[_Old]) -> Came:
        rows = one.rows
        if one.unread is None or one.unread:
            # Somebody's line in the class list cannot be read tonight: what it said last counts for her until it can.
            listed = {row[0] for row in rows}
            last = {row for before in old if not self._desk.seen.met(before.digest) for row in before.rows}
            kept = (row for row in last if row[0] not in listed and (one.unread is None or row[0] in one.unread))
            rows = [*rows, *kept]
        ordered = _ordered(rows)
        return Came(one.digest, one.key, one.check, self._desk.content_digest(_pack(ordered)), ordered)

    def _old(self, keys: Collection[int]) -> dict[int, list[_Old]]:
        """Group key -> the claims of the last accepted snapshot, with their ties."""
        found: defaultdict[int, list[_Old]] = defaultdict(list)
        by_no: dict[int, _Old] = {}
        for no, key, digest in self._desk.among(_OLD, keys, self._desk.first):
            by_no[no] = _Old(no, digest, set())
            found[key].append(by_no[no])
        ties = self._desk.database.among(_OLD_TIES, by_no)
        for no, person, role, begin, end, primary, left in ties:
            by_no[no].rows.add((person, role, begin, end, bool(primary), left))
        return found

    def _write(self, fresh: Sequence[Came]) -> None:
        old = self._old([one.key for one in fresh])
        claims: list[tuple[Any, ...]] = []
        ties: list[tuple[Any, ...]] = []
        moved: list[tuple[int, int]] = []
        rewritten: list[tuple[Any, ...]] = []
        touched: set[int] = set()
        desk = self._desk
        for one in fresh:
            before = self._same_element(one, old.get(one.key, ()))
            if before is None:
                no = desk.next_claim()
                claims.append(desk.claim_row(no, "membership", one, b""))
                persons = {row[0] for row in one.claim}
            else:
                no = before.no
                rewritten.append((one.digest, one.content, desk.run, no))
                persons = {row[0] for row in before.rows.symmetric_difference(one.claim)}
                moved += ((no, person) for person in persons)
            ties += ((no, desk.source_no, one.key, *row, True) for row in one.claim if row[0] in persons)
            touched |= persons
        self._store(claims, rewritten, moved, ties)
        desk.touch(touched)

    def _same_element(self, one: Came, old: Iterable[_Old]) -> _Old | None:
        """The claim of the element that this fragment replaces: most of its people are the same. This spends it."""
        rows = set(one.claim)
        likeliest = sorted(old, key=lambda before: (-len(before.rows & rows), before.no))
        for before in likeliest:
            if 2 * len(before.rows & rows) < len(rows):
                return None
            if self._desk.seen.spend(before.digest):
                return before
        return None

    def _store(
        self,
        claims: Sequence[tuple[Any, ...]],
        rewritten: Sequence[tuple[Any, ...]],
        moved: Sequence[tuple[int, int]],
        ties: Sequence[tuple[Any, ...]],
    ) -> None:
        database = self._desk.database
        database.insert_many(claim, CLAIM_COLUMNS, claims)
        database.update_many(claim, ("digest", "content", "run"), ("no",), rewritten)
        gone = database.delete_many(tie, ("claim_no", "person_key"), moved)
        database.insert_many(tie, TIE_COLUMNS, ties)
        self._desk.ties += len(ties) - gone


@lru_cache(maxsize=4_096)
def day_text(day: date | None) -> str | None:
    """A date as a column holds it; nearly all ties of a year share a few."""
    return None if day is None else day.isoformat()


def _ordered(rows: Collection[TieRow]) -> list[TieRow]:
    """Each row once, in one order whatever theirs was."""
    by_person = {row[0]: row for row in rows}
    if len(by_person) == len(rows):  # the rule: nobody is tied twice
        return [by_person[person] for person in sorted(by_person)]
    return sorted(set(rows), key=_order)


def _order(row: TieRow) -> tuple[Any, ...]:
    return (row[0], row[1], row[2] or "", row[3] or "", row[4], row[5])
