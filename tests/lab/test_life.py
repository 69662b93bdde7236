"""What happens to people between two days: they leave, return, arrive, move, marry, and change their address."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from rostersync.lab import START
from rostersync.lab.district import District
from rostersync.lab.people import Person, login, look, phone, private_mail
from rostersync.lab.pupils import INACTIVE, OFF, STOPPED, Pupil
from rostersync.lab.schoolyear import add_only
from rostersync.lab.ties import pupil_ties, staff_ties
from rostersync.lab.world import World, date_of

MAY = date(2027, 5, 20)


@pytest.fixture(scope="module")
def district() -> District:
    return District(World(11, 2, START, MAY, churn=0.02, leavers=0.003, movers=0.004), 0)


def everyone(district: District) -> list[Person]:
    return [pupil.person for pupil in district.pupils] + [grown.person for grown in district.adults.values()]


def leaving(pupil: Pupil) -> date:
    return pupil.stays[0].until


def test_no_two_people_share_an_id_a_code_or_a_login(district: District) -> None:
    people = everyone(district)
    for of in (lambda p: p.id, lambda p: p.code, login):
        assert len({of(person) for person in people}) == len(people)


def test_people_leave_at_the_rate_that_was_asked_for(district: District) -> None:
    gone = [pupil for pupil in district.pupils if leaving(pupil) <= MAY]
    days = sum((min(leaving(pupil), MAY) - pupil.stays[0].first).days for pupil in district.pupils)
    assert len(gone) / days == pytest.approx(0.003, rel=0.2)


def test_nobody_leaves_comes_or_moves_by_chance_in_summer(district: District) -> None:
    for pupil in district.pupils:
        for on in (pupil.stays[0].first, leaving(pupil), *(move.on for move in pupil.moves)):
            assert not add_only(on) or on == date(on.year, 8, 1)


def test_some_vanish_some_come_back_and_some_linger_in_three_ways(district: District) -> None:
    stays = [pupil.stays for pupil in district.pupils if leaving(pupil) <= MAY]
    returned = [found[1].first - found[0].until for found in stays if len(found) == 2 and found[1].how == "here"]
    assert {days.days for days in returned} >= {12, 45}
    assert {found[1].how for found in stays if len(found) == 2} == {"here", INACTIVE, OFF, STOPPED}
    assert sum(len(found) == 1 for found in stays) > len(stays) / 2


@pytest.mark.parametrize(("how", "left"), [(OFF, "status"), (STOPPED, "subrole")])
def test_who_lingers_is_listed_with_every_role_over(district: District, how: str, left: str) -> None:
    lingering = [(pupil, stay.first) for pupil in district.pupils for stay in pupil.stays if stay.how == how]
    assert lingering
    for pupil, on in lingering:
        ties = pupil_ties(district, pupil, on)
        assert ties
        assert not any(tie.standing if left == "status" else tie.standing and tie.subrole != "S" for tie in ties)


def test_a_slot_is_filled_again_by_somebody_new(district: District) -> None:
    generations = Counter(pupil.generation for pupil in district.pupils)
    assert generations[1] > 100
    by_slot = {(pupil.cohort, pupil.slot, pupil.generation): pupil for pupil in district.pupils}
    for (cohort, slot, generation), pupil in by_slot.items():
        if generation:
            before = by_slot[cohort, slot, generation - 1]
            assert pupil.stays[0].first > before.stays[-1].until
            assert pupil.person.id != before.person.id


def test_some_newcomers_are_announced_before_their_first_day(district: District) -> None:
    begins = [pupil.begins - pupil.stays[0].first for pupil in district.pupils if pupil.generation and pupil.begins]
    assert set(begins) == {timedelta(days=5)}


def test_pupils_move_between_classes_schools_and_electives(district: District) -> None:
    kinds = Counter(move.kind for pupil in district.pupils for move in pupil.moves)
    assert kinds.keys() == {"class", "school", "subject"}
    assert kinds["school"] > kinds["class"]


def test_a_pupil_who_changes_schools_has_only_a_switched_off_role_at_the_old_one(district: District) -> None:
    seen = 0
    for pupil, on in [(one, move.on) for one in district.pupils for move in one.moves]:
        two_weeks = timedelta(days=14)
        before, after, later = (district.seat(pupil, day).school for day in (on - two_weeks, on, on + two_weeks))
        stay = pupil.stay(on)
        if stay and stay.how == "here" and before != after == later:
            seen += 1
            ties = pupil_ties(district, pupil, on)
            assert {tie.group.school for tie in ties if tie.standing} == {after}
            assert [tie.group.school for tie in ties if not tie.standing and tie.group.type == "skole"] == [before]
            assert before not in {tie.group.school for tie in pupil_ties(district, pupil, on + two_weeks)}
    assert seen > 20


def test_contact_teachers_groups_follow_the_teacher(district: District) -> None:
    """When she leaves, the group named after her is gone; her successor's is another."""
    school, name = district.schools[0], (3, "A")
    on = [START + timedelta(days=n) for n in range((MAY - START).days)]
    for one in list(district.timetable(school, START).classes):
        ids = [group.id if (group := district.mentor_group(school, one, 0, day)) else None for day in on]
        if len(set(ids)) == 3:
            assert None in ids
            return
    pytest.fail(f"no contact teacher was succeeded by another, not even in {name}")


