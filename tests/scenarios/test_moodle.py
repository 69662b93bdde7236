"""From an export all the way into Moodle: what the site holds is what was desired, however the line behaved."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from rostersync.errors import TargetUnavailable
from rostersync.lab import START, date_of, generate
from rostersync.lab.doubles.moodle import Moodle
from rostersync.lab.doubles.server import Asked, Server, Told
from rostersync.model import Membership, User
from tests.scenarios.town import AUTUMN, Town

TOKEN = "a synthetic token"
PARENT = 9


class Weather:
    """Stands before a double: by chance a call is not carried out, or its answer is lost."""

    def __init__(self, double: Moodle, dropped: float, unheard: float) -> None:
        self._double = double
        self._dropped, self._unheard = dropped, unheard
        self._dice = random.Random(7)

    def answer(self, asked: Asked) -> Told:
        throw = self._dice.random()
        if throw < self._dropped:
            return Told(b"", status=504)
        told = self._double.answer(asked)
        return Told(b"", status=504) if throw < self._dropped + self._unheard else told


class MoodleTown(Town):
    """A town whose LMS is a Moodle."""

    def __init__(self, home: Path, double: Moodle, url: str, settings: str = "") -> None:
        super().__init__(home, extra="[sync.oslo.guard]\nfloor = 100000")
        self.double = double
        (home / "token").write_text(TOKEN)
        (home / "token").chmod(0o600)
        text = self.config.read_text().replace(
            'type = "oneroster_csv"\ndirectory = "out"',
            f'type = "moodle"\nurl = "{url}"\ntoken = {{ file = "token" }}\nguardian_role = {PARENT}\n'
            f'guardian_course_role = 4\nnational_number = "fodselsnummer"\npatience = "off"\n{settings}',
        )
        self.config.write_text(text)

    def close(self) -> None:
        for part in self.parts().targets:
            part.target.close()

    def wanted(self) -> dict[str, tuple[object, ...]]:
        """What the state says that the LMS holds, by our id."""
        store = self.store()
        users = [one.value for one in store.known.objects("lms", "user")]
        store.close()
        return {one.id: self._wanted(one) for one in users if isinstance(one, User)}

    def _wanted(self, user: User) -> tuple[object, ...]:
        ties = frozenset(_held(tie) for tie in user.memberships)
        number = dict(user.fields).get("national_number", "")
        return user.given_name, user.family_name, user.enabled, number, ties, frozenset(user.guardians)

    def found(self) -> dict[str, tuple[object, ...]]:
        """What the site holds, by ID number."""
        tables = self.double.site.tables
        people = {one.id: one for one in tables.living() if one.idnumber}
        groups = {one.id: one.idnumber for one in (*tables.courses.values(), *tables.cohorts.values())}
        ties: dict[int, set[tuple[str, int]]] = {key: set() for key in people}
        guardians: dict[int, set[str]] = {key: set() for key in people}
        for cohort, user in tables.members:
            ties[user].add((groups[cohort], 0))
        for one in tables.assigned:
            if one.level == "course":
                ties[one.user].add((groups[one.instance], one.role))
            else:
                guardians[one.instance].add(people[one.user].idnumber)
        assert len({one.idnumber for one in people.values()}) == len(people), "nobody twice"
        return {
            one.idnumber: (
                one.firstname,
                one.lastname,
                not one.suspended,
                dict(one.fields).get("fodselsnummer", ""),
                frozenset((group, role if group in self.courses() else 0) for group, role in ties[key]),
                frozenset(guardians[key]),
            )
            for key, one in people.items()
        }

    def courses(self) -> set[str]:
        return {one.idnumber for one in self.double.site.tables.courses.values()}

    def differences(self) -> dict[str, tuple[object, object]]:
        wanted, found = self.wanted(), self.found()
        cohorts = {one.idnumber for one in self.double.site.tables.cohorts.values()}
        flat = {key: (*row[:4], _flat(row[4], cohorts), row[5]) for key, row in wanted.items()}
        return {
            one: (flat.get(one), found.get(one))
            for one in flat.keys() | found.keys()
            if flat.get(one) != found.get(one)
        }


def _held(tie: Membership) -> tuple[str, int]:
    return tie.group, {"pupil": 5, "guardian": 4}.get(tie.role, 3)


def _flat(ties: object, cohorts: set[str]) -> frozenset[tuple[str, int]]:
    """In a cohort there are no roles."""
    assert isinstance(ties, frozenset)
    return frozenset((group, 0 if group in cohorts else role) for group, role in ties)


@pytest.fixture
def double() -> Moodle:
    return Moodle(TOKEN)


@pytest.fixture
def town(tmp_path: Path, double: Moodle) -> Iterator[MoodleTown]:
    with Server(double) as server:
        double.url = server.url
        built = MoodleTown(tmp_path, double, server.url)
        yield built
        built.close()


def test_a_small_town_is_in_moodle_and_a_second_run_asks_nothing(town: MoodleTown) -> None:
    report = town.sync(AUTUMN)
    assert (report.failed, report.held) == (0, ())
    assert town.differences() == {}
    town.double.calls.clear()
    town.sync(AUTUMN + timedelta(days=1))
    assert town.double.calls == []


def test_who_leaves_is_suspended_in_time_and_comes_back_as_the_same_account(town: MoodleTown) -> None:
    town.sync(AUTUMN)
    accounts = {one.firstname: one.id for one in town.double.site.tables.living()}
    ola, ties = town.world.people["ola"], list(town.world.ties)
    town.world.drop("ola")
    town.sync(AUTUMN + timedelta(days=1))
    assert not town.double.site.tables.accounts[accounts["Ola"]].suspended
    town.sync(AUTUMN + timedelta(days=32))
    assert town.double.site.tables.accounts[accounts["Ola"]].suspended
    assert town.differences() == {}
    town.world.put(ola).ties = ties
    town.sync(AUTUMN + timedelta(days=33))
    assert not town.double.site.tables.accounts[accounts["Ola"]].suspended
    assert town.differences() == {}


def test_a_guardian_who_is_one_no_more_loses_the_link_before_anything_else_is_changed(town: MoodleTown) -> None:
    town.sync(AUTUMN)
    town.double.calls.clear()
    town.world.change("kari", guardians=()).change("ola", given="Olav")
    town.sync(AUTUMN + timedelta(days=1))
    assert town.differences() == {}
    changing = [one for one in town.double.calls if "_get_" not in one]
    assert changing[0] == "core_role_unassign_roles"
    assert "core_user_update_users" in changing


def test_a_bad_line_makes_it_slow_and_never_wrong(tmp_path: Path, double: Moodle) -> None:
    """One call in twenty is not carried out, one in twenty without our learning of it, and none is tried again at once."""
    with Server(Weather(double, 0.05, 0.05)) as server:
        double.url = server.url
        town = MoodleTown(tmp_path, double, server.url)
        runs = [_attempt(town, AUTUMN + timedelta(days=n > 0)) for n in range(40)]
        town.close()
    assert 0 in runs[1:], "it was not done at once, and then it was"
    assert town.differences() == {}


def _attempt(town: MoodleTown, on: date) -> int:
    """A run, and how many objects did not arrive."""
    if not town.double.calls or town.differences():
        try:
            return town.sync(on).failed
        except TargetUnavailable:
            return 1
    return 0


@pytest.mark.proof
@pytest.mark.in_full
def test_days_of_the_municipality_are_in_moodle(town: MoodleTown) -> None:
    for day in (1, 2, 30):
        made = generate(town.home / "lab", day=day, synced=[1, 2, 30])
        town.export(date_of(day, START), made.export.read_bytes())
        report = town.run(date_of(day, START))
        assert report.failed == 0
        assert town.differences() == {}, f"day {day}"
