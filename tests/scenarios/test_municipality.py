"""The synthetic municipality, day by day: the CSV equals the generator's own account, person by person."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from rostersync.ids import Ids
from rostersync.lab import START, Account, AccountUser, date_of, generate, read_account
from rostersync.report import RunReport
from tests.scenarios.town import Town
from tests.targets.oneroster_set import OneRosterSet

CSV_ROLE = {"pupil": "student", "staff": "teacher", "guardian": "guardian"}
SAMLEGRUPPER = ("all_pupils", "all_teachers", "all_employees", "all_guardians")


class Comparison:
    """The account of a day against the set that the LMS would import, as one row for each user."""

    def __init__(self, account: Account, roster: OneRosterSet, ids: Ids) -> None:
        self.account = account
        self.roster = roster
        self.ids = ids
        # OneRoster wants an organisation of everybody: whoever has no school stands at the owner.
        self.schools = {row["sourcedId"]: row["identifier"] for row in roster.orgs.values() if row["type"] == "school"}
        self.classes = {ids.group("everyday", key): key for key in account.groups}
        for number in account.schools:
            for kind in SAMLEGRUPPER:
                self.classes[ids.samlegruppe(ids.organisation(number, "", ""), kind)] = f"{kind} {number}"
        self.enrolments: dict[str, set[tuple[str, str]]] = {}
        for row in roster.enrollments.values():
            self.enrolments.setdefault(row["userSourcedId"], set()).add(
                (self.classes[row["classSourcedId"]], row["role"])
            )

    def user_id(self, user: AccountUser) -> str:
        founded = user.old_keys[0] if user.old_keys else user.key
        return self.ids.user(self.ids.person("everyday", founded), user.face)

    def expected(self) -> dict[str, tuple[object, ...]]:
        by_key = {key: self.user_id(user) for key, user in self.account.users.items()}
        return {self.user_id(user): self._row_of(user, by_key) for user in self.account.users.values()}

    def _row_of(self, user: AccountUser, by_key: dict[tuple[str, str], str]) -> tuple[object, ...]:
        suspended = user.state == "suspended"
        links = [by_key[key, "school"] for key in user.children] + [by_key[key, "guardian"] for key in user.guardians]
        groups = {(key, CSV_ROLE[role]) for key, role in user.groups} | {
            (f"{kind} {number}", CSV_ROLE[user.role]) for kind, number in user.samlegrupper
        }
        return (
            user.given,
            user.family,
            CSV_ROLE[user.role],
            user.enabled,
            user.email,
            user.national_number,
            frozenset(user.schools),
            frozenset() if suspended else frozenset(links),
            frozenset() if suspended or user.face == "guardian" else frozenset(groups),
        )

    def found(self) -> dict[str, tuple[object, ...]]:
        return {user_id: self._row(row) for user_id, row in self.roster.users.items()}

    def _row(self, row: dict[str, str]) -> tuple[object, ...]:
        return (
            row["givenName"],
            row["familyName"],
            row["role"],
            row["enabledUser"] == "true",
            row["email"],
            row["identifier"],
            frozenset(self.schools[org] for org in row["orgSourcedIds"].split(",") if org in self.schools),
            frozenset(one for one in row["agentSourcedIds"].split(",") if one),
            frozenset(self.enrolments.get(row["sourcedId"], ())),
        )

    def differences(self) -> dict[str, tuple[object, object]]:
        expected, found = self.expected(), self.found()
        return {
            one: (expected.get(one), found.get(one))
            for one in expected.keys() | found.keys()
            if expected.get(one) != found.get(one)
        }


def sync_day(town: Town, day: int, days: Iterable[int], **more: object) -> tuple[RunReport, Account]:
    """Generate, deliver and sync one day of the municipality."""
    made = generate(town.home / "lab", day=day, synced=list(days), **more)  # type: ignore[arg-type]
    town.export_path.write_bytes(made.export.read_bytes())
    os.utime(town.export_path, (time.time() - 60,) * 2)
    return town.run(date_of(day, START)), read_account(made.account)


def differences(town: Town, account: Account) -> dict[str, tuple[object, object]]:
    store = town.store()
    ids = store.ids
    store.close()
    return Comparison(account, town.set(), ids).differences()


def test_days_one_two_and_three_of_the_municipality_are_in_the_csv_person_by_person(town: Town) -> None:
    """And touched-only equals in full: reading and planning all of day 3 anew finds nothing that three nights had missed."""
    for day in (1, 2, 3):
        report, account = sync_day(town, day, (1, 2, 3))
        assert report.held == ()
        assert differences(town, account) == {}, f"day {day}"
    known = town.known()
    town.run(date_of(3, START), full=True)
    assert town.known() == known
    assert town.run(date_of(3, START), "plan", full=True).changes == {}


@pytest.mark.proof
@pytest.mark.slice
def test_a_whole_school_year_ends_in_what_the_account_says(tmp_path: Path, school_year_days: list[int]) -> None:
    town = Town(tmp_path)
    for day in school_year_days:
        report, account = sync_day(town, day, school_year_days)
        for _ in range(2):
            # Who was suspended that very night took her part out of what is held: what is left is asked about again.
            if report.held:
                _approve_all(town, report)
                report = town.run(date_of(day, START))
        assert report.held == ()
        assert differences(town, account) == {}, f"day {day}, {date_of(day, START)}"


def _approve_all(town: Town, report: RunReport) -> None:
    """What the school owner does in September, when last year's groups end."""
    from datetime import UTC, datetime, timedelta

    now = datetime.combine(date.fromisoformat(report.on), datetime.min.time(), UTC)
    store = town.store()
    for entry in report.held:
        store.approvals.approve(
            entry.digest, "oslo", "the school year has ended", "tester", now, now + timedelta(days=7)
        )
    store.close()
