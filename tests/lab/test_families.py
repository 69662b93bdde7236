"""Families in the municipality: what the export says of them, and what the account makes of it over the days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from rostersync.lab import START, Account, AccountUser, generate, read_account
from rostersync.lab.numbers import valid
from tests.lab.conftest import Day


def users(account: Account, role: str) -> Iterator[AccountUser]:
    return (user for user in account.users.values() if user.role == role)


def school_of(account: Account, pupil: str) -> str:
    return account.users[pupil, "school"].schools[0]


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """The first day of a world in which nobody leaves or moves."""
    return read_account(generate(tmp_path_factory.mktemp("lab"), day=1, leavers=0, movers=0, churn=0).account)


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """A day in February of the same world."""
    made = generate(tmp_path_factory.mktemp("lab"), day=121, synced=[1, 60, 90, 121], leavers=0, movers=0, churn=0)
    return read_account(made.account)


# -- siblings ---------------------------------------------------------------------------------------------------------


def test_a_sibling_at_another_school_shares_the_guardian_who_is_in_both_classes(first: Day) -> None:
    apart = [
        user
        for user in users(first.account, "guardian")
        if len({school_of(first.account, child) for child in user.children}) == 2
    ]
    assert apart
    for user in apart:
        there = {school_of(first.account, child) for child in user.children}
        assert set(user.schools) == there
        assert {number for kind, number in user.samlegrupper if kind == "all_guardians"} == there
        assert {first.account.groups[key].school for key, _ in user.groups} == there


def test_siblings_at_one_school_give_their_guardian_both_classes_and_the_school_once(first: Day) -> None:
    together = [
        user
        for user in users(first.account, "guardian")
        if len(user.children) == 2 and len({school_of(first.account, child) for child in user.children}) == 1
    ]
    assert together
    for user in together:
        classes = {
            key
            for child in user.children
            for key, _ in first.account.users[child, "school"].groups
            if first.account.groups[key].type == "base_class"
        }
        assert [key for key, _ in user.groups] == sorted(classes)
        assert len(user.samlegrupper) == len(user.schools) == 1


def test_a_brother_three_years_younger_has_the_same_parents(first: Day) -> None:
    births = {key: someone.birth.year for key, someone in first.read.persons.items()}
    gaps = [
        abs(births[one] - births[other])
        for user in users(first.account, "guardian")
        for one, other in zip(user.children, user.children[1:], strict=False)
    ]
    assert 3 in gaps
    assert set(gaps) <= {0, 3}


# -- divided families -------------------------------------------------------------------------------------------------


def test_half_siblings_share_the_father_and_have_a_mother_each(first: Day) -> None:
    found = 0
    for father in users(first.account, "guardian"):
        mothers = {
            guardian
            for child in father.children
            for guardian in first.account.users[child, "school"].guardians
            if guardian != father.key
        }
        if len(mothers) == 2:
            found += 1
            one, other = (set(first.account.users[mother, "guardian"].children) for mother in sorted(mothers))
            assert not one & other
            assert one & set(father.children)
            assert other & set(father.children)
            assert set(father.children) <= one | other
    assert found >= 5


def test_after_a_change_of_custody_one_parent_keeps_the_child_and_the_other_has_lost_it(
    early: Account, late: Account
) -> None:
    lost = {
        (child, guardian)
        for (key, face), user in early.users.items()
        if face == "guardian"
        for child, guardian in ((child, key) for child in user.children)
        if guardian not in late.users[child, "school"].guardians
    }
    grown_up = [child for child, _ in lost if not late.users[child, "school"].guardians]
    divided = {child for child, _ in lost} - set(grown_up)
    assert divided
    for child in divided:
        assert len(late.users[child, "school"].guardians) == len(early.users[child, "school"].guardians) - 1


def test_a_parent_without_any_child_left_departs_and_keeps_nothing(early: Account, late: Account) -> None:
    childless = [
        user
        for at, user in late.users.items()
        if user.role == "guardian" and early.users[at].children and not user.children
    ]
    assert childless
    for user in childless:
        assert user.state in ("departed", "suspended")
        assert (user.groups, user.samlegrupper) == ((), ())


# -- numbers ----------------------------------------------------------------------------------------------------------


def test_who_has_no_national_number_is_a_user_like_any_other(first: Day) -> None:
    nameless = [key for key, someone in first.read.persons.items() if not someone.number]
    listed = [first.account.users[key, face] for key, face in first.account.users if key in set(nameless)]
    assert {user.role for user in listed} == {"pupil", "staff", "guardian"}
    assert {user.national_number for user in listed} == {""}
    assert {user.state for user in listed} == {"active"}


def test_every_number_of_the_account_is_synthetic_with_right_check_digits(first: Day) -> None:
    numbers = [user.national_number for user in first.account.users.values() if user.national_number]
    assert len(numbers) > 2_000
    for number in numbers:
        assert valid(number)
        assert 81 <= int(number[2:4]) <= 92


def test_the_local_id_of_who_has_no_number_tells_the_birth_date_and_is_no_national_number(first: Day) -> None:
    for key, someone in first.read.persons.items():
        if not someone.number:
            local = key.split("/")[1]
            assert local.startswith(f"{someone.birth:%d%m%y}")
            assert len(local) > 11


# -- growing up -------------------------------------------------------------------------------------------------------


def test_a_late_learner_loses_her_guardians_on_her_eighteenth_birthday_and_stays_a_pupil(
    early: Account, late: Account
) -> None:
    grown = [
        user
        for at, user in late.users.items()
        if user.role == "pupil" and early.users[at].guardians and not user.guardians
    ]
    assert grown
    for user in grown:
        day, month, year = (int(user.key.split("/")[1][at : at + 2]) for at in (0, 2, 4))
        eighteenth = date(2018 + year, month % 80, day % 40)
        assert START < eighteenth <= START + timedelta(days=120)
        assert user.state == "active"
