"""The account: whole, in agreement with itself and with its export."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.lab import Account, read_account, read_lines
from rostersync.lab.account import Header
from tests.lab.conftest import Day, day_of

KINDS = {"base_class", "teaching_group", "mentor_group"}


@pytest.fixture(scope="module", params=[1, 60])
def account(request: pytest.FixtureRequest, first: Day, tmp_path_factory: pytest.TempPathFactory) -> Account:
    if request.param == 1:
        return first.account
    return day_of(tmp_path_factory.mktemp("lab"), 60, leavers=0.005, movers=0.005).account


def test_the_header_tells_what_the_account_is_of(first: Day) -> None:
    header = next(read_lines(first.made.account))
    assert isinstance(header, Header)
    assert (header.day, header.date, header.seed, header.size) == (1, "2026-10-05", 42, "S")
    assert (header.source, header.datasource, header.verdict) == ("everyday", "ist@lysvik.example", "accepted")
    assert (header.schools, header.synced, header.as_of) == (2, (1,), 1)


def test_every_link_of_a_guardian_is_on_the_childs_row_and_the_other_way_round(account: Account) -> None:
    down = {(child, key) for (key, face), user in account.users.items() for child in user.children if face == "guardian"}
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
                key for ward in wards if ward.state == "active" for key, _ in ward.groups if account.groups[key].type == "base_class"
            }
            assert {key for key, _ in user.groups} == classes


def test_the_suspended_have_nothing_and_are_not_enabled(account: Account) -> None:
    for user in account.users.values():
        assert user.enabled == (user.state != "suspended")
        if user.state == "suspended":
            assert not (user.groups or user.samlegrupper or user.children or user.guardians)


def test_after_two_months_some_have_departed_and_some_are_suspended(tmp_path: Path) -> None:
    users = day_of(tmp_path, 62, leavers=0.005).account.users.values()
    assert {(user.role, user.state) for user in users} >= {
        (role, state) for role in ("pupil", "guardian") for state in ("active", "departed", "suspended")
    } | {("staff", "active"), ("staff", "departed")}


def test_teachers_are_in_two_samlegrupper_and_other_employees_in_one(first: Day) -> None:
    kinds = [{kind for kind, _ in user.samlegrupper} for user in first.account.users.values() if user.role == "staff"]
    assert {"all_teachers", "all_employees"} in kinds
    assert {"all_employees"} in kinds
    assert all(kind <= {"all_teachers", "all_employees"} for kind in kinds)


def test_lists_are_sorted_so_that_accounts_can_be_compared(account: Account) -> None:
    for user in account.users.values():
        for listed in (user.groups, user.samlegrupper, user.children, user.guardians):
            assert list(listed) == sorted(listed)  # type: ignore[type-var]


def test_only_the_days_that_are_synced_count(tmp_path: Path) -> None:
    """Who left and was never missed by a sync is active no more, but her thirty days begin with the sync."""
    often = day_of(tmp_path / "often", 40, leavers=0.004).account
    seldom = day_of(tmp_path / "seldom", 40, leavers=0.004, synced=[1, 40]).account
    assert {u.state for u in seldom.users.values()} == {"active", "departed"}
    assert "suspended" in {u.state for u in often.users.values()}
    assert {at for at, u in often.users.items() if u.state == "active"} == {
        at for at, u in seldom.users.items() if u.state == "active"
    }
    assert seldom.header.synced == (1, 40)


def test_synced_days_after_the_accounts_own_do_not_count(tmp_path: Path, second: Day) -> None:
    account = day_of(tmp_path, 2, synced=[1, 2, 3, 900]).made.account
    assert account.read_bytes() == second.made.account.read_bytes()


def test_a_file_that_is_no_account_is_refused_with_what_to_do(tmp_path: Path, first: Day) -> None:
    headless = tmp_path / "account.jsonl"
    headless.write_bytes(first.made.account.read_bytes().split(b"\n", 1)[1])
    with pytest.raises(ValueError, match="begins with its header; generate it again"):
        read_account(headless)
    with pytest.raises(ValueError, match="begins with its header"):
        read_account(Path("/dev/null"))
