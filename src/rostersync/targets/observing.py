"""How an LMS that can be read back is read back, to find what others changed there. Optional: `Observing` is a target's own.

Only what a target can tell for certain is told. A role that an LMS reads back as another one, or a field that it does not
give out, is left out on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from rostersync.model import ObjectKind, Observed, Placed, User
from rostersync.targets import Existing, Target


class Walk(Struct, frozen=True):
    """What one call of `Observing.holds` costs: it asks for up to `at_once` things, in up to `calls` calls to the LMS.

    `near`: each thing is to be told with what is near it.
    """

    at_once: int
    calls: int
    near: bool = False


@runtime_checkable
class Observing(Protocol):
    """A target that can be read back. What an LMS says never becomes known: it is compared, and told."""

    @property
    def lists(self) -> frozenset[ObjectKind]:
        """The kinds of which `observed` tells every one that the LMS has, ours or not."""
        ...

    @property
    def walk(self) -> Walk | None:
        """How the rest is asked for, with `holds`; None when `observed` tells all that can be told."""
        ...

    def expected(self, roster: Iterable[Placed]) -> Iterator[Observed]:
        """How these things, organisations and groups before users, should read back if nobody had touched them.

        A kind, or a thing, that the target does not hold is left out. What is walked through has what is `near` it, where the
        walk asks for that.
        """
        ...

    def observed(self) -> Iterator[Observed]:
        """Everything that the LMS lists.

        Raises:
            TargetUnavailable: it cannot be read now, or not at all; nothing is concluded from a part.
        """
        ...

    def holds(self, sought: Sequence[Placed]) -> Iterator[Observed]:
        """What the LMS shows of these things; what it does not have is left out. Never asked where `walk` is None.

        Raises:
            TargetUnavailable: it cannot be read now; nothing is concluded from a part.
        """
        ...


class ByUserList:
    """A target that only lists its users: who is there, who is not, and whether they may log in."""

    lists: frozenset[ObjectKind] = frozenset({"user"})
    walk: Walk | None = None

    def __init__(self, target: Target) -> None:
        self._target = target

    def expected(self, roster: Iterable[Placed]) -> Iterator[Observed]:
        """The users, as `existing` should list them."""
        for placed in roster:
            if isinstance(placed.value, User):
                yield _listed(placed.target_key or placed.value.id, enabled=placed.value.enabled)

    def observed(self) -> Iterator[Observed]:
        """The users that `existing` lists.

        Raises:
            TargetUnavailable: as `existing` does.
        """
        return map(listed, self._target.existing())

    def holds(self, sought: Sequence[Placed]) -> Iterator[Observed]:  # noqa: ARG002 - the list tells all
        """Nothing: the list tells all."""
        return iter(())


def observing(target: Target) -> Observing:
    """How a target is read back: in its own way, or by its list of users."""
    return target if isinstance(target, Observing) else ByUserList(target)


def listed(user: Existing) -> Observed:
    """What a list of users tells of one of them."""
    return _listed(user.target_key, enabled=user.enabled)


def _listed(key: str, *, enabled: bool) -> Observed:
    return Observed("user", key, (("enabled", "true" if enabled else "false"),))
