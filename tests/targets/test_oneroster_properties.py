"""What must hold of a OneRoster set whatever the roster: it is whole, it is told right, and it is the same again."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rostersync.model import ROLES, Face, Group, Membership, Organisation, SchoolRole, User
from rostersync.targets import Placed
from rostersync.targets.oneroster_csv import OneRosterCsv, Settings
from rostersync.targets.oneroster_csv.rows import ENROLMENT_ROLES, line
from rostersync.targets.oneroster_csv.sessions import UNDATED, sessions_of, years_of
from rostersync.targets.oneroster_csv.writing import write_set
from tests.targets.contract import CLASS, OWNER, made
from tests.targets.oneroster_set import OneRosterSet, listed, read_set

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
ORGANISATIONS = [f"o{number}" for number in range(4)]
GROUPS = [f"c{number}" for number in range(5)]
USERS = [f"u{number}" for number in range(8)]
DATES = st.none() | st.dates(date(2020, 1, 1), date(2030, 12, 31)) | st.sampled_from([date.min, date.max])
FACES: tuple[Face, ...] = ("school", "guardian")


def rarely_outside(ids: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([*ids, *ids, "elsewhere"])


@st.composite
def rosters(draw: st.DrawFn) -> list[Placed]:
    """Any roster in its order, with pointers that may lead outside it."""
    placed = [Placed(OWNER)] if draw(st.booleans()) else []
    for id_ in draw(st.sets(st.sampled_from(ORGANISATIONS)).map(sorted)):
        parent = draw(st.sampled_from(["", "owner", "elsewhere"]))
        placed.append(Placed(Organisation(id_, "school", draw(TEXTS), parent=parent)))
    for id_ in draw(st.sets(st.sampled_from(GROUPS)).map(sorted)):
        kind, school = draw(st.sampled_from(["base_class", "all_pupils"])), draw(rarely_outside(ORGANISATIONS))
        placed.append(Placed(Group(id_, kind, draw(TEXTS), "", school, draw(DATES), draw(DATES))))
    people = draw(st.sets(st.sampled_from(USERS)).map(sorted))
    keys = {id_: st.sampled_from(["", "", f"lms {id_}", f'"{id_}"\r\n', f"{id_},x"]) for id_ in people}
    return [*placed, *(Placed(draw(users(id_)), draw(key)) for id_, key in keys.items())]


@st.composite
def users(draw: st.DrawFn, id_: str) -> User:
    roles = st.sampled_from(ROLES)
    others = [one for one in USERS if one != id_]
    schools = st.lists(st.builds(SchoolRole, rarely_outside(ORGANISATIONS), roles), unique_by=lambda at: at.school)
    return User(
        id_,
        id_,
        draw(st.sampled_from(FACES)),
        draw(roles),
        draw(TEXTS),
        draw(TEXTS),
        fields=tuple(draw(st.dictionaries(st.sampled_from(["login", "email", "national_number"]), TEXTS)).items()),
        schools=tuple(draw(schools)),
        enabled=draw(st.integers(0, 3)) > 0,
        memberships=tuple(sorted(draw(st.sets(st.builds(Membership, rarely_outside(GROUPS), roles), max_size=6)))),
        guardians=tuple(sorted(draw(st.sets(rarely_outside(others), max_size=3)))),
    )


def written(roster: list[Placed]) -> OneRosterSet:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "set")
        folder.mkdir()
        write_set(folder, Path(place, "spool"), iter(roster), frozenset())
        return read_set(folder)


EXAMPLES = 1_000 if os.environ.get("ROSTERSYNC_PROOF") == "full" else 100


@pytest.mark.proof
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rosters())
def test_whatever_the_roster_the_set_is_whole_and_says_no_more_and_no_less(roster: list[Placed]) -> None:
    found = written(roster)
    people = [(one.target_key or one.value.id, one.value) for one in roster if isinstance(one.value, User)]
    assert list(found.users) == [key for key, _ in people]
    for key, user in people:
        assert_row_is_hers(found.users[key], user)
        ties = user.memberships if user.enabled else ()
        enrolled = {(tie.group, ENROLMENT_ROLES[tie.role]) for tie in ties if tie.role != "guardian"}
        rows = [row for row in found.enrollments.values() if row["userSourcedId"] == key]
        assert {(row["classSourcedId"], row["role"]) for row in rows} == {
            tie for tie in enrolled if tie[0] in found.classes
        }
    assert {key: found.agents_of(key) for key in found.users} == links(people)


def assert_row_is_hers(row: dict[str, str], user: User) -> None:
    """Her values, and no school where she holds less than the row's role says."""
    fields = dict(user.fields)
    assert (row["givenName"], row["familyName"]) == (user.given_name, user.family_name)
    assert (row["identifier"], row["email"]) == (fields.get("national_number", ""), fields.get("email", ""))
    assert row["enabledUser"] == ("true" if user.enabled else "false")
    if row["role"] == "administrator" and user.role == "school_leader":
        leads = {at.school for at in user.schools if at.role in ("school_leader", "system_administrator")}
        assert set(listed(row["orgSourcedIds"])) <= leads


