"""What an odd export does to the account."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.lab import Account, generate, read_account
from tests.lab.conftest import Day, day_of


def account_of(folder: Path, day: int, *quirks: str) -> Account:
    return read_account(generate(folder, day=day, quirks=frozenset(quirks)).account)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Day two with everything that changes some people's account."""
    quirks = {
        "bad-check-digits",
        "old-and-new-ids",
        "person-without-name",
        "conflicting-person",
        "group-without-school",
        "inverted-dates",
        "empty-groups",
        "revealing-group-name",
    }
    return day_of(tmp_path_factory.mktemp("lab"), 2, quirks=frozenset(quirks))


@pytest.mark.parametrize("quirk", ["truncated", "wrong-school-year"])
def test_after_an_export_that_must_not_be_taken_everything_stays_as_it_was(
    quirk: str, tmp_path: Path, first: Day
) -> None:
    account = account_of(tmp_path, 2, quirk)
    assert account.header.verdict == ("refused" if quirk == "truncated" else "held")
    assert (account.header.day, account.header.as_of) == (2, 1)
    assert account.users == first.account.users
    assert account.groups == first.account.groups


def test_after_a_refused_first_export_the_lms_holds_nothing(tmp_path: Path) -> None:
    account = account_of(tmp_path, 1, "zero-persons")
    assert (account.header.verdict, account.header.as_of) == ("refused", 0)
    assert (account.users, account.groups, account.schools) == ({}, {}, {})


def test_a_missing_school_loses_nobody(tmp_path: Path, first: Day, second: Day) -> None:
    account = account_of(tmp_path, 2, "missing-school")
    missing = list(first.account.schools)[1]
    assert account.header.verdict == "held"
    assert account.schools == first.account.schools
    assert account.groups.keys() == second.account.groups.keys()
    for at, user in account.users.items():
        there = set(first.account.users[at].schools) if at in first.account.users else set()
        if there == {missing} and user.role == "pupil":
            assert user == first.account.users[at]
        elif missing not in (*there, *second.account.users[at].schools) and user.role == "pupil":
            assert user == second.account.users[at]


def test_a_missing_school_that_was_never_seen_is_not_there(tmp_path: Path) -> None:
    account = account_of(tmp_path, 1, "missing-school")
    assert len(account.schools) == 1
    assert {group.school for group in account.groups.values()} == set(account.schools)


def test_a_number_with_a_wrong_check_digit_is_not_released(odd: Day, second: Day) -> None:
    changed = {
        at
        for at, user in odd.account.users.items()
        if at in second.account.users and user.national_number != second.account.users[at].national_number
    }
    assert 20 < len(changed) < 120
    assert all(odd.account.users[at].national_number == "" for at in changed)


def test_who_has_a_new_id_is_the_same_user_with_an_old_key(odd: Day, second: Day) -> None:
    renumbered = [user for user in odd.account.users.values() if user.old_keys]
    assert len(renumbered) == 4
    for user in renumbered:
        assert user.key in odd.read.persons
        before = second.account.users[user.old_keys[0], user.face]
        assert (user.given, user.groups, user.schools) == (before.given, before.groups, before.schools)


def test_a_pupil_without_a_name_keeps_her_name_and_loses_her_guardians(odd: Day, first: Day) -> None:
    nameless = {key for key, someone in odd.read.persons.items() if not someone.given}
    pupils = [key for key in nameless if odd.account.users[key, "school"].role == "pupil"]
    assert len(nameless) >= 3
    assert pupils
    for key in nameless:
        user, before = odd.account.users[key, "school"], first.account.users[key, "school"]
        assert (user.state, user.given, user.family) == ("active", before.given, before.family)
    for key in pupils:
        assert first.account.users[key, "school"].guardians
        assert odd.account.users[key, "school"].guardians == ()


def test_who_has_no_usable_record_from_the_first_day_is_no_user(tmp_path: Path, first: Day) -> None:
    day = day_of(tmp_path, 1, quirks=frozenset({"person-without-name", "conflicting-person"}))
    unusable = {key for key, someone in day.read.persons.items() if someone.given in ("", "En annen")}
    assert len(unusable) >= 4
    assert {key for key, face in first.account.users.keys() - day.account.users.keys() if face == "school"} == unusable


def test_of_two_names_the_one_known_before_stays(odd: Day, first: Day) -> None:
    key = next(key for key, someone in odd.read.persons.items() if someone.given == "En annen")
    assert odd.account.users[key, "school"].given == first.account.users[key, "school"].given != "En annen"


def test_a_group_without_a_school_is_no_lms_group(odd: Day) -> None:
    orphans = [group.key for group in odd.read.groups.values() if group.parent.endswith("/99999")]
    assert len(orphans) == 1
    assert orphans[0] not in odd.account.groups


def test_a_membership_that_ends_before_it_begins_gives_nothing(odd: Day) -> None:
    inverted = [tie for tie in odd.read.ties if tie.begin and tie.end and tie.begin > tie.end]
    assert inverted
    for tie in inverted:
        assert tie.group not in {group for group, _ in odd.account.users[tie.person, "school"].groups}


def test_empty_groups_are_groups_and_revealing_names_are_marked(odd: Day) -> None:
    names = {group.name: group.revealing for group in odd.account.groups.values()}
    assert names["Valgfag ingen valgte"] is False
    assert [name for name, revealing in names.items() if revealing] == ["Særskilt norsk 1. trinn"]
