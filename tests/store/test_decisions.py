"""Decisions about persons: pins, protections and denials."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rostersync.errors import UserMistake
from rostersync.store.decisions import Decisions, Denial, Pin, Protection
from rostersync.store.engine import Database
from tests.states import written
from tests.store.ledger import ANNE, KARI, NOW, OLA, named

AT = "2026-11-22T04:30:00+00:00"
CHRISTMAS = date(2026, 12, 24)


@pytest.fixture
def decisions(ledger: Database) -> Decisions:
    return Decisions(ledger)


def test_a_pin_stands_with_its_end_its_reason_and_who_set_it(decisions: Decisions) -> None:
    decisions.pin(KARI, CHRISTMAS, "is being merged by hand", "admin", NOW)
    assert decisions.pins() == [Pin(KARI, CHRISTMAS, "is being merged by hand", "admin", AT)]


def test_a_new_pin_replaces_the_old_one(decisions: Decisions) -> None:
    decisions.pin(KARI, CHRISTMAS, "first", "admin", NOW)
    decisions.pin(KARI, date(2027, 1, 1), "second", "admin", NOW)
    assert [(one.until, one.reason) for one in decisions.pins()] == [(date(2027, 1, 1), "second")]


def test_unpinning_tells_whether_there_was_a_pin(decisions: Decisions) -> None:
    decisions.pin(KARI, CHRISTMAS, "merged by hand", "admin", NOW)
    assert decisions.unpin(KARI)
    assert not decisions.unpin(KARI)
    assert decisions.pins() == []


def test_a_protection_stands_with_its_level_until_it_is_ended(decisions: Decisions) -> None:
    decisions.protect(KARI, "withhold", "told by the child welfare service", "protector", NOW)
    decisions.protect(OLA, "withhold", "address", "protector", NOW)
    expected = [
        Protection(KARI, "withhold", "told by the child welfare service", "protector", AT),
        Protection(OLA, "withhold", "address", "protector", AT),
    ]
    assert decisions.protections() == sorted(expected, key=lambda one: one.person)
    assert decisions.unprotect(KARI)
    assert not decisions.unprotect(KARI)
    assert [one.person for one in decisions.protections()] == [OLA]


def test_a_denial_is_about_one_pupil_and_one_guardian(decisions: Decisions) -> None:
    decisions.deny(KARI, ANNE, "court order", None, "admin", NOW)
    decisions.deny(OLA, ANNE, "asked by both parents", CHRISTMAS, "admin", NOW)
    expected = [
        Denial(KARI, ANNE, None, "court order", "admin", AT),
        Denial(OLA, ANNE, CHRISTMAS, "asked by both parents", "admin", AT),
    ]
    assert decisions.denials() == sorted(expected, key=lambda one: one.pupil)
    assert decisions.allow(KARI, ANNE)
    assert not decisions.allow(ANNE, KARI)
    assert [one.pupil for one in decisions.denials()] == [OLA]


def test_a_new_denial_replaces_the_old_one(decisions: Decisions) -> None:
    decisions.deny(KARI, ANNE, "for now", CHRISTMAS, "admin", NOW)
    decisions.deny(KARI, ANNE, "for good", None, "admin", NOW)
    assert [(one.until, one.reason) for one in decisions.denials()] == [(None, "for good")]


def test_nobody_can_be_decided_about_who_is_not_in_the_state(decisions: Decisions) -> None:
    stranger = named("a stranger")
    for decide in (
        lambda: decisions.pin(stranger, CHRISTMAS, "", "admin", NOW),
        lambda: decisions.protect(stranger, "withhold", "", "admin", NOW),
        lambda: decisions.deny(KARI, stranger, "", None, "admin", NOW),
        lambda: decisions.unpin(stranger),
    ):
        with pytest.raises(UserMistake, match="rostersync person KEY"):
            decide()


def test_why_somebody_is_protected_or_denied_cannot_be_read_on_the_disk(decisions: Decisions, tmp_path: Path) -> None:
    decisions.protect(KARI, "withhold", "lives at a secret place", "protector", NOW)
    decisions.deny(KARI, ANNE, "has threatened the family", None, "protector", NOW)
    content = written(tmp_path / "state.db")
    assert b"protector" in content
    assert b"secret place" not in content
    assert b"threatened" not in content
