"""Who lives in the municipality: everyone whom a school meets, and nobody who exists."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

from rostersync.lab.names import plain, school_name
from rostersync.lab.numbers import valid
from tests.lab.conftest import Day
from tests.lab.reading import Reading, Someone

PUPIL, TEACHER = "01", "02"


def ids(day: Day) -> list[str]:
    return [key.split("/")[1] for key in day.read.persons]


def guardians_of(someone: Someone) -> list[str]:
    return [key for key, kind in someone.contacts if kind == "guardian"]


def pupils(read: Reading) -> dict[str, Someone]:
    keys = {tie.person for tie in read.ties if tie.role == PUPIL}
    return {key: someone for key, someone in read.persons.items() if key in keys}


def schools_of(read: Reading) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for tie in read.ties:
        if tie.standing and read.groups[tie.group].type == "skole":
            found.setdefault(tie.person, set()).add(tie.group)
    return found


def test_two_schools_have_about_1420_persons_and_9700_memberships_each(first: Day) -> None:
    assert 2700 <= first.made.persons <= 2950
    assert 18_800 <= first.made.memberships <= 20_000
    assert len(pupils(first.read)) == 950


def test_counts_are_those_of_the_export(first: Day) -> None:
    assert first.made.persons == len(first.read.persons) == first.account.header.persons
    assert first.made.groups == len(first.read.groups) == first.account.header.groups
    assert first.made.memberships == first.made.export.read_bytes().count(b"<member>")


def test_every_national_number_is_valid_synthetic_and_given_once(first: Day) -> None:
    numbers = [someone.number for someone in first.read.persons.values() if someone.number]
    assert len(set(numbers)) == len(numbers) > 2500
    assert all(valid(number) and int(number[2:4]) > 80 for number in numbers)


def test_a_number_agrees_with_the_birth_date(first: Day) -> None:
    for someone in first.read.persons.values():
        if number := someone.number:
            assert int(number[:2]) % 40 == someone.birth.day % 40
            assert int(number[2:4]) - 80 == someone.birth.month
            assert int(number[4:6]) == someone.birth.year % 100


def test_some_have_a_d_number_and_some_none_at_all(first: Day) -> None:
    numbers = [someone.number for someone in first.read.persons.values()]
    assert 20 <= sum(number[:1] in tuple("4567") for number in numbers if number) <= 120
    assert 40 <= numbers.count("") <= 160


def test_the_source_id_is_the_national_number_or_a_longer_local_one(first: Day) -> None:
    for key, someone in first.read.persons.items():
        source_id = key.split("/")[1]
        assert source_id == someone.number if someone.number else (source_id.isdigit() and len(source_id) >= 12)


def test_nothing_that_looks_like_a_real_national_number_is_in_the_export(first: Day) -> None:
    text = first.made.export.read_text()
    for found in re.findall(r"(?<!\d)\d{11}(?!\d)", text):
        assert int(found[2:4]) > 80


def test_all_addresses_are_of_domains_that_cannot_exist(first: Day) -> None:
    text = first.made.export.read_text()
    assert {domain.rsplit(".", 1)[1] for domain in re.findall(r"@([\w.]+)", text)} == {"example"}
    assert set(re.findall(r"\+47\d", text)) == {"+470"}, "no operator hands out numbers beginning with 0"


def test_names_have_norwegian_and_sami_letters_hyphens_and_single_letters(first: Day) -> None:
    given = {someone.given for someone in first.read.persons.values()}
    families = {someone.family for someone in first.read.persons.values()}
    assert {"Å", "Anne-Marit"} <= given
    assert any(" " in name for name in given)
    assert set("æøåčđŋšŧžáı'-") <= set("".join(given | families).lower())


def test_namesakes_are_in_one_class(first: Day) -> None:
    classes: dict[str, list[tuple[str, str]]] = {}
    for tie in first.read.ties:
        if tie.role == PUPIL and first.read.groups[tie.group].type == "basisgruppe":
            someone = first.read.persons[tie.person]
            classes.setdefault(tie.group, []).append((someone.given, someone.family))
    assert any(count > 1 for names in classes.values() for count in Counter(names).values())


def test_twins_share_birthday_and_guardians_and_not_the_number(first: Day) -> None:
    pairs = Counter((someone.birth, tuple(guardians_of(someone))) for someone in pupils(first.read).values())
    assert sum(count == 2 and bool(guardians) for (_, guardians), count in pairs.items()) >= 10


def test_some_guardians_have_children_at_two_schools(first: Day) -> None:
    schools: dict[str, set[str]] = {}
    of_pupils = schools_of(first.read)
    for key, someone in pupils(first.read).items():
        for guardian in guardians_of(someone):
            schools.setdefault(guardian, set()).update(of_pupils[key])
    assert any(len(found) == 2 for found in schools.values())


def test_some_parents_live_apart_and_share_a_child_with_someone_else(first: Day) -> None:
    partners: dict[str, set[str]] = {}
    for someone in pupils(first.read).values():
        for guardian in guardians_of(someone):
            partners.setdefault(guardian, set()).update(set(guardians_of(someone)) - {guardian})
    assert any(len(found) == 2 for found in partners.values())


def test_some_pupils_have_one_guardian_some_none_and_some_next_of_kin_besides(first: Day) -> None:
    contacts = [someone.contacts for someone in pupils(first.read).values()]
    counts = Counter(sum(kind == "guardian" for _, kind in of_one) for of_one in contacts)
    assert set(counts) == {0, 1, 2}
    assert any(kind == "nextOfKin" for of_one in contacts for _, kind in of_one)


def test_next_of_kin_are_nobody_in_the_lms(first: Day) -> None:
    kinds: dict[str, set[str]] = {}
    for someone in pupils(first.read).values():
        for key, kind in someone.contacts:
            kinds.setdefault(key, set()).add(kind)
    kin_only = [key for key, found in kinds.items() if found == {"nextOfKin"}]
    assert kin_only
    assert not any((key, "guardian") in first.account.users for key in kin_only)


def test_some_teachers_have_a_child_at_their_own_school_and_are_one_person_with_two_users(first: Day) -> None:
    users = first.account.users
    both = [key for key, face in users if face == "guardian" and (key, "school") in users]
    assert len(both) >= 3
    for key in both:
        assert users[key, "school"].role == "staff"
        assert users[key, "school"].email == ""
        assert users[key, "guardian"].email.endswith("@epost.example")
        at = users[key, "school"].schools
        assert any(users[child, "school"].schools[0] in at for child in users[key, "guardian"].children)


def test_a_contact_teacher_named_in_a_group_id_is_no_member_and_still_in_the_account(first: Day) -> None:
    named = [tie for tie in first.read.ties if tie.role == "06" and "/3_1000" not in tie.group]
    assert len(named) > 20
    written = {(tie.group, tie.person) for tie in first.read.ties if tie.role != "06"}
    for tie in named:
        assert (tie.group, tie.person) not in written
        assert (tie.group, "staff") in first.account.users[tie.person, "school"].groups


def test_other_contact_teachers_are_members_with_roletype_06(first: Day) -> None:
    assert any(tie.role == "06" and "/3_1000" in tie.group for tie in first.read.ties)


def test_caretakers_and_nurses_are_listed_and_no_users(first: Day) -> None:
    keys = {t.person for t in first.read.ties if t.subrole in ("vaktmester", "skolehelsetjeneste")}
    assert len(keys) == 4
    assert not any((key, "school") in first.account.users for key in keys)


def test_parents_speakers_do_not_become_staff(first: Day) -> None:
    keys = {t.person for t in first.read.ties if t.subrole == "foresattrepresentant"}
    assert keys
    assert not any((key, "school") in first.account.users for key in keys)


def test_substitutes_have_a_contract_with_an_end(first: Day) -> None:
    ties = [tie for tie in first.read.ties if tie.subrole == "vikar"]
    assert ties
    assert all(tie.begin and tie.end and tie.begin < tie.end for tie in ties)


def test_some_roles_are_switched_off_and_some_pupils_have_stopped_a_subject(first: Day) -> None:
    ties = [tie for tie in first.read.ties if first.read.groups[tie.group].type == "undervisningsgruppe"]
    assert any(not tie.standing for tie in ties)
    assert any(tie.subrole == "S" for tie in ties)


def test_one_employee_may_hold_two_roles_or_work_at_two_schools(first: Day) -> None:
    at_school = [tie for tie in first.read.ties if first.read.groups[tie.group].type == "skole"]
    roles = Counter((tie.person, tie.group) for tie in at_school)
    assert max(roles.values()) == 2
    staff = {tie.person for tie in at_school if tie.role == TEACHER}
    two = [key for key, schools in schools_of(first.read).items() if key in staff and len(schools) == 2]
    assert two
    for key in two:
        home = next(tie.group for tie in at_school if tie.person == key and tie.primary)
        assert first.account.users[key, "school"].schools[0] == first.read.groups[home].number


def test_the_owners_office_works_at_no_school(first: Day) -> None:
    owner = next(group.key for group in first.read.groups.values() if group.type == "skoleeier")
    office = {tie.person for tie in first.read.ties if tie.group == owner}
    assert len(office) == 6
    assert all(first.account.users[key, "school"].schools == () for key in office)


def test_pupils_are_of_the_age_of_their_class_but_for_late_learners_of_whom_one_soon_turns_18(first: Day) -> None:
    ages = Counter(2026 - someone.birth.year for someone in pupils(first.read).values())
    assert min(ages) == 6
    late = [someone.birth for someone in pupils(first.read).values() if someone.birth.year < 2026 - 15]
    assert len(late) == 3
    assert sum(date(2026, 10, 5) < birth.replace(year=birth.year + 18) < date(2027, 6, 1) for birth in late) == 1


def test_two_thousand_schools_have_names_of_their_own() -> None:
    assert len({school_name(index) for index in range(2000)}) == 2000


def test_any_name_can_stand_in_an_address() -> None:
    assert plain("Žižžik Åse-Œ d'Đ") == "zizzikasedd"
    assert plain("Å") == "a"
    assert plain("戸") == "x"
