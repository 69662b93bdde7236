"""What an LMS should hold of one person on one date, told from the world itself and not from an export."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from rostersync.lab.course import Status
from rostersync.lab.district import LMS_KINDS, District, Grown
from rostersync.lab.families import Contact
from rostersync.lab.pupils import HERE, INACTIVE, Pupil
from rostersync.lab.staff import NO_USERS
from rostersync.lab.ties import pupil_ties, staff_ties
from rostersync.lab.world import DATASOURCE, Tie

PUPIL_LEAD, PUPIL_GRACE = 7, 14
STAFF_LEAD, STAFF_GRACE = 30, 60
_LEFT_SUBROLES = frozenset({"P", "L", "S"})


class Wish(NamedTuple):
    """An LMS user's memberships on a date. `schools` are organisation numbers, a school face's home school first.

    `groups` are (group key, role), `gatherings` (kind of samlegruppe, organisation number).
    """

    schools: tuple[str, ...]
    groups: frozenset[tuple[str, str]]
    gatherings: frozenset[tuple[str, str]]


def key(source_id: str) -> str:
    """A source id as the sync keys it."""
    return f"{DATASOURCE}/{source_id}"


def pupil_wish(district: District, pupil: Pupil, on: date) -> Wish | None:
    """What a pupil should have; None when no tie of hers counts."""
    ties = _counting_ties(district, pupil, on, PUPIL_LEAD)
    if not ties:
        return None
    schools = _schools(ties)
    return Wish(schools, _groups(ties, "pupil"), frozenset(("all_pupils", school) for school in schools))


def staff_wish(district: District, grown: Grown, on: date) -> Wish | None:
    """What an employee should have; None when no tie of hers counts or makes a user."""
    ties: list[Tie] = []
    for post in grown.posts:
        stay = post.stay(on)
        if stay is not None and stay.how != INACTIVE:
            ties += [
                tie
                for tie in staff_ties(district, post, on)
                if tie.subrole not in NO_USERS and _counts(tie, on, STAFF_LEAD, STAFF_GRACE)
            ]
    if not ties:
        return None
    gatherings = set()
    for tie in ties:
        if tie.group.school:
            gatherings.add(("all_employees", tie.group.school.number))
            if tie.role in ("02", "06"):
                gatherings.add(("all_teachers", tie.group.school.number))
    return Wish(_schools(ties), _groups(ties, "staff"), frozenset(gatherings))


def guardian_wish(district: District, grown: Grown, on: date) -> Wish | None:
    """What a guardian should have: her wards' classes. None when no guardianship stands."""
    ties: list[Tie] = []
    for pupil, contact in grown.wards:
        if stands(district, pupil, contact, on):
            ties += _counting_ties(district, pupil, on, lead=0)
    if not ties:
        return None
    schools = tuple(sorted(_schools(ties)))
    classes = [tie for tie in ties if tie.group.type == "basisgruppe"]
    return Wish(schools, _groups(classes, "guardian"), frozenset(("all_guardians", school) for school in schools))


def pupil_status(district: District, pupil: Pupil, on: date, lead: int = PUPIL_LEAD) -> Status:
    """How the source has a pupil on a date. Whether any tie counts can be told from those to her school alone."""
    stay = pupil.stay(on)
    if stay is None or district.hidden(district.seat(pupil, on).school, on):
        return Status.ABSENT
    active = stay.how == HERE and is_open(pupil.begins, pupil.finishes, on, lead, PUPIL_GRACE)
    return Status.ACTIVE if active else Status.LEFT


def stands(district: District, pupil: Pupil, contact: Contact, on: date) -> bool:
    """Whether a guardianship stands on a date: from the first school day, while the export has pupil and pointer."""
    return (
        contact.guards(on)
        and on < eighteenth_birthday(pupil)
        and pupil.person.id not in district.nameless(on)
        and pupil_status(district, pupil, on, lead=0) is Status.ACTIVE
    )


def eighteenth_birthday(pupil: Pupil) -> date:
    """The first day of being grown up; for who was born on 29 February, 18 years on that is the 28th."""
    born = pupil.person.birth
    leap_day = (born.month, born.day) == (2, 29)
    return date(born.year + 18, born.month, 28 if leap_day else born.day)


@lru_cache(maxsize=4096)
def is_open(begin: date | None, end: date | None, on: date, lead: int, grace: int) -> bool:
    """Whether dates admit a date. Grace holds only after an end in June or July, when a school year ends."""
    if begin and end and end < begin:
        return False
    if begin and on < begin - timedelta(days=lead):
        return False
    return end is None or on <= end + timedelta(days=grace if end.month in (6, 7) else 0)


def _counting_ties(district: District, pupil: Pupil, on: date, lead: int) -> list[Tie]:
    stay = pupil.stay(on)
    if stay is None or stay.how == INACTIVE:
        return []
    ties = pupil_ties(district, pupil, on)
    return [tie for tie in ties if tie.subrole not in _LEFT_SUBROLES and _counts(tie, on, lead, PUPIL_GRACE)]


def _counts(tie: Tie, on: date, lead: int, grace: int) -> bool:
    group = tie.group
    used = group.type in LMS_KINDS or group.type in ("skole", "skoleeier")
    if not used or not tie.standing or (group.school is None and group.type != "skoleeier"):
        return False
    return is_open(tie.begin, tie.end, on, lead, grace) and is_open(group.begin, group.end, on, lead, grace)


def _schools(ties: list[Tie]) -> tuple[str, ...]:
    """Organisation numbers, the primary tie's first."""
    first = sorted(ties, key=lambda tie: not tie.primary)
    return tuple(dict.fromkeys(tie.group.school.number for tie in first if tie.group.school))


def _groups(ties: list[Tie], role: str) -> frozenset[tuple[str, str]]:
    return frozenset((key(tie.group.id), role) for tie in ties if tie.group.type in LMS_KINDS)
