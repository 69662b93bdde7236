"""What a human releases, and for how long: digests, days, and what has flowed in the week before."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from rostersync.errors import Usage
from rostersync.store import Store
from tests.store.snapshots import LMS, NOW, TODAY, opened

HELD = "5ad1c0de" + "0" * 56
OTHER = "5ad1c0ff" + "0" * 56
WEEK = timedelta(days=7)
SECOND = timedelta(seconds=1)
SUMMER = timezone(timedelta(hours=2))


def plan(store: Store, digest: str = HELD, *, run: str = "run-1", text: str = "312 x person depart") -> None:
    store.approvals.remember_plan(digest, "oslo", "entry", run, NOW, text)


def approve(store: Store, digest: str = HELD, *, sync: str = "oslo", at: datetime = NOW, days: int = 7) -> None:
    store.approvals.approve(digest, sync, "the school has closed", "admin", at, at + timedelta(days=days))


# -- finding what is meant --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [8, 9, 32, 63, 64])
def test_a_digest_may_be_typed_as_far_as_it_is_the_only_one(store: Store, digits: int) -> None:
    plan(store)
    plan(store, OTHER)
    assert store.approvals.find_plan(HELD[:digits]).digest == HELD


@pytest.mark.parametrize("typed", ["", "5", "5ad1c0d"])
def test_seven_digits_are_too_few_even_when_only_one_begins_so(store: Store, typed: str) -> None:
    plan(store)
    with pytest.raises(Usage, match="at least 8 digits of the digest; `rostersync plan SYNC` prints it"):
        store.approvals.find_plan(typed)


@pytest.mark.parametrize("typed", ["%%%%%%%%", "5ad1c0d_", "5ad1c0de%", HELD + "0", "ad1c0de0"])
def test_nothing_but_the_beginning_of_a_digest_means_it(store: Store, typed: str) -> None:
    plan(store)
    with pytest.raises(Usage, match="no plan and no held entry has that digest"):
        store.approvals.find_plan(typed)


def test_a_plan_says_what_it_would_do_and_when_it_was_found_last(store: Store) -> None:
    plan(store, text="4 x group remove")
    store.approvals.remember_plan(HELD, "oslo", "removal", "run-2", NOW + WEEK, "5 x group remove")
    found = store.approvals.find_plan(HELD)
    assert (found.purpose, found.run, found.text) == ("removal", "run-2", "5 x group remove")
    assert found.at == "2026-11-29T04:30:00+00:00"


# -- how long ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "stands"),
    [(timedelta(), True), (WEEK - SECOND, True), (WEEK, False), (WEEK + SECOND, False), (52 * WEEK, False)],
)
def test_an_approval_ends_at_its_hour(store: Store, later: timedelta, stands: bool) -> None:
    approve(store)
    assert (HELD in store.approvals.approvals("oslo", NOW + later)) is stands


def test_it_makes_no_difference_in_which_zone_a_moment_is_told(store: Store) -> None:
    store.approvals.approve(HELD, "oslo", "why", "admin", NOW.astimezone(SUMMER), (NOW + WEEK).astimezone(SUMMER))
    assert store.approvals.approvals("oslo", NOW + WEEK - SECOND) == {HELD}
    assert store.approvals.approvals("oslo", (NOW + WEEK).astimezone(SUMMER)) == set()


def test_approving_again_moves_the_end_both_ways(store: Store) -> None:
    approve(store, days=7)
    approve(store, days=1)
    assert store.approvals.approvals("oslo", NOW + timedelta(days=2)) == set()
    approve(store, days=30)
    assert store.approvals.approvals("oslo", NOW + timedelta(days=29)) == {HELD}


def test_approvals_of_several_entries_stand_side_by_side_for_their_own_syncs(store: Store) -> None:
    approve(store, HELD)
    approve(store, OTHER)
    approve(store, "b" * 64, sync="bergen")
    assert store.approvals.approvals("oslo", NOW) == {HELD, OTHER}
    assert store.approvals.approvals("bergen", NOW) == {"b" * 64}


def test_when_the_world_has_moved_the_new_digest_is_not_released(store: Store) -> None:
    """The same entry planned anew has another digest, and nobody has approved that one."""
    plan(store)
    approve(store, store.approvals.find_plan(HELD[:8]).digest)
    plan(store, OTHER, run="run-2", text="313 x person depart")
    assert OTHER not in store.approvals.approvals("oslo", NOW)


def test_an_approval_outlives_the_process_and_dies_with_its_transaction(state_file: Path) -> None:
    with opened(state_file) as store:
        approve(store)
        with store.begin() as transaction:
            approve(store, OTHER)
            transaction.rollback()
    with opened(state_file) as store:
        assert store.approvals.approvals("oslo", NOW) == {HELD}


# -- what has flowed lately -------------------------------------------------------------------------------------------

DEPART, END = ("person", "depart", "north"), ("membership", "end", "north")


def test_a_day_counts_from_its_own_date_on(store: Store) -> None:
    for ago in range(9):
        store.approvals.tally_add(LMS, TODAY - timedelta(days=ago), {DEPART: 1})
    assert store.approvals.tally(LMS, TODAY - timedelta(days=6)) == {DEPART: 7}
    assert store.approvals.tally(LMS, TODAY - timedelta(days=7)) == {DEPART: 8}


def test_each_kind_action_and_school_is_counted_for_itself(store: Store) -> None:
    elsewhere, nowhere = ("person", "depart", "south"), ("person", "depart", "")
    store.approvals.tally_add(LMS, TODAY, {DEPART: 3, END: 40, elsewhere: 2, nowhere: 1})
    assert store.approvals.tally(LMS, TODAY) == {DEPART: 3, END: 40, elsewhere: 2, nowhere: 1}


def test_nothing_flowed_is_nothing_counted(store: Store) -> None:
    store.approvals.tally_add(LMS, TODAY, {})
    assert store.approvals.tally(LMS, date(2000, 1, 1)) == {}


def test_dropping_what_is_old_spares_the_other_targets(store: Store) -> None:
    long_ago = TODAY - timedelta(days=40)
    store.approvals.tally_add("another", long_ago, {DEPART: 5})
    store.approvals.tally_add(LMS, TODAY, {DEPART: 1})
    assert store.approvals.tally("another", long_ago) == {DEPART: 5}


def test_a_tally_is_undone_with_the_delivery_it_counts(store: Store) -> None:
    store.approvals.tally_add(LMS, TODAY, {DEPART: 2})
    with store.begin() as transaction:
        store.approvals.tally_add(LMS, TODAY, {DEPART: 5, END: 1})
        transaction.rollback()
    assert store.approvals.tally(LMS, TODAY) == {DEPART: 2}
