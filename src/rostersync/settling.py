"""A draft and the guard's verdict -> what is delivered now, phase by phase, and what waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, Protocol, cast

from msgspec.structs import replace

from rostersync.desire.logins import without
from rostersync.model import Change, Delivery, Draft, Held, Life, Membership, Role, User
from rostersync.plan import phase_of


class Holding(Protocol):
    """Whatever can tell if a change waits: guard.Verdict."""

    def holds(self, change: Change) -> bool:
        """Whether the change may not be delivered now."""
        ...


class Settlement(NamedTuple):
    """What became of one draft. `deliveries` are in phase order, each starting where the one before ended.

    `life` is the user's life when it moves without anything being delivered (departed, or back before suspension), else
    None: it is then stored at once, and stands in the deliveries too. `undelivered` are the cleared changes that move it.
    """

    deliveries: tuple[Delivery, ...]
    cleared: tuple[Change, ...]
    held: tuple[Change, ...]
    life: Life | None = None
    undelivered: tuple[Change, ...] = ()


_LIFE_STEPS = frozenset(("suspend", "merge", "restore", "remove"))
_delivered_alike = attrgetter("kind", "action", "revocation")


def settle(draft: Draft, verdict: Holding) -> Settlement:
    """Part a draft's changes into cleared and held, and turn the cleared ones into deliveries."""
    held = tuple([change for change in draft.changes if verdict.holds(change)])
    if any(change.kind == "person" and change.action == "create" for change in held):
        return Settlement((), (), draft.changes)  # nobody can join a group before she exists
    cleared = tuple([change for change in draft.changes if change not in held]) if held else draft.changes
    life = _moved(draft, cleared)
    undelivered = tuple([change for change in cleared if _moves_life_only(draft, change)]) if life else ()
    return Settlement(tuple(_deliveries(draft, cleared, life)), cleared, held, life, undelivered)


def _deliveries(draft: Draft, cleared: Sequence[Change], moved: Life | None) -> Iterator[Delivery]:
    before = draft.before
    value = before.value if before else None
    life = moved or (before.life if before else draft.life)
    target_key = before.target_key if before else ""
    left = len(draft.changes)
    for phase, changes in sorted(_phases(draft, cleared).items()):
        left -= len(changes)
        # when nothing is left out or to come, she is as wanted: no need to work that out change by change
        after = apply_changes(value, draft.wanted, changes) if left else draft.wanted
        if life != draft.life and any(change.action in _LIFE_STEPS for change in changes):
            life = draft.life
        yield Delivery(draft.object_kind, draft.id, phase, value, after, life, tuple(changes), target_key)
        value = after


def _phases(draft: Draft, cleared: Iterable[Change]) -> dict[int, list[Change]]:
    """The changes that are something to the LMS, by phase."""
    phases: dict[int, list[Change]] = {}
    for _, alike in groupby(cleared, _delivered_alike):
        changes = list(alike)
        if not _moves_life_only(draft, changes[0]):
            phases.setdefault(phase_of(changes[0]), []).extend(changes)
    return phases


def _moves_life_only(draft: Draft, change: Change) -> bool:
    """Departing, and coming back before suspension, are nothing to the LMS: it holds her as active all the time."""
    if change.action == "restore":
        return draft.before is not None and draft.before.life.state == "departed"
    return change.action == "depart"


def _moved(draft: Draft, cleared: Iterable[Change]) -> Life | None:
    if draft.before is None:
        return None
    for change in cleared:
        if _moves_life_only(draft, change):
            if change.action == "restore":
                return draft.life
            return Life("departed", draft.life.reason, draft.life.departed_on)
    return None


def apply_changes(before: Held | None, wanted: Held | None, changes: Sequence[Change]) -> Held | None:
    """The value after some of a draft's changes; None when there is none. `wanted` is the value after all of them."""
    if not isinstance(wanted, User):  # what has one value and no parts changes in one step
        return wanted if changes else before
    return _apply_to_user(cast("User | None", before), wanted, changes)


def _apply_to_user(before: User | None, wanted: User, changes: Iterable[Change]) -> User | None:
    core = before
    ties = {tie.group: tie for tie in before.memberships} if before else {}
    guardians = set(before.guardians) if before else set()
    for change in changes:
        if change.kind == "membership":
            group, _, role = change.part.partition(" ")
            ties.pop(group, None)
            if change.action != "end":
                ties[group] = Membership(group, cast("Role", role))
        elif change.kind == "guardianship":
            (guardians.discard if change.action == "end" else guardians.add)(change.part)
        elif change.action == "release":
            core = without(core, change.part.split()) if core else None
        elif change.action in ("suspend", "merge"):
            return wanted  # whatever she still had goes with it
        else:
            core = wanted
    if core is None:
        return None
    return replace(core, memberships=tuple(sorted(ties.values())), guardians=tuple(sorted(guardians)))
