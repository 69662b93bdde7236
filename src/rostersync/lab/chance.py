"""Chance that can be looked up again: a draw is fixed by the seed and by what it is about, not by what came before."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Draws = tuple[int, int, int, int, int, int, int, int]
"""Eight independent numbers of 64 bits."""

NEVER = 100_000
"""Days until something that does not happen; short enough that date arithmetic is spared it by its readers."""

_EIGHT = struct.Struct("<8Q")
_T = TypeVar("_T")


def draws(*about: object) -> Draws:
    """Eight numbers that depend on nothing but `about`, whose parts are told apart by their text."""
    digest = blake2b("/".join(map(str, about)).encode(), digest_size=64).digest()
    return _EIGHT.unpack(digest)


def pick(choices: Sequence[_T], draw: int) -> _T:
    """One of the choices, each as likely as the others."""
    return choices[draw % len(choices)]


def waiting(draw: int, rate: float) -> int:
    """Whole days (1 or more) until the first happening of what happens with probability `rate` on each day."""
    if rate <= 0:
        return NEVER
    if rate >= 1:
        return 1
    left = (draw + 1) / 2.0**64
    return min(1 + int(math.log(left) / math.log1p(-rate)), NEVER)
