"""Calls that fail by chance, as on a bad line: some break off in the middle, some are carried out and never answered."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from rostersync.errors import TargetFaltering
from rostersync.model import Delivery, Outcome

Carry = Callable[[Sequence[Delivery]], Iterator[Outcome]]
"""Carries deliveries out, one after the other."""


class Weather:
    """What becomes of each call: `faltering` and `unheard` are percents of all calls, `chance` begins the dice."""

    def __init__(self, faltering: int, unheard: int, chance: int) -> None:
        self._faltering = faltering
        self._unheard = unheard
        self._dice = random.Random(chance)  # noqa: S311 - it decides when a test call fails

    def meets(self, deliveries: Sequence[Delivery], carry: Carry) -> Iterator[Outcome]:
        """Carry the deliveries of one call out, as far as chance lets them come.

        Raises:
            TargetFaltering: it broke off, or its answer was lost.
        """
        throw = self._dice.random() * 100
        if throw < self._faltering:
            yield from islice(carry(deliveries), self._dice.randrange(len(deliveries) + 1))
            raise TargetFaltering("the connection was lost; it is tried again")
        if throw < self._faltering + self._unheard:
            for _ in carry(deliveries):
                pass
            raise TargetFaltering("it did not answer in time; it is tried again")
        yield from carry(deliveries)
