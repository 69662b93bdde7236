"""Faults by switch: what a double does wrong, how often, and for which addresses."""

from __future__ import annotations

import threading
from collections.abc import Container
from typing import Final

SERVER_FAULTS: Final = {
    "401": "the credentials are not accepted",
    "403": "the credentials may not do it",
    "404": "nothing is there",
    "429": "too many calls, come back in a second",
    "500": "the server fails",
    "503": "the server is being serviced",
    "slow": "an answer takes a second",
    "hang": "no answer ever comes",
    "cut": "the connection ends in the middle of an answer",
    "html": "a page of HTML with status 200",
}
"""Fault -> what it does. A double may know more, of its own kind."""

_FOREVER: Final = -1


class Faults:
    """The faults switched on. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._switched: dict[str, tuple[int, str]] = {}
        self._ended = threading.Event()

    def switch(self, fault: str, times: int = _FOREVER, path: str = "") -> None:
        """Have a fault `times` times, or until cleared, for addresses that contain `path`."""
        with self._lock:
            self._ended.clear()
            self._switched[fault] = (times, path)

    def clear(self) -> None:
        """No faults any more; whoever hangs is let go."""
        with self._lock:
            self._switched.clear()
            self._ended.set()

    def has(self, fault: str) -> bool:
        """Whether a fault of a double's own kind is on."""
        with self._lock:
            return fault in self._switched

    def meet(self, path: str, among: Container[str] = SERVER_FAULTS) -> str:
        """The fault, of those `among`, that a request for `path` meets; empty for none."""
        with self._lock:
            for fault, (times, where) in self._switched.items():
                if fault in among and where in path:
                    if times > 0:
                        self._switched[fault] = (times - 1, where)
                    if times == 1:
                        del self._switched[fault]
                    return fault
        return ""

    def linger(self, fault: str) -> bool:
        """Take the time that a slow or hanging server takes; whether there is no answer at all."""
        self._ended.wait(1.0 if fault == "slow" else None)
        return fault == "hang"
