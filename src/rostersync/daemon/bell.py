"""What wakes the daemon's one loop: a signal, another thread, or the time."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STOP = frozenset({signal.SIGTERM, signal.SIGINT})
RELOAD = frozenset({signal.SIGHUP})
_RING = 0
"""A byte that is no signal's number."""


class Bell:
    """Rung by signals and by threads; waited for by the loop. A signal only leaves its number here and does no work."""

    def __init__(self) -> None:
        self._hear, self._pull = socket.socketpair()
        for end in (self._hear, self._pull):
            end.setblocking(False)

    def ring(self) -> None:
        """Wake the loop, from any thread. A bell that rings already rings on."""
        with suppress(BlockingIOError, OSError):
            self._pull.send(bytes([_RING]))

    def wait(self, seconds: float) -> frozenset[int]:
        """Wait until it rings, at most so long. Gives the signals that came."""
        ready, _, _ = select.select([self._hear], [], [], seconds)
        if not ready:
            return frozenset()
        return frozenset(self._hear.recv(4096)) - {_RING}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within the block SIGTERM, SIGINT and SIGHUP ring the bell. Only for the main thread."""
        before = {number: signal.signal(number, _noted) for number in STOP | RELOAD}
        wakeup = signal.set_wakeup_fd(self._pull.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)

    def close(self) -> None:
        """Nobody waits any more."""
        self._hear.close()
        self._pull.close()


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The interpreter has put the signal's number into the bell already."""
