"""The daemon on a clock that runs as fast as it can: `python -m tests.daemon.quick CONFIG CLOCK UNTIL STEP`.

CLOCK is a file with the moment it starts at, kept up to date as time goes by; at UNTIL the daemon is told to end. Each round of
the loop takes STEP seconds on that clock, or one second while something is running. Where there is a file CLOCK.hold, time
stands still at the moment in it. All else is the daemon itself.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

from rostersync import logs
from rostersync.daemon.bell import Bell
from rostersync.daemon.checkup import checkup
from rostersync.daemon.notify import Notifier
from rostersync.daemon.serving import Service


class QuickBell(Bell):
    """Time passes when somebody waits for the bell."""

    def __init__(self, clock: Path, until: datetime, step: timedelta) -> None:
        super().__init__()
        self._clock, self._until, self._step = os.open(clock, os.O_RDWR), until, step
        hold = clock.with_name(clock.name + ".hold")
        self._hold = os.open(hold, os.O_RDONLY) if hold.exists() else None
        self.now = datetime.fromisoformat(clock.read_text())
        self.service: Service | None = None

    def wait(self, seconds: float) -> frozenset[int]:
        attendant = self.service.attendant if self.service else None
        busy = attendant is not None and attendant.busy
        standing = not busy and self._hold is not None and self.now >= self._read(self._hold)
        signals = super().wait(0.01 if busy or standing else 0.0)
        if not standing:
            self.now += timedelta(seconds=1) if busy else self._step
        os.pwrite(self._clock, self.now.isoformat(timespec="seconds").encode(), 0)
        return signals | {signal.SIGTERM} if self.now >= self._until and not busy else signals

    @staticmethod
    def _read(file: int) -> datetime:
        return datetime.fromisoformat(os.pread(file, 25, 0).decode())


def main(config: Path, clock: Path, until: datetime, step: float) -> None:
    """What `serve` does, on the quick clock."""
    bell = QuickBell(clock, until, timedelta(seconds=step))
    logs.set_up()
    with bell.listening():
        service = Service(config, checkup(config), lambda: bell.now, bell, Notifier(os.environ), os.environ)
        bell.service = service
        with service.open() as opened:
            if opened:
                service.go()
                service.leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]), float(sys.argv[4]))
