"""How long a delivery will still take, as a person says it."""

from __future__ import annotations

from typing import Final

_ENOUGH: Final = 5.0
"""Seconds before anything is said: the first calls are the slowest."""


def remaining(done: int, total: int, seconds: float) -> str:
    """The time left, after so many seconds for `done` of `total`; empty while nobody can say."""
    if not done or seconds < _ENOUGH or done >= total:
        return ""
    minutes = round(seconds / done * (total - done) / 60)
    if minutes < 1:
        return "less than a minute left"
    return f"about {minutes} min left" if minutes < 120 else f"about {round(minutes / 60)} h left"
