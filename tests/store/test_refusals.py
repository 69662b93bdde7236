"""What a target has refused: counted, told apart by what was wanted, and forgotten when there is no more to it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from rostersync.store.engine import Database
from rostersync.store.refusals import PARKED_AFTER, Refusal, Refusals
from tests.store.ledger import KARI, LMS, OLA

DAY = date(2026, 10, 5)
REFUSED = Refusal(KARI, 3, "user", "ab" * 16, "the name is taken", DAY)


@pytest.fixture
def refusals(ledger: Database) -> Refusals:
    return Refusals(ledger)


def test_the_same_value_refused_again_counts_up_from_the_first_day(refusals: Refusals) -> None:
    for night in range(PARKED_AFTER):
        assert not any(one.parked for one in refusals.of(LMS).values())
        refusals.add(LMS, [replace(REFUSED, since=DAY + timedelta(days=night), reason=f"reason {night}")])
    assert refusals.of(LMS) == {KARI: replace(REFUSED, times=PARKED_AFTER, reason=f"reason {PARKED_AFTER - 1}")}
    assert refusals.of(LMS)[KARI].parked


def test_another_value_counts_anew(refusals: Refusals) -> None:
    refusals.add(LMS, [REFUSED])
    other = replace(REFUSED, digest="", since=DAY + timedelta(days=1), phase=7)
    refusals.add(LMS, [other])
    assert refusals.of(LMS) == {KARI: other}


def test_what_is_dropped_is_forgotten_at_that_target_alone(refusals: Refusals) -> None:
    for target in (LMS, "another"):
        refusals.add(target, [REFUSED, replace(REFUSED, id=OLA)])
    refusals.drop(LMS, [KARI])
    refusals.drop(LMS, [])
    assert set(refusals.of(LMS)) == {OLA}
    assert set(refusals.of("another")) == {KARI, OLA}
