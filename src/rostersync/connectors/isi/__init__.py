"""Orders a PIFU-IMS export from IST's ISI service (IST Everyday, Extens, SATS), and reads it as `pifu` does."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import closing
from datetime import datetime

from rostersync.connectors import Snapshot, Wanted
from rostersync.connectors.isi.service import Isi
from rostersync.connectors.isi.settings import Settings
from rostersync.connectors.pifu import PifuConnector
from rostersync.errors import UserMistake, refuse_settings
from rostersync.transport.files import Files

__all__ = ["IsiConnector", "Settings", "make"]


def make(name: str, settings: Settings) -> IsiConnector:
    """The connector of the source called `name`.

    Raises:
        UserMistake: as for `pifu`, or its keys do not fit together.
    """
    return IsiConnector(name, settings)


class IsiConnector(PifuConnector):
    """A PIFU source whose export is ordered, and waited for, when it is to be read."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        refuse_settings(f"source.{name}", settings.mistakes())
        self._ordered = settings
        self._wait, self._now = wait, now
        self._order: list[tuple[str, str]] = []
        super().__init__(
            name, settings, lambda dated: Files(name, settings.files(), dated, place=lambda: closing(self._service()))
        )

    def check(self) -> list[str]:
        """What is wrong with the spool or the way to the service, in sentences. Nothing is ordered: that takes minutes."""
        found = self._files.check()
        try:
            with closing(self._service()) as service:
                found += [sentence] if (sentence := service.describe()) else []
        except UserMistake as mistake:
            found.append(str(mistake))
        return found

    def fetch(
        self, now: datetime, released: Collection[str] = (), cursor: str = "", wanted: Wanted | None = None
    ) -> Snapshot:
        """Order an export of the school year of that day, wait for it, and copy it.

        Raises:
            SourceUnavailable: refused, not ready in time, empty or damaged.
            SnapshotRefused: as for `pifu`; an export of yesterday is stale.
        """
        self._order = self._ordered.order(now.astimezone(self._zone).date())
        return super().fetch(now, released, cursor, wanted)

    def _service(self) -> Isi:
        return Isi(self._ordered, self._order, self._wait, self._now)
