"""How a state was opened, so that another process of ours can open it too. Goes through pipes, never to disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rostersync.store.address import Address
from rostersync.store.keyring import Keyring

if TYPE_CHECKING:
    from rostersync.store import Store


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the state is, and its keys."""

    place: Address
    keyring: Keyring = field(repr=False)

    def open(self) -> Store:
        """Another connection to it, without the lease: for reading only.

        Raises:
            StateUnavailable, StateBusy, TryLater: it cannot be used now.
        """
        from rostersync.store import reopen

        return reopen(self.place, self.keyring)
