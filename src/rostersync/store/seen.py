"""Which fragments of the last accepted snapshot have been met again.

A large owner has hundreds of thousands, so they are packed: 33 bytes a fragment, where a dict would take 200.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

WIDTH: Final = 16
"""Bytes of a fragment digest."""

_UNSEEN: Final = 0
_SEEN: Final = 1
_SPENT: Final = 2
_KEPT: Final = 3


class Seen:
    """The fragment digests of one source. `pages` are lists of (digest, claim number), all in digest order."""

    __slots__ = ("_claims", "_digests", "_heads", "_states")

    def __init__(self, pages: Iterable[Sequence[Iterable[Any]]]) -> None:
        self._digests = bytearray()
        self._claims = array("q")
        for page in pages:
            self._digests += b"".join([digest for digest, _ in page])
            self._claims.extend([claim_no for _, claim_no in page])
        self._heads = array("Q", memoryview(self._digests).cast("Q")[:: WIDTH // 8])
        if sys.byteorder == "little":
            self._heads.byteswap()
        self._states = bytearray(len(self._claims))

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

    def _find(self, digest: bytes) -> int:
        head = int.from_bytes(digest[:8], "big")
        at = bisect_left(self._heads, head)
        while at < len(self._heads) and self._heads[at] == head:
            if self._digests[at * WIDTH : (at + 1) * WIDTH] == digest:
                return at
            at += 1
        return -1
