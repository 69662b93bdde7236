"""How an LMS gives a user another key, where it can. Optional: done on request only, since others may know the old key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, runtime_checkable


class Rekeyed(NamedTuple):
    """What became of one user. `reason` says why the key is still the `old` one, naming nobody; empty when it is not."""

    old: str
    reason: str = ""


@runtime_checkable
class Rekeying(Protocol):
    """A target whose users can be given other keys, and stay the same users."""

    def rekey(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Rekeyed]:
        """Give users new keys, each as (old, new), and tell of each what became of it, in their order.

        Raises:
            TargetUnavailable: nothing more can be done now; what was told before stands.
        """
        ...
