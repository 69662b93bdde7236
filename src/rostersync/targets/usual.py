"""What most targets answer alike, so that each says only what is otherwise with it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rostersync.model import Kind
from rostersync.targets.leftout import LeftOut

_EVERYTHING: Final[frozenset[Kind]] = frozenset({"organisation", "group", "person", "membership", "guardianship"})


class Usual:
    """An LMS that holds every kind, is told what changed in one call after the other, and deletes whom it should.

    What could not be carried as wanted is counted in `_left_out`.
    """

    def __init__(self) -> None:
        self._left_out = LeftOut()

    @property
    def supports(self) -> frozenset[Kind]:
        """Everything."""
        return _EVERYTHING

    @property
    def whole(self) -> bool:
        """What changed is delivered, some at a time."""
        return False

    @property
    def connections(self) -> int:
        """One call after the other."""
        return 1

    @property
    def deletes(self) -> bool:
        """Who is removed is gone."""
        return True

    @property
    def looks_around(self) -> bool:
        """What is delivered is enough."""
        return False

    @property
    def left_out(self) -> Mapping[str, int]:
        """What could not be carried as wanted since the last `sweep`: a sentence that names nobody -> how often."""
        return self._left_out.counts()

    def sweep(self) -> None:
        """Nothing is left behind; the report begins anew."""
        self._left_out.clear()

    def close(self) -> None:
        """Nothing is held open."""
