"""A run spares the interpreter most searches for cycles, and leaves everything as it found it."""

from __future__ import annotations

import gc

import pytest

from rostersync.collecting import collecting_seldom


def test_cycles_are_looked_for_seldom_and_not_among_what_was_there() -> None:
    before = gc.get_threshold()
    with collecting_seldom():
        assert gc.get_threshold() > before
        assert gc.get_freeze_count() > 0


def test_afterwards_everything_is_as_before_even_when_the_run_failed() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError, match="cut off"), collecting_seldom():
        raise ValueError("cut off")
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
