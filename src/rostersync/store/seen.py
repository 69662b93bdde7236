"""Which fragments of the last accepted snapshot have been met again.

A large owner has hundreds of thousands, so they are packed: 26 bytes a fragment, where a dict would take 200.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

WIDTH: Final = 16
"""Bytes of a fragment digest."""

_TOGETHER: Final = 32
_HEAD_BITS: Final = 16
"""Digests that agree in their first bits are searched together: about 32, or as many as 16 bits leave."""

_UNSEEN: Final = 0
_SEEN: Final = 1
_SPENT: Final = 2
_KEPT: Final = 3


class Seen:
    """The fragment digests of one source. `pages` are lists of (digest, claim number), all in digest order."""

    __slots__ = ("_claims", "_digests", "_places", "_shift", "_states")

    def __init__(self, pages: Iterable[Sequence[Iterable[Any]]]) -> None:
        self._digests = bytearray()
        self._claims = array("q")
        for page in pages:
            self._digests += b"".join([digest for digest, _ in page])
            self._claims.extend([claim_no for _, claim_no in page])
        self._states = bytearray(len(self._claims))
        bits = min((len(self._claims) // _TOGETHER).bit_length(), _HEAD_BITS)
        self._shift = _HEAD_BITS - bits
        self._places = self._beginnings(1 << bits)

    def meet(self, digest: bytes) -> bool:
        """Mark a fragment as met. False when it is new, or when its claim has been rewritten in the meantime."""
        at = self._find(digest)
        if at < 0 or self._states[at] == _SPENT:
            return False
        self._states[at] = _SEEN
        return True

    def met(self, digest: bytes) -> bool:
        """Whether the fragment has been met this time."""
        at = self._find(digest)
        return at >= 0 and self._states[at] == _SEEN

    def spend(self, digest: bytes) -> bool:
        """Give the fragment's claim to a newer fragment of the same group. False when it is taken already."""
        at = self._find(digest)
        if at < 0 or self._states[at] != _UNSEEN:
            return False
        self._states[at] = _SPENT
        return True

    def claim(self, digest: bytes) -> int | None:
        """The number of the claim that a fragment made last time, if it is known."""
        at = self._find(digest)
        return self._claims[at] if at >= 0 else None

    def keep(self, digest: bytes) -> None:
        """Note that what the fragment said came again under another digest."""
        at = self._find(digest)
        if at >= 0 and self._states[at] == _UNSEEN:
            self._states[at] = _KEPT

    def unmet(self) -> Iterator[int]:
        """The numbers of the claims that nothing in the snapshot speaks for."""
        return (claim_no for claim_no, state in zip(self._claims, self._states, strict=True) if state == _UNSEEN)

    def _beginnings(self, count: int) -> array[int]:
        """Where in `_digests` those of each head begin, and behind the last one its end."""
        heads = array("H", memoryview(self._digests).cast("H")[:: WIDTH // 2])
        if sys.byteorder == "little":
            heads.byteswap()
        firsts = (bisect_left(heads, head << self._shift) * WIDTH for head in range(count))
        return array("Q", (*firsts, len(self._digests)))

    def _find(self, digest: bytes) -> int:
        if not digest:  # what a claim has that no fragment of the last snapshot made
            return -1
        head = (digest[0] << 8 | digest[1]) >> self._shift
        end = self._places[head + 1]
        at = self._digests.find(digest, self._places[head], end)
        while at > 0 and at % WIDTH:  # the end of one digest and the beginning of the next
            at = self._digests.find(digest, at + 1, end)
        return at // WIDTH
