"""Who is tied to which group on a date, as the export says it."""

from __future__ import annotations

from datetime import date, timedelta

from rostersync.lab.district import District, Grown
from rostersync.lab.pupils import OFF, STOPPED, Pupil, Seat
from rostersync.lab.staff import ASSISTANTS, Employee
from rostersync.lab.victims import extra_groups_of
from rostersync.lab.world import OWNER, Group, Tie


def pupil_ties(district: District, pupil: Pupil, on: date) -> list[Tie]:
    """A pupil's ties on a date: none when she is not listed."""
    at = pupil.person.id, on
    if at not in district.ties:
        district.ties[at] = _pupil_ties(district, pupil, on)
    return district.ties[at]


def staff_ties(district: District, employee: Employee, on: date) -> list[Tie]:
    """A listed employee's ties on a date."""
    stay, school = employee.stay(on), employee.school
    if stay is None:
        return []
    standing = stay.how != OFF
    if school is None:
        return [Tie(OWNER, employee.role, employee.subrole)]
    begin, end = employee.contract or (None, None)
    ties: list[Tie] = []
    main = True if employee.second else None
    if not district.hidden(school, on):
        at = district.school_groups[school.place]
        ties.append(Tie(at, employee.role, employee.subrole, begin, end, standing, main))
        if employee.subrole == "inspektør":  # she also teaches
            ties.append(Tie(at, "02", "faglærer", standing=standing))
        ties += _teaching(district, employee, on, standing)
    if employee.second and not district.hidden(employee.second, on):
        there = district.school_groups[employee.second.place]
        ties.append(Tie(there, employee.role, standing=standing, primary=False))
    return ties


def guardian_ties(district: District, grown: Grown, on: date) -> list[Tie]:
    """The ties of an adult as guardian: the guardians' groups of her wards' classes, and the parents' council.

    None of them makes her anybody at school: the groups are of kinds no LMS gets, the subrole is no user's.
    """
    ties = {}
    for pupil, contact in grown.wards:
        stay = pupil.stay(on)
        if stay is None or not contact.guards(on):
            continue
        at = district.seat(pupil, on)
        if district.hidden(at.school, on):
            continue
        table = district.timetable(at.school, on)
        group = table.classes[at.grade, at.letter].guardians
        ties[group.id] = Tie(group, "04")
        if district.fau(pupil, contact, on):
            for place in (table.parents_council, district.school_groups[at.school.place]):
                ties[place.id] = Tie(place, "04", "foresattrepresentant")
    return list(ties.values())


def _pupil_ties(district: District, pupil: Pupil, on: date) -> list[Tie]:
    stay, at = pupil.stay(on), district.seat(pupil, on)
    if stay is None or district.hidden(at.school, on):
        return []
    standing, subrole = stay.how != OFF, "S" if stay.how == STOPPED else ""
    end = pupil.finishes if at.grade == 10 else None
    ties = [Tie(district.school_groups[at.school.place], "01", subrole, pupil.begins, end, standing)]
    ties += [
        Tie(group, "01", subrole, pupil.begins, None, standing) for group in _pupil_groups(district, pupil, at, on)
    ]
    _dropped_subject(pupil, ties)
    if (old := _old_school(district, pupil, at, on)) is not None:
        ties.append(Tie(district.school_groups[old], "01", standing=False))
    if district.world.has("inverted-dates", on) and pupil.slot % 37 == 6:
        ties[1] = ties[1]._replace(begin=date(on.year, 8, 20), end=date(on.year, 6, 30))
    return ties


def _pupil_groups(district: District, pupil: Pupil, at: Seat, on: date) -> list[Group]:
    """The class first, then everything that follows from it, then what the pupil has chosen."""
    table = district.timetable(at.school, on)
    name = at.grade, at.letter
    one = table.classes[name]
    groups = [one.base, *one.subjects, table.grades[at.grade]]
    luck = pupil.person.luck
    if mentors := district.mentor_group(at.school, name, luck[3] % 2, on):
        groups.append(mentors)
    if at.grade <= 4 and luck[4] % 5 < 3:
        groups.append(table.after_school)
    if at.grade > 7:
        languages, electives = table.languages[at.grade], table.electives[at.grade]
        groups.append(languages[luck[5] % len(languages)])
        groups.append(electives[(luck[5] // 7 + pupil.moved("subject", on)) % len(electives)])
    return groups + extra_groups_of(district.world, pupil, at, on)


def _dropped_subject(pupil: Pupil, ties: list[Tie]) -> None:
    """A few pupils have dropped a subject, which the export tells in one of two ways."""
    draw = pupil.person.luck[6] >> 20
    if draw % 50 > 1:
        return
    at = 2 + draw // 50 % 10  # after the school and the class come the subjects
    ties[at] = ties[at]._replace(standing=False) if draw % 50 else ties[at]._replace(subrole="S")


def _old_school(district: District, pupil: Pupil, at: Seat, on: date) -> int | None:
    """Where a pupil who changed schools within the last two weeks still has a switched-off role."""
    if at.grade > 7 or len(district.schools) == 1:
        return None
    before = on - timedelta(days=14)
    recent = any(move.kind == "school" and before < move.on <= on for move in pupil.moves)
    old = district.seat(pupil, before).school
    return old.place if recent and old != at.school and not district.hidden(old, on) else None


def _teaching(district: District, employee: Employee, on: date, standing: bool) -> list[Tie]:
    """The groups that go with a post. A substitute takes over an absent teacher's, for as long as her contract runs."""
    if employee.school is None:
        return []
    table = district.timetable(employee.school, on)
    if employee.contract:
        begin, end = employee.contract
        classes = list(table.classes.values())
        subjects = classes[employee.person.luck[3] % len(classes)].subjects[:4]
        return [Tie(group, "02", "vikar", begin, end, standing) for group in subjects]
    if employee.post in ASSISTANTS:
        classes = list(table.classes.values())
        return [Tie(classes[employee.post % len(classes)].base, "08", standing=standing)]
    groups = table.teaching.get(employee.post, ())
    ties = [Tie(group, "02", employee.subrole, standing=standing) for group in groups]
    if len(ties) > 2 and employee.person.luck[3] % 20 == 0:  # she has been given fewer hours
        ties[-1] = ties[-1]._replace(standing=False)
    return ties + _mentoring(district, employee, on, standing)


def _mentoring(district: District, employee: Employee, on: date, standing: bool) -> list[Tie]:
    """The groups of the classes whose contact teacher she is; a colleague on her way out has handed hers over."""
    school = employee.school
    if school is None or not employee.works(on):
        return []
    ties = []
    for name, one in district.timetable(school, on).classes.items():
        if employee.post in one.teachers:
            group = district.mentor_group(school, name, one.teachers.index(employee.post), on)
            if group is not None:
                ties.append(Tie(group, "06", standing=standing, written=not group.mentor))
    return ties
