"""The two gates: a source's snapshot against what it said before, and a plan's counts against the limits.

What gives access or destroys may be held for a person to look at; what takes access away from a guardian, or protects
somebody, never is, but a mass of it alarms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from rostersync.limits import DEFAULT_LIMITS, FLOOR, Limit, allowed
from rostersync.model import Action, Change, Kind
from rostersync.plan import ANYWHERE, NO_SCHOOL, OWNER, Entries, Entry

__all__ = [
    "DEFAULT_LIMITS",
    "Census",
    "Judged",
    "Limit",
    "Refusal",
    "Verdict",
    "allowed",
    "judge",
    "judge_snapshot",
]


# -- gate 2: the plan -----------------------------------------------------------------------------------------------


class Judged(Struct, frozen=True):
    """One entry of a plan before gate 2. `limit` None = as many as there are.

    `count` includes `recent`, those delivered in the days before without anybody's approval; `of` is how many of the
    kind the target holds there. `approved` tells that somebody released what would be held. With `alarm`, `count` are
    revocations: they flow, and somebody should find out why there are so many.
    """

    digest: str
    target: str
    kind: Kind
    action: Action
    scope: str
    count: int
    of: int
    limit: int | None
    recent: int = 0
    held: bool = False
    approved: bool = False
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What gate 2 says of one target's plan: every entry and alarm judged, with numbers.

    `waiting` names the held entries (kind, action, scope). `remembered` names those that count in the days to come: not
    what has no limit, what somebody approved, or what fills an empty place.
    """

    entries: tuple[Judged, ...]
    waiting: frozenset[tuple[str, str, str]]
    remembered: frozenset[tuple[str, str, str]]
    everything: bool

    @property
    def held(self) -> tuple[Judged, ...]:
        """The entries that wait for a person."""
        return tuple(entry for entry in self.entries if entry.held)

    @property
    def cleared(self) -> tuple[Judged, ...]:
        """The entries that flow."""
        return tuple(entry for entry in self.entries if not entry.held and not entry.alarm)

    @property
    def alarms(self) -> tuple[Judged, ...]:
        """The masses of revocations."""
        return tuple(entry for entry in self.entries if entry.alarm)

    def holds(self, change: Change) -> bool:
        """Whether a change waits: with its own entry, the owner's, or one that it needs. Revocations never do."""
        if not self.waiting or change.revocation:
            return False
        if self.everything:
            return True
        if change.counted and any(name in self.waiting for name in _entries_of(change)):
            return True
        return any(need in self.waiting or (need[0], need[1], OWNER) in self.waiting for need in change.needs)

    def tallied(self, cleared: Iterable[Change]) -> Counter[tuple[str, str, str]]:
        """What cleared changes add to the counts of the days to come: (kind, action, scope) -> how many."""
        counts: Counter[tuple[str, str, str]] = Counter()
        for change in cleared if self.remembered else ():
            if change.counted and not change.revocation:
                counts.update(name for name in _entries_of(change) if name in self.remembered)
        return counts


def _entries_of(change: Change) -> Iterator[tuple[str, str, str]]:
    for scope in (*(change.scopes or (NO_SCHOOL,)), OWNER):
        yield change.kind, change.action, scope


def judge(
    entries: Entries,
    sizes: Mapping[tuple[Kind, str], int],
    recent: Mapping[tuple[Kind, Action, str], int],
    limits: Mapping[str, Limit],
    approved: Collection[str],
    *,
    target: str,
    hold: Literal["class", "all"] = "class",
    floor: int = FLOOR,
    first_load: bool = False,
) -> Verdict:
    """Hold the entries of one target that are over their limits, unless somebody approved them or the whole plan.

    `sizes` is what the target holds by (kind, scope) and `recent` what was delivered unapproved in the days before, by
    (kind, action, scope). `first_load` continues a first load that was cut off; a target that holds nothing is one.
    With `hold` "all", one held entry holds everything but revocations.
    """
    bench = _Bench(sizes, recent, limits, approved, floor, first_load or not any(sizes.values()))
    whole = entries.digest in approved
    there = entries.of(target)
    judged = [bench.rule(entry, whole=whole) for entry in there if entry.count]
    alarms = [alarm for entry in there if (alarm := bench.alarm(entry))]
    held = [one for one in judged if one.held]
    return Verdict(
        entries=(*judged, *alarms),
        waiting=frozenset((one.kind, one.action, scope) for one in held for scope in (one.scope, ANYWHERE)),
        remembered=frozenset((one.kind, one.action, one.scope) for one in judged if bench.remembers(one)),
        everything=hold == "all" and bool(held),
    )


