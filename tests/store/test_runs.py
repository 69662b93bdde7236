"""Runs and approvals: what ran, what a person may release, and what has flowed lately."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from rostersync.errors import Usage
from rostersync.store.approvals import Approvals, PlanRow
from rostersync.store.engine import Database
from rostersync.store.runs import Line, PastRun, Runs
from tests.store.ledger import KARI, LMS, NORTH, NOW, OLA

TODAY = date(2026, 11, 22)
DIGEST = "77aa" + "0" * 60


@pytest.fixture
def runs(ledger: Database) -> Runs:
    return Runs(ledger)


@pytest.fixture
def approvals(ledger: Database) -> Approvals:
    return Approvals(ledger)


# -- runs -------------------------------------------------------------------------------------------------------------


def test_a_finished_run_is_kept_with_its_code_and_report(runs: Runs) -> None:
    runs.start("run-2", "oslo", "plan", NOW)
    runs.finish("run-2", 3, '{"verdict": "held"}', NOW + timedelta(minutes=4))
    assert runs.get("run-2") == PastRun(
        *("run-2", "oslo", "plan", "2026-11-22T04:30:00+00:00", "2026-11-22T04:34:00+00:00", 3, '{"verdict": "held"}')
    )
    assert runs.get("run-99") is None


def test_a_killed_run_shows_that_it_never_finished(runs: Runs) -> None:
    runs.start("run-2", "oslo", "sync", NOW)
    found = runs.get("run-2")
    assert found is not None
    assert (found.finished_at, found.code) == (None, None)


def test_the_newest_runs_come_first_whatever_zone_they_were_told_in(runs: Runs) -> None:
    oslo = timezone(timedelta(hours=1))
    runs.start("run-2", "oslo", "sync", datetime(2026, 11, 22, 5, 45, tzinfo=oslo))
    runs.start("run-3", "bergen", "sync", datetime(2026, 11, 22, 5, 0, tzinfo=UTC))
    assert [one.id for one in runs.last(10)] == ["run-3", "run-2", "run-1"]
    assert [one.id for one in runs.last(1)] == ["run-3"]
    assert [one.id for one in runs.last(10, "oslo")] == ["run-2", "run-1"]


def test_what_a_run_did_opens_into_lines(runs: Runs) -> None:
    runs.start("run-2", "oslo", "sync", NOW)
    mine = [
        Line(LMS, KARI, "person", "create", "cleared", "new in the source"),
        Line(LMS, OLA, "person", "depart", "held", "absent"),
    ]
    runs.record("run-2", reversed(mine))
    runs.record("run-1", [Line(LMS, KARI, "person", "update", "failed", "the LMS said no")])
    assert runs.outcomes("run-2") == sorted(mine)
    assert [one.result for one in runs.outcomes("run-1")] == ["failed"]


# -- plans ------------------------------------------------------------------------------------------------------------


def test_a_plan_is_found_by_its_digest_or_the_first_eight_digits(approvals: Approvals) -> None:
    approvals.remember_plan(DIGEST, "oslo", "entry", "run-1", NOW, "312 x person depart")
    expected = PlanRow(DIGEST, "oslo", "entry", "run-1", "2026-11-22T04:30:00+00:00", "312 x person depart")
    assert approvals.find_plan(DIGEST) == expected
    assert approvals.find_plan(DIGEST[:8]) == expected


def test_a_plan_found_again_by_a_later_run_is_that_runs(approvals: Approvals) -> None:
    for run in ("run-1", "run-2"):
        approvals.remember_plan(DIGEST, "oslo", "entry", run, NOW, "312 x person depart")
    assert approvals.find_plan(DIGEST).run == "run-2"


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("77aa000", "at least 8 digits"),
        ("12345678", "rostersync plan SYNC"),
        ("77aa0000", "give more digits"),
        ("________", "no plan and no held entry"),
    ],
)
def test_a_digest_that_means_no_single_plan_is_answered_with_advice(
    approvals: Approvals, typed: str, advice: str
) -> None:
    for last in "01":
        approvals.remember_plan(DIGEST[:-1] + last, "oslo", "entry", "run-1", NOW, "")
    with pytest.raises(Usage, match=advice):
        approvals.find_plan(typed)


# -- approvals --------------------------------------------------------------------------------------------------------


def test_an_approval_holds_until_it_expires_and_for_its_own_sync_only(approvals: Approvals) -> None:
    week = timedelta(days=7)
    approvals.approve(DIGEST, "oslo", "the school has closed", "admin", NOW, NOW + week)
    assert approvals.approvals("oslo", NOW) == {DIGEST}
    assert approvals.approvals("oslo", NOW + week - timedelta(seconds=1)) == {DIGEST}
    assert approvals.approvals("oslo", NOW + week) == set()
    assert approvals.approvals("bergen", NOW) == set()


def test_approving_again_after_the_end_counts_anew(approvals: Approvals) -> None:
    day = timedelta(days=1)
    approvals.approve(DIGEST, "oslo", "the school has closed", "admin", NOW, NOW + day)
    approvals.approve(DIGEST, "oslo", "it really has", "admin", NOW + 3 * day, NOW + 4 * day)
    assert approvals.approvals("oslo", NOW + 3 * day) == {DIGEST}


# -- tallies ----------------------------------------------------------------------------------------------------------


def test_tallies_of_several_runs_and_days_add_up(approvals: Approvals) -> None:
    departed, ended = ("person", "depart", NORTH), ("membership", "end", NORTH)
    approvals.tally_add(LMS, TODAY - timedelta(days=6), {departed: 3})
    approvals.tally_add(LMS, TODAY, {departed: 4, ended: 1})
    approvals.tally_add(LMS, TODAY, {departed: 5})
    approvals.tally_add("another", TODAY, {departed: 1000})
    assert approvals.tally(LMS, TODAY - timedelta(days=6)) == {departed: 12, ended: 1}
    assert approvals.tally(LMS, TODAY) == {departed: 9, ended: 1}
    assert approvals.tally(LMS, TODAY + timedelta(days=1)) == {}


def test_old_tallies_are_dropped_in_time(approvals: Approvals) -> None:
    approvals.tally_add(LMS, TODAY - timedelta(days=40), {("person", "depart", ""): 1})
    approvals.tally_add(LMS, TODAY, {("person", "depart", ""): 2})
    assert approvals.tally(LMS, date(2026, 1, 1)) == {("person", "depart", ""): 2}
