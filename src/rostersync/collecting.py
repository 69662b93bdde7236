"""Spares a run most of the interpreter's search for cycles: the values that pass through it by the million have none."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SELDOM: Final = (5_000, 10, 10)
"""New containers between two looks at the young ones, and how many of those come before a look at older ones."""


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Look for cycles seldom, and never among what was there before: modules, settings, rules."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
