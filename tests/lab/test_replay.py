"""The account against a second opinion: an LMS that is played day by day from nothing but the exports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rostersync.lab import Account
from tests.lab.conftest import Day, day_of
from tests.lab.replay import Lms, LmsUser

YEAR = (1, 20, 58, 265, 303, 309, 318, 333, 370)
"""October; autumn; July; August before the first leads, with them, from the first school day; September; October."""


def story(folder: Path, days: Sequence[int], **more: object) -> None:
    """Sync the days one after the other; the account of each must be what the LMS then holds."""
    lms = Lms()
    for day in days:
        made = day_of(folder, day, synced=days, **more)
        lms.sync(made.read)
        _compare(made, lms)


def _compare(day: Day, lms: Lms) -> None:
    account: Account = day.account
    at = f"day {account.header.day}, {account.header.date}"
    assert account.groups.keys() == lms.groups.keys(), at
    assert account.users.keys() == lms.users.keys(), at
    told = {key: _told(account, key) for key in account.users}
    held = {key: _held(user) for key, user in lms.users.items()}
    different = [key for key in told if told[key] != held[key]]
    assert not different, f"{at}: {[(told[key], held[key]) for key in different[:2]]}"


def _told(account: Account, key: tuple[str, str]) -> tuple[object, ...]:
    user = account.users[key]  # type: ignore[index]
    values = user.given, user.family, user.national_number, user.email
    ties = set(user.groups), set(user.samlegrupper), set(user.guardians)
    return (user.role, user.state, user.schools[:1], set(user.schools), values, ties)


def _held(user: LmsUser) -> tuple[object, ...]:
    someone = user.someone
    values = someone.given, someone.family, someone.number, someone.mail if user.role == "guardian" else ""
    schools = sorted(user.schools) if user.role == "guardian" else user.schools
    ties = user.groups, user.samlegrupper, user.guardians
    return (user.role, user.state, tuple(schools[:1]), set(schools), values, ties)


def test_a_year_with_its_leavers_movers_and_summer_is_accounted_for_person_by_person(tmp_path: Path) -> None:
    story(tmp_path, (1, 58, 265, 311, 335), leavers=0.004, movers=0.004)


@pytest.mark.proof
@pytest.mark.parametrize("seed", [1, 2])
def test_a_year_and_a_half_synced_weekly_is_accounted_for_person_by_person(tmp_path: Path, seed: int) -> None:
    story(tmp_path, range(1, 500, 7), seed=seed, leavers=0.002, movers=0.002)


@pytest.mark.proof
def test_two_summers_synced_seldom_are_accounted_for_person_by_person(tmp_path: Path) -> None:
    story(tmp_path, [*YEAR, *(day + 365 for day in YEAR[1:])], seed=9, leavers=0.003, movers=0.003)


@pytest.mark.proof
def test_six_weeks_synced_daily_are_accounted_for_person_by_person(tmp_path: Path) -> None:
    story(tmp_path, range(1, 46), seed=4, leavers=0.005, movers=0.005)