@dataclass(frozen=True, slots=True)
class _Bench:
    """What one target's entries are judged by."""

    sizes: Mapping[tuple[Kind, str], int]
    recent: Mapping[tuple[Kind, Action, str], int]
    limits: Mapping[str, Limit]
    approved: Collection[str]
    floor: int
    first_load: bool

    def rule(self, entry: Entry, *, whole: bool) -> Judged:
        recent = self.recent.get((entry.kind, entry.action, entry.scope), 0)
        judged = self._judged(entry, entry.count + recent)
        over = judged.limit is not None and judged.count > judged.limit
        released = over and (whole or entry.digest in self.approved)
        return replace(judged, recent=recent, held=over and not released, approved=released)

    def alarm(self, entry: Entry) -> Judged | None:
        judged = self._judged(entry, entry.revocations)
        return replace(judged, alarm=True) if judged.limit is not None and judged.count > judged.limit else None

    def remembers(self, judged: Judged) -> bool:
        """Whether what flows of an entry counts in the days to come."""
        return judged.limit is not None and not judged.approved and not self._fills(judged)

    def _fills(self, entry: Entry | Judged) -> bool:
        """Whether these creates fill a target, or a school, that held nothing of the kind."""
        return entry.action == "create" and (self.first_load or not self.sizes.get((entry.kind, entry.scope), 0))

    def _judged(self, entry: Entry, count: int) -> Judged:
        size = self.sizes.get((entry.kind, entry.scope), 0)
        limit = allowed(self._limit(entry), size, self.floor)
        return Judged(entry.digest, entry.target, entry.kind, entry.action, entry.scope, count, size, limit)

    def _limit(self, entry: Entry) -> Limit:
        """The limit of an entry: that of its school, or the owner's. What fills an empty place has no share."""
        limit = self.limits.get(f"{entry.kind}.{entry.action}", Limit())
        if entry.scope == OWNER:
            limit = limit.owner or Limit()
        if not self._fills(entry):
            return limit
        return Limit() if self.first_load else Limit(count=limit.count)


# -- gate 1: a source's snapshot ------------------------------------------------------------------------------------


class Census(Struct, frozen=True):
    """A snapshot in numbers, beside the one accepted before it.

    `ties` are memberships of single persons. `dangling_*` are distinct persons and groups that are pointed at but not
    described. `unkeyed` are the kinds with rejected records whose key could not be read.
    """

    persons_before: int
    persons_now: int
    groups_before: int
    groups_now: int
    ties_before: int
    ties_now: int
    records: int
    rejected: int
    dangling_persons: int = 0
    dangling_groups: int = 0
    unkeyed: tuple[str, ...] = ()


class Refusal(Struct, frozen=True):
    """Why a snapshot is refused: a short code (see errors.SnapshotRefused) and every finding as text."""

    reason: str
    text: str


def judge_snapshot(census: Census, limits: Mapping[str, Limit], floor: int = FLOOR) -> Refusal | None:
    """Refuse a snapshot that has lost a whole kind, or that cannot be read in large part; None when it is accepted."""
    findings = [*_zeros(census), *_unreadable(census, limits, floor), *_undescribed(census, limits, floor)]
    if not findings:
        return None
    return Refusal(findings[0][0], "; ".join(text for _, text in findings))


def _zeros(census: Census) -> Iterator[tuple[str, str]]:
    if not census.persons_now and not census.persons_before:
        yield "zero", "the snapshot holds no persons at all; check that the export ran"
    for kind, before, now in (
        ("persons", census.persons_before, census.persons_now),
        ("groups", census.groups_before, census.groups_now),
        ("memberships", census.ties_before, census.ties_now),
    ):
        if before and not now:
            yield "zero", f"the snapshot holds no {kind}, and the one before held {before:,}"


def _unreadable(census: Census, limits: Mapping[str, Limit], floor: int) -> Iterator[tuple[str, str]]:
    limit = allowed(limits.get("rejected", Limit()), census.records, floor)
    if limit is not None and census.rejected > limit:
        yield "rejected", f"{census.rejected:,} of {census.records:,} records were rejected; the limit is {limit:,}"


def _undescribed(census: Census, limits: Mapping[str, Limit], floor: int) -> Iterator[tuple[str, str]]:
    dangling = census.dangling_persons + census.dangling_groups
    limit = allowed(limits.get("dangling", Limit()), census.persons_now, floor)
    if limit is not None and dangling > limit:
        named = f"{census.dangling_persons:,} persons and {census.dangling_groups:,} groups are named but not described"
        yield "dangling", f"{named}; the limit beside {census.persons_now:,} persons is {limit:,}"
