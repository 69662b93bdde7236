"""Counts what a target could not carry as it was wanted, for its report."""

from __future__ import annotations

from collections import Counter
from threading import Lock


class LeftOut:
    """What could not be carried as it was wanted: sentence -> how often. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter()

    def add(self, sentence: str, times: int = 1) -> None:
        """Count so many more; none at all leaves no trace."""
        if times:
            with self._lock:
                self._counts[sentence] += times

    def counts(self) -> dict[str, int]:
        """Everything counted since the last `clear`."""
        with self._lock:
            return dict(self._counts)

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self._counts.clear()
