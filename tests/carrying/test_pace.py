"""When the next call may be made."""

from __future__ import annotations

from rostersync.carrying.pace import Manners, Pace
from rostersync.carrying.remaining import remaining

MANNERS = Manners(first_pause=1, longest_pause=8, patience=60)


def test_without_a_limit_nothing_waits() -> None:
    pace = Pace(0, MANNERS)
    pace.handed(1_000, now=5)
    assert pace.next_at <= 5


def test_a_limit_holds_over_any_minute() -> None:
    pace, now, handed = Pace(600, MANNERS), 100.0, 0
    while now < 160:
        pace.handed(10, now)
        handed += 10
        now = pace.next_at
    assert handed == 600


def test_time_in_which_nothing_was_sent_is_not_made_up_for() -> None:
    pace = Pace(60, MANNERS)
    pace.handed(10, now=0)
    pace.handed(10, now=1_000)
    assert pace.next_at == 1_010


def test_each_failure_in_a_row_doubles_the_pause_up_to_the_longest() -> None:
    pace = Pace(0, MANNERS)
    assert [pace.failed(0, lanes=99) for _ in range(6)] == [1, 2, 4, 8, 8, 8]
    pace.came_through()
    assert pace.failed(0, lanes=99) == 1


def test_one_call_that_fails_stops_only_itself_and_nothing_getting_through_stops_all() -> None:
    pace = Pace(0, MANNERS)
    pace.failed(0, lanes=2)
    pace.failed(0, lanes=2)
    assert pace.quiet_until == 0
    assert pace.failed(0, lanes=2) == 4
    assert pace.quiet_until == 4


def test_while_nothing_gets_through_one_lane_tries_for_all() -> None:
    pace = Pace(0, MANNERS)
    for _ in range(4):
        again_at = pace.failed(0, lanes=3)
    assert [pace.lanes(3, now) for now in (0, again_at - 0.1, again_at)] == [0, 0, 1]
    pace.came_through()
    assert pace.lanes(3, again_at) == 3


def test_what_an_overloaded_target_asks_for_it_gets_from_every_lane() -> None:
    pace = Pace(0, MANNERS)
    assert pace.failed(10, lanes=8, overloaded=True, asked=30) == 40
    assert pace.quiet_until == 40


def test_a_target_is_down_when_nothing_came_through_for_as_long_as_patience_goes() -> None:
    pace = Pace(0, MANNERS)
    pace.failed(0, lanes=1)
    assert not pace.is_down(100), "one failure is none"
    pace.failed(50, lanes=1)
    assert not pace.is_down(60)
    assert pace.is_down(61)
    pace.came_through()
    assert not pace.is_down(200)


def test_a_target_that_asks_for_a_longer_rest_than_patience_goes_counts_as_down() -> None:
    pace = Pace(0, MANNERS)
    pace.failed(0, lanes=8, overloaded=True, asked=60)
    assert not pace.is_down(0)
    pace.failed(0, lanes=8, overloaded=True, asked=61)
    assert pace.is_down(0)


def test_how_long_it_still_takes_is_said_as_a_person_says_it() -> None:
    assert remaining(0, 100, 60) == ""
    assert remaining(10, 100, 2) == "", "too early to say"
    assert remaining(50, 100, 20) == "less than a minute left"
    assert remaining(10, 100, 60) == "about 9 min left"
    assert remaining(1, 1_000, 60) == "about 17 h left"
    assert remaining(100, 100, 60) == ""