def links(people: list[tuple[str, User]]) -> dict[str, set[str]]:
    """Who should stand on whose row: both are there, neither is suspended, and no key has a comma."""
    usable = {user.id: (key, user) for key, user in people if user.enabled and "," not in key}
    expected: dict[str, set[str]] = {key: set() for key, _ in people}
    for ward, user in usable.values():
        for guardian in user.guardians:
            if guardian in usable:
                expected[ward].add(usable[guardian][0])
                expected[usable[guardian][0]].add(ward)
    return expected


@settings(max_examples=15, deadline=None)
@given(rosters())
def test_the_same_roster_gives_the_same_set_in_both_layouts_and_the_same_bytes(roster: list[Placed]) -> None:
    with tempfile.TemporaryDirectory() as place:
        packed = []
        for name in ("zip", "again", "directory"):
            target = OneRosterCsv(Settings(Path(place, name), layout="directory" if name == "directory" else "zip"))
            list(target.deliver([made(OWNER)], lambda: iter(roster)))
            packed += [path.read_bytes() for path in Path(place, name).glob("oneroster.zip")]
        assert packed[0] == packed[1]
        assert read_set(Path(place, "directory")) == read_set(Path(place, "zip"))


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4)))
def test_a_line_is_what_the_csv_module_would_write(rows: list[list[str]]) -> None:
    expected = io.StringIO(newline="")
    csv.writer(expected).writerows(rows)
    text = "".join(map(line, rows))
    assert text == expected.getvalue()
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows


# -- school years -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "end", "years"),
    [
        (date(2026, 8, 17), date(2027, 6, 18), [2026]),
        (date(2026, 7, 1), date(2027, 6, 30), [2026]),
        (date(2026, 6, 22), None, [2026]),
        (date(2027, 1, 4), date(2027, 6, 18), [2026]),
        (date(2026, 8, 17), date(2027, 9, 30), [2026]),
        (None, date(2027, 6, 18), [2026]),
        (None, date(2026, 12, 18), [2026]),
        (date(2026, 5, 31), None, [2025]),
        (date(2025, 8, 18), date(2028, 6, 16), [2025, 2026, 2027]),
        (date(2026, 8, 17), date(2031, 6, 18), [2026, 2027, 2028, 2029]),
        (date(2026, 8, 17), date(9999, 12, 31), [2026]),
        (date.min, date(2027, 6, 18), [2026]),
        (date(2027, 6, 18), date(2026, 8, 17), [2027]),
        (date.min, date.max, []),
        (None, None, []),
    ],
)
def test_the_school_years_of_a_group_come_from_its_dates(
    begin: date | None, end: date | None, years: list[int]
) -> None:
    assert list(years_of(Group("g", "base_class", "8A", "", "s", begin, end))) == years


def test_a_school_year_runs_from_august_to_july_and_its_id_never_changes() -> None:
    (session,) = sessions_of([CLASS])
    assert (session.id, session.title) == ("school-year-2026", "2026/2027")
    assert (session.begin, session.end) == (date(2026, 8, 1), date(2027, 7, 31))
    assert sessions_of([Group("g", "base_class", "8A", "", "s")]) == [UNDATED]
    assert sessions_of([]) == []


@given(DATES, DATES)
def test_any_dates_give_few_years_and_never_an_error(begin: date | None, end: date | None) -> None:
    group = Group("g", "base_class", "8A", "", "s", begin, end)
    assert len(years_of(group)) <= 4
    assert len(sessions_of([group])) >= 1


def test_csv_cells_with_every_sign_that_matters_survive_the_zip(tmp_path: Path) -> None:
    name = 'Åse "Lill", født\r\nLie;\t=1+1'

    def roster() -> Iterator[Placed]:
        yield Placed(OWNER)
        yield Placed(User("u", "p", "school", "pupil", name, "Ç\u2028ı"))

    list(OneRosterCsv(Settings(tmp_path)).deliver([made(OWNER)], roster))
    with ZipFile(tmp_path / "oneroster.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("users.csv").decode(), newline="")))
    assert (rows[0]["givenName"], rows[0]["familyName"]) == (name, "Ç\u2028ı")
