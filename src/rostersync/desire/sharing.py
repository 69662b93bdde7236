"""Works out once what many share: classmates have the very same ties, and parents look at the very same pupil.

Things are told apart by which they are, not by what they say: comparing them would cost what is to be saved.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")


class Shared(Generic[Thing, Result]):
    """Remembers what a function makes of some things. Remembering changes nothing that is made.

    `most` results are kept; beyond that, forgetting costs less than memory.
    """

    __slots__ = ("_known", "_most", "_work_out")

    def __init__(self, work_out: Callable[..., Result], most: int) -> None:
        self._work_out = work_out
        self._most = most
        self._known: dict[tuple[Hashable, ...], tuple[tuple[Thing, ...], Result]] = {}

    def __call__(self, things: Sequence[Thing], *by: Hashable) -> Result:
        """What the function makes of these very things, and of the same further arguments."""
        name = (*map(id, things), *by)
        known = self._known.get(name)
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            # The things are kept with it, so that no others can take their identities.
            kept = tuple(things)
            known = self._known[name] = (kept, self._work_out(kept, *by))
        return known[1]