def test_a_leaving_contact_teacher_hands_her_groups_over(district: District) -> None:
    for employee in district.employees:
        for stay in employee.stays:
            if stay.how != "here":
                assert not any(tie.role == "06" for tie in staff_ties(district, employee, stay.first))


def test_each_day_the_share_of_people_that_was_asked_for_changes(district: District) -> None:
    world, people = district.world, everyone(district)
    changed = sum(look(world, p, date_of(31, START)) != look(world, p, date_of(30, START)) for p in people)
    assert changed / len(people) == pytest.approx(0.02, rel=0.35)


def test_without_churn_nobody_ever_changes(district: District) -> None:
    still = World(11, 2, START, MAY, churn=0, leavers=0, movers=0)
    for person in everyone(district)[:200]:
        assert look(still, person, START) == look(still, person, MAY)


def test_names_addresses_and_telephones_all_change_sometimes_and_a_change_lasts(district: District) -> None:
    world, changed = district.world, Counter[str]()
    for person in everyone(district):
        before, after = look(world, person, START), look(world, person, MAY)
        assert before.given == after.given
        changed["name"] += before.family != after.family
        changed["mail"] += private_mail(person, before) != private_mail(person, after)
        changed["phone"] += phone(person, before) != phone(person, after)
    assert min(changed.values()) > 100
    assert len(changed) == 3


def test_a_login_stays_when_the_name_changes(district: District) -> None:
    for person in everyone(district)[:50]:
        assert login(person).startswith(login(person)[:2])
        assert login(person).endswith(person.code)
        assert login(person).isascii()


def test_a_change_of_custody_makes_a_guardian_next_of_kin(district: District) -> None:
    ends = [contact.until for pupil in district.pupils for contact in pupil.contacts if contact.until]
    assert len(ends) >= 5
    contact = next(c for pupil in district.pupils for c in pupil.contacts if c.until)
    assert contact.until
    assert contact.guards(contact.until - timedelta(days=1))
    assert not contact.guards(contact.until)


def test_substitutes_come_and_go_and_none_works_in_summer(district: District) -> None:
    substitutes = [employee for employee in district.employees if employee.contract]
    assert len(substitutes) >= 10
    for one in substitutes:
        begin, end = one.contract or (MAY, MAY)
        assert one.stays[0].first < begin < end < one.stays[0].until
        assert not add_only(begin)
        assert not add_only(end)


def test_a_single_school_has_everybody_too() -> None:
    district = District(World(3, 19, START, START, churn=0, leavers=0, movers=0), 9)
    assert len(district.schools) == 1
    assert len(district.pupils) == 470
    assert {district.seat(pupil, START).grade for pupil in district.pupils} == set(range(1, 11))
    assert {kind for school in district.schools for kind in school.types} == {"barneskole", "ungdomsskole"}


def test_people_of_different_districts_are_different_people() -> None:
    world = World(3, 4, START, START, churn=0, leavers=0, movers=0)
    one, other = ({person.id for person in everyone(District(world, index))} for index in (0, 1))
    assert not one & other


def test_in_the_biggest_world_numbers_are_still_given_once() -> None:
    world = World(1, 1900, START, START, churn=0, leavers=0, movers=0)
    numbers = [person.number for index in (0, 1, 400, 949) for person in everyone(District(world, index))]
    genuine = [number for number in numbers if number]
    assert len(genuine) > 0.9 * len(numbers)
    assert len(set(genuine)) == len(genuine)
