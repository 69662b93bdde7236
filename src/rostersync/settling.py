"""A draft and the guard's verdict -> what is delivered now, phase by phase, and what waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol, cast

from msgspec.structs import replace

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
    None: it is then stored at once, and stands in the deliveries too.
    """

    deliveries: tuple[Delivery, ...]
    cleared: tuple[Change, ...]
    held: tuple[Change, ...]
    life: Life | None = None


def settle(draft: Draft, verdict: Holding) -> Settlement:
    """Part a draft's changes into cleared and held, and turn the cleared ones into deliveries."""
    cleared: list[Change] = []
    held: list[Change] = []
    for change in draft.changes:
        (held if verdict.holds(change) else cleared).append(change)
    if any(change.kind == "person" and change.action == "create" for change in held):
        return Settlement((), (), draft.changes)  # nobody can join a group before she exists
    life = _moved(draft, cleared)
    return Settlement(tuple(_deliveries(draft, cleared, life)), tuple(cleared), tuple(held), life)


def _deliveries(draft: Draft, cleared: Iterable[Change], moved: Life | None) -> Iterator[Delivery]:
    before = draft.before
    value = before.value if before else None
    life = moved or (before.life if before else draft.life)
    delivered = sorted((change for change in cleared if not _moves_life_only(draft, change)), key=phase_of)
    for phase, changes in groupby(delivered, key=phase_of):
        steps = tuple(changes)
        after = apply_changes(value, draft.wanted, steps)
        if any(change.action in ("suspend", "restore") for change in steps):
            life = draft.life
        yield Delivery(
            draft.object_kind, draft.id, phase, value, after, life, steps, before.target_key if before else ""
        )
        value = after


def _moves_life_only(draft: Draft, change: Change) -> bool:
    """Departing, and coming back before suspension, are nothing to the LMS: it holds her as active all the time."""
    if change.action == "restore":
        return draft.before is not None and draft.before.life.state == "departed"
    return change.action == "depart"


def _moved(draft: Draft, cleared: Iterable[Change]) -> Life | None:
    for change in cleared:
        if _moves_life_only(draft, change):
            if change.action == "restore":
                return draft.life
            return Life("departed", draft.life.reason, draft.life.departed_on)
    return None


def apply_changes(before: Held | None, wanted: Held | None, changes: Sequence[Change]) -> Held | None:
    """The value after some of a draft's changes; None when there is none. `wanted` is the value after all of them."""
    if wanted is None:
        return None if any(change.action in ("end", "remove") for change in changes) else before
    if not isinstance(wanted, User):
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
        elif change.action == "suspend":
            return wanted  # whatever she still had goes with it
        else:
            core = wanted
    if core is None:
        return None
    return replace(core, memberships=tuple(sorted(ties.values())), guardians=tuple(sorted(guardians)))
