"""A plan in numbers: its changes counted by kind, action and school, and digested, while none is kept.

Millions of changes pass through `Entries`. What is printed and approved is an entry: all changes of one kind and action
at one school, or at the whole owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from typing import Final

from msgspec import Struct

from rostersync.model import Action, Change, Draft, Kind

OWNER: Final = "*"
"""The scope of an entry that covers the whole owner."""
NO_SCHOOL: Final = ""
"""The scope of users without a school."""
ANYWHERE: Final = "any"
"""In a change's `needs`: the entry of that kind and action at whichever school."""

REVOKE, ORGANISATION, GROUP, RELEASE, PERSON, GUARDIANSHIP, END, GROUP_END, REMOVAL = range(9)

PHASES: Mapping[tuple[Kind, Action], int] = {
    ("organisation", "create"): ORGANISATION,
    ("organisation", "update"): ORGANISATION,
    ("group", "create"): GROUP,
    ("group", "update"): GROUP,
    ("person", "create"): PERSON,
    ("person", "update"): PERSON,
    ("person", "restore"): PERSON,
    ("membership", "create"): PERSON,
    ("membership", "update"): PERSON,
    ("guardianship", "create"): GUARDIANSHIP,
    ("guardianship", "end"): REVOKE,
    ("membership", "end"): END,
    ("person", "depart"): END,
    ("person", "release"): RELEASE,
    ("person", "suspend"): END,
    ("person", "merge"): END,
    ("group", "end"): GROUP_END,
    ("person", "remove"): REMOVAL,
}
"""The order of delivery: what takes access away from a guardian goes first, a login is given up before it is taken, and a
group outlives its memberships."""

_MODULUS: Final = 1 << 256

_Bundle = tuple[Kind, Action, tuple[str, ...], bool, bool]


def phase_of(change: Change) -> int:
    """When a change is delivered. Revocations go before everything else, whatever their kind."""
    return REVOKE if change.revocation else PHASES[change.kind, change.action]


class Entry(Struct, frozen=True):
    """All changes of one kind and action at one school (an organisation id, "" = no school, "*" = the whole owner).

    `count` leaves out what was known beforehand by date and revocations, `revocations` are counted apart. `digest`
    covers the counted changes alone: those may be held, and are the same again when the others have flowed.
    """

    target: str
    kind: Kind
    action: Action
    scope: str
    count: int
    revocations: int
    digest: str


@dataclass(slots=True)
class _Sum:
    count: int = 0
    revocations: int = 0
    marks: int = 0


class Entries:
    """Counts and digests the drafts of a plan, for one target or several, in bounded memory.

    The digests do not depend on the order of the drafts: each draft's changes are hashed to a number, and numbers are
    added. Object ids and value digests are keyed already, so nothing can be guessed from the result.
    """

    def __init__(self) -> None:
        self._entries: defaultdict[tuple[str, Kind, Action, str], _Sum] = defaultdict(_Sum)
        self._counts: defaultdict[tuple[str, Kind, Action], int] = defaultdict(int)
        self._whole = 0

    def add(self, target: str, draft: Draft) -> None:
        """Count one draft. Each object may be drafted once per target."""
        for (kind, action, scopes, counted, revocation), told in _bundles(draft.changes).items():
            weight = "date" if not counted else "revocation" if revocation else "counted"
            mark = _mark(target, kind, action, weight, *scopes, draft.id, *sorted(told))
            self._whole += mark
            self._counts[target, kind, action] += len(told)
            if counted:
                self._count((target, kind, action), scopes, mark, len(told), revocation=revocation)

    def _count(
        self, entry: tuple[str, Kind, Action], scopes: tuple[str, ...], mark: int, number: int, *, revocation: bool
    ) -> None:
        for scope in (*(scopes or (NO_SCHOOL,)), OWNER):
            total = self._entries[*entry, scope]
            if revocation:
                total.revocations += number
            else:
                total.count += number
                total.marks += mark

    def join(self, other: Entries) -> None:
        """Count what another part of the same plan counted."""
        for name, total in other._entries.items():
            own = self._entries[name]
            own.count += total.count
            own.revocations += total.revocations
            own.marks += total.marks
        for counted, number in other._counts.items():
            self._counts[counted] += number
        self._whole += other._whole

    def of(self, target: str) -> list[Entry]:
        """The entries of one target, by kind, action and scope."""
        return [
            Entry(*name, total.count, total.revocations, _digest(total.marks, *name))
            for name, total in sorted(self._entries.items())
            if name[0] == target
        ]

    def counts(self, target: str | None = None) -> dict[str, dict[str, int]]:
        """Kind -> action -> number of changes, every change counted once; of all targets when none is named."""
        told: dict[str, dict[str, int]] = {}
        for (name, kind, action), number in sorted(self._counts.items()):
            if target in (None, name):
                actions = told.setdefault(kind, {})
                actions[action] = actions.get(action, 0) + number
        return told

    @property
    def digest(self) -> str:
        """The digest of the whole plan: every change of every target, without time or run."""
        return _digest(self._whole, "plan")


_counts_alike = attrgetter("kind", "action", "scopes", "counted", "revocation")
_told = attrgetter("part", "old", "new")


def _bundles(changes: Iterable[Change]) -> dict[_Bundle, list[str]]:
    """What the changes that count alike tell, together: hashing them at once is what keeps a first load fast."""
    bundles: dict[_Bundle, list[str]] = {}
    for name, alike in groupby(changes, _counts_alike):
        bundles.setdefault(name, []).extend(map("\x1e".join, map(_told, alike)))
    return bundles


def _mark(*parts: str) -> int:
    return int.from_bytes(blake2b("\x1f".join(parts).encode(), digest_size=32).digest())


def _digest(marks: int, *name: str) -> str:
    # added numbers, not chained hashes: the same changes in any order give the same digest
    text = "\x1f".join((f"{marks % _MODULUS:064x}", *name))
    return blake2b(text.encode(), digest_size=16).hexdigest()
