"""What the account says of an odd export: nothing at all where only the file is odd, and the verdict where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.lab import HELD, QUIRKS, REFUSED, Account, generate, read_account, read_lines
from rostersync.lab.account import Header
from tests.lab.conftest import Day, day_of
from tests.lab.replay import Lms

DRESS = frozenset(
    {
        *("namespace-0.9", "namespace-1.0", "namespace-1.1", "namespace-1.2", "prefixed-root", "ims-enterprise"),
        *("indented", "comments", "empty-timeframes", "unknown-extensions", "no-prefixed-orgnr"),
    }
)
"""The same said in other words."""

MORE = frozenset({"passwords", "grades-and-absence", "photos", "other-contact-types", "several-grouptypes"})
"""Something said besides that no LMS gets."""

LOOSE = frozenset({"duplicate-person", "split-membership", "member-nowhere", "membership-without-group"})
"""Said twice, in two parts, or of nobody."""

ALL_AT_ONCE = (DRESS | MORE | LOOSE) - {"indented", "prefixed-root"}
"""What must change nothing. Indenting and prefixing a whole municipality takes its time: see test_read_back.py."""

BY_PERSON = frozenset(
    {
        *("bad-check-digits", "old-and-new-ids", "person-without-name", "conflicting-person"),
        *("group-without-school", "inverted-dates", "empty-groups", "revealing-group-name", "non-ascii-ids"),
    }
)
"""What changes the account of some people or groups."""


def body(account: Account) -> tuple[object, object, object]:
    return account.schools, account.groups, account.users


def account_of(folder: Path, day: int, *quirks: str) -> Account:
    return read_account(generate(folder, day=day, quirks=frozenset(quirks)).account)


@pytest.fixture(scope="module")
def dressed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Account, bytes]:
    """The account and the export of day two with everything at once that must change nothing."""
    made = generate(tmp_path_factory.mktemp("lab"), day=2, quirks=ALL_AT_ONCE)
    return read_account(made.account), made.export.read_bytes()


@pytest.fixture(scope="module")
def spelt_out(tmp_path_factory: pytest.TempPathFactory) -> list[Account]:
    """Two days of a school system whose group ids have always been words."""
    return [account_of(tmp_path_factory.mktemp("lab"), day, "non-ascii-ids") for day in (1, 2)]


def test_every_quirk_is_one_that_changes_the_account_or_one_that_does_not() -> None:
    kinds = (DRESS, MORE, LOOSE, BY_PERSON, REFUSED, HELD)
    assert frozenset().union(*kinds) == QUIRKS.keys()
    assert sum(map(len, kinds)) == len(QUIRKS)


# -- only the file is odd ---------------------------------------------------------------------------------------------


def test_however_an_export_is_dressed_the_lms_should_hold_the_same(dressed: tuple[Account, bytes], second: Day) -> None:
    account, export = dressed
    assert export != second.made.export.read_bytes()
    assert body(account) == body(second.account)
    assert account.header.verdict == "accepted"


def test_an_odd_export_counts_what_the_school_system_has_and_not_how_often_it_says_it(
    dressed: tuple[Account, bytes], second: Day
) -> None:
    odd, plain = dressed[0].header, second.account.header
    assert (odd.persons, odd.groups, odd.memberships) == (plain.persons, plain.groups, plain.memberships)
    assert dressed[1].count(b"</person>") > plain.persons


def test_the_header_lists_the_quirks_in_name_order(dressed: tuple[Account, bytes]) -> None:
    assert dressed[0].header.quirks == tuple(sorted(ALL_AT_ONCE))


# -- exports that must not be taken, or not as they are ---------------------------------------------------------------


def test_one_reason_to_refuse_outweighs_every_other_oddity(first: Day, tmp_path: Path) -> None:
    account = account_of(tmp_path, 2, "doctype", "zero-persons", "missing-school", "old-and-new-ids", "photos")
    assert (account.header.verdict, account.header.as_of, account.header.persons) == ("refused", 1, 0)
    assert body(account) == body(first.account)


def test_a_stale_export_is_dated_thirty_days_before_the_last_one_synced(tmp_path: Path) -> None:
    made = generate(tmp_path, day=6, synced=[1, 6], quirks=frozenset({"stale-date"}))
    header = next(read_lines(made.account))
    assert isinstance(header, Header)
    assert (header.verdict, header.date, header.as_of) == ("refused", "2026-10-10", 1)
    assert b"<datetime>2026-09-05T02:00:00</datetime>" in made.export.read_bytes()


def test_the_wrong_school_year_still_has_every_employee_and_the_schools(tmp_path: Path, second: Day) -> None:
    day = day_of(tmp_path, 2, quirks=frozenset({"wrong-school-year"}))
    employed = {tie.person for tie in second.read.ties if tie.role not in ("01", "04")}
    assert employed <= day.read.persons.keys()
    assert {group.type for group in day.read.groups.values()} == {"skole", "skoleeier"}
    assert not [tie for tie in day.read.ties if tie.role == "01"]


def test_a_missing_school_takes_its_groups_and_its_own_people_out_of_the_file_and_nobody_else(
    tmp_path: Path, second: Day
) -> None:
    day = day_of(tmp_path, 2, quirks=frozenset({"missing-school"}))
    schools = [key for key, group in second.read.groups.items() if group.type == "skole"]
    (missing,) = set(schools) - day.read.groups.keys()
    assert missing == schools[-1]
    assert not [group for group in day.read.groups.values() if group.parent == missing]
    gone = second.read.persons.keys() - day.read.persons.keys()
    at = {
        school: {tie.person for tie in second.read.ties if tie.group == school and tie.standing} for school in schools
    }
    pupils = {tie.person for tie in second.read.ties if tie.role == "01"}
    assert at[missing] & pupils <= gone
    assert not gone & at[schools[0]]


# -- a second reader --------------------------------------------------------------------------------------------------


def test_a_second_reader_of_odd_exports_comes_to_the_same_account(first: Day, tmp_path: Path) -> None:
    """Everything that an LMS of one's own can read without knowing of quirks, on one night."""
    dress = {"namespace-1.1", "empty-timeframes", "unknown-extensions"}
    some = {"inverted-dates", "empty-groups", "revealing-group-name"}
    day = day_of(tmp_path, 2, quirks=frozenset(dress | MORE | LOOSE | some))
    lms = Lms()
    lms.sync(first.read)
    lms.sync(day.read)
    assert lms.groups.keys() == day.account.groups.keys()
    held = {at: (user.state, user.groups, user.samlegrupper, user.guardians) for at, user in lms.users.items()}
    told = {
        at: (one.state, set(one.groups), set(one.samlegrupper), set(one.guardians))
        for at, one in day.account.users.items()
    }
    assert held == told


# -- group ids that are words -----------------------------------------------------------------------------------------


def test_group_ids_in_words_are_the_same_the_next_day(spelt_out: list[Account]) -> None:
    first, second = ({key for key in account.groups if "/3_" not in key} for account in spelt_out)
    assert first == second
    assert any(" " in key and any(letter in key for letter in "æøå") for key in first)


def test_group_ids_in_words_change_no_group_but_its_id(spelt_out: list[Account], first: Day) -> None:
    def described(account: Account) -> list[tuple[str, str, str, str]]:
        return sorted((group.type, group.name, group.title, group.school) for group in account.groups.values())

    assert described(spelt_out[0]) == described(first.account)
    assert spelt_out[0].users.keys() == first.account.users.keys()
