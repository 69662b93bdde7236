"""How many lanes are open: what a target bears, and not more than helps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.carrying.steering import Steering


def told(steering: Steering, seconds: float, calls: int) -> None:
    for _ in range(calls):
        steering.answered(10, seconds)


def worked(steering: Steering, bears: int, windows: int = 40) -> list[int]:
    """The lanes open after each window, at a target that works on so many calls at once and lets the others wait."""
    seen = []
    for _ in range(windows):
        told(steering, 0.02 * max(1, steering.lanes / bears), 2 * steering.lanes)
        seen.append(steering.lanes)
    return seen


def test_it_begins_with_one() -> None:
    assert Steering(8).lanes == 1


@pytest.mark.parametrize("most", [1, 3, 8])
def test_it_opens_one_lane_after_the_other_up_to_what_the_target_states(most: int) -> None:
    seen = worked(Steering(most), bears=100)
    assert seen[: most - 1] == list(range(2, most + 1))
    assert set(seen[most - 1 :]) == {most}


@pytest.mark.parametrize("bears", [1, 2, 5])
def test_it_stays_at_what_the_target_bears(bears: int) -> None:
    seen = worked(Steering(8), bears)
    assert max(seen) == bears + 1, "one more was tried"
    assert seen.count(bears) > len(seen) / 2


def test_after_an_overload_half_of_them_stay_and_it_does_not_hurry() -> None:
    steering = Steering(8)
    worked(steering, bears=100)
    steering.overloaded()
    assert steering.lanes == 4
    assert worked(steering, bears=100, windows=20) == [4] * 20
    assert worked(steering, bears=100, windows=6)[-1] == 8
    for _ in range(5):
        steering.overloaded()
    assert steering.lanes == 1


def test_while_calls_fail_no_lane_is_opened() -> None:
    steering = Steering(8)
    for _ in range(10):
        steering.faltered()
        told(steering, 0.02, 2)
    assert steering.lanes == 1
    told(steering, 0.02, 2)
    assert steering.lanes == 2


@given(
    most=st.integers(1, 8),
    happens=st.lists(st.one_of(st.floats(0, 10), st.sampled_from(["faltered", "overloaded"])), max_size=200),
)
def test_whatever_happens_there_is_always_a_lane_and_never_too_many(most: int, happens: list[float | str]) -> None:
    steering = Steering(most)
    for one in happens:
        if isinstance(one, str):
            getattr(steering, one)()
        else:
            steering.answered(10, one)
        assert 1 <= steering.lanes <= most
