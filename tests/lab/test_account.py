"""The account: whole, in agreement with itself and with its export."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.lab import Account, generate, read_account, read_lines
from rostersync.lab.account import Header
from tests.lab.conftest import Day

KINDS = {"base_class", "teaching_group", "mentor_group"}


@pytest.fixture(scope="module")
def after_two_months(tmp_path_factory: pytest.TempPathFactory) -> Account:
    return account_of(tmp_path_factory.mktemp("lab"), 75)


@pytest.fixture(params=["first day", "after two months"])
def account(request: pytest.FixtureRequest, first: Day, after_two_months: Account) -> Account:
    return first.account if request.param == "first day" else after_two_months


def account_of(folder: Path, day: int, **more: object) -> Account:
    return read_account(generate(folder, day=day, leavers=0.004, movers=0.004, **more).account)  # type: ignore[arg-type]


def test_the_header_tells_what_the_account_is_of(first: Day) -> None:
    header = next(read_lines(first.made.account))
    assert isinstance(header, Header)
    assert (header.day, header.date, header.seed, header.size) == (1, "2026-10-05", 42, "S")
    assert (header.source, header.datasource, header.verdict) == ("everyday", "ist@lysvik.example", "accepted")
    assert (header.schools, header.synced, header.as_of) == (2, (1,), 1)


def test_every_link_of_a_guardian_is_on_the_childs_row_and_the_other_way_round(account: Account) -> None:
    down = {
        (child, key) for (key, face), user in account.users.items() for child in user.children if face == "guardian"
    }
    up = {(key, guardian) for (key, _), user in account.users.items() for guardian in user.guardians}
    assert down == up
    assert len(down) > 1500
    for child, guardian in down:
        assert account.users[child, "school"].role == "pupil"
        assert account.users[guardian, "guardian"].role == "guardian"


def test_every_group_belongs_to_a_school_of_the_account(account: Account) -> None:
    assert {group.school for group in account.groups.values()} == set(account.schools)
    assert {group.type for group in account.groups.values()} == KINDS


def test_every_membership_is_in_a_group_and_at_a_school_of_the_account(account: Account) -> None:
    for user in account.users.values():
        assert {key for key, _ in user.groups} <= account.groups.keys()
        assert {number for _, number in user.samlegrupper} <= account.schools.keys()
        assert set(user.schools) <= account.schools.keys()


def test_roles_fit_the_face_and_only_guardians_have_an_email(account: Account) -> None:
    for (_, face), user in account.users.items():
        assert (user.role == "guardian") == (face == "guardian")
        assert {role for _, role in user.groups} <= {user.role}
        assert bool(user.email) == (user.role == "guardian")
        assert not (user.children and user.role != "guardian")
        assert not (user.guardians and user.role != "pupil")


def test_guardians_are_in_their_wards_classes_and_in_no_other_group(account: Account) -> None:
    for user in account.users.values():
        if user.role == "guardian" and user.state == "active":
            wards = [account.users[child, "school"] for child in user.children]
            classes = {
                key
                for ward in wards
                for key, _ in ward.groups
                if ward.state == "active" and account.groups[key].type == "base_class"
            }
            assert {key for key, _ in user.groups} == classes


def test_the_suspended_have_nothing_and_are_not_enabled(account: Account) -> None:
    for user in account.users.values():
        assert user.enabled == (user.state != "suspended")
        if user.state == "suspended":
            assert (user.groups, user.samlegrupper, user.children, user.guardians) == ((), (), (), ())


def test_after_two_months_some_of_all_have_departed_and_some_are_suspended(after_two_months: Account) -> None:
    assert {(user.role, user.state) for user in after_two_months.users.values()} == {
        (role, state) for role in ("pupil", "staff", "guardian") for state in ("active", "departed", "suspended")
    }


def test_teachers_are_in_two_samlegrupper_and_other_employees_in_one(first: Day) -> None:
    kinds = [{kind for kind, _ in user.samlegrupper} for user in first.account.users.values() if user.role == "staff"]
    assert {"all_teachers", "all_employees"} in kinds
    assert {"all_employees"} in kinds
    assert all(kind <= {"all_teachers", "all_employees"} for kind in kinds)


def test_lists_are_sorted_so_that_accounts_can_be_compared(account: Account) -> None:
    for user in account.users.values():
        for listed in (user.groups, user.samlegrupper, user.children, user.guardians):
            assert list(listed) == sorted(listed)  # type: ignore[type-var]


def test_only_the_days_that_are_synced_count(tmp_path: Path, after_two_months: Account) -> None:
    """Who has left is not active, however seldom it was looked; but her thirty days begin when a sync missed her."""
    seldom = account_of(tmp_path, 75, synced=[1, 75])
    assert seldom.header.synced == (1, 75)
    assert {user.state for user in seldom.users.values()} == {"active", "departed"}
    often, now = ({at for at, u in a.users.items() if u.state == "active"} for a in (after_two_months, seldom))
    assert often == now


def test_synced_days_after_the_accounts_own_do_not_count(tmp_path: Path, second: Day) -> None:
    made = generate(tmp_path, day=2, synced=[1, 2, 3, 900])
    assert made.account.read_bytes() == second.made.account.read_bytes()


def test_a_file_that_is_no_account_is_refused_with_what_to_do(tmp_path: Path, first: Day) -> None:
    headless = tmp_path / "account.jsonl"
    headless.write_bytes(first.made.account.read_bytes().split(b"\n", 1)[1])
    with pytest.raises(ValueError, match="begins with its header; generate it again"):
        read_account(headless)
    with pytest.raises(ValueError, match="begins with its header"):
        read_account(Path("/dev/null"))
