"""The synthetic municipality as OneRoster entries, in the form that a 1.1 service's JSON has; 1.2 is made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from rostersync.lab.district import LMS_KINDS, District, Grown
from rostersync.lab.families import Adult
from rostersync.lab.people import Person, login, look, private_mail
from rostersync.lab.pupils import HERE, INACTIVE, Pupil
from rostersync.lab.schoolyear import first_day, last_day, school_year
from rostersync.lab.staff import NO_USERS, Employee
from rostersync.lab.ties import pupil_ties, staff_ties
from rostersync.lab.world import OWNER, OWNER_NUMBER, Group, Tie, World

Entry = dict[str, Any]
Collections = Mapping[str, list[Entry]]
"""Collection -> its entries."""

_CHANGED: Final = "{}T02:00:00.000Z"
_STAFF_ROLES: Final = {"02": "teacher", "08": "aide"}
"""Roletype -> role; whoever else is employed is an administrator, as the national provider has it."""


def collections(world: World, on: date) -> Collections:
    """Everything that a service tells of the municipality on a date."""
    found: dict[str, list[Entry]] = {name: [] for name in ("orgs", "classes", "users", "enrollments")}
    found["orgs"].append(_entry(OWNER.id, on, name=OWNER.short, type="district", identifier=OWNER_NUMBER))
    for index in range(world.districts):
        _add(found, District(world, index), on)
    year = school_year(on)
    found["academicSessions"] = [
        _session(f"{year}-autumn", on, year, first_day(year), date(year, 12, 31)),
        _session(f"{year}-spring", on, year, date(year + 1, 1, 1), last_day(year)),
    ]
    found["courses"] = [_entry("skolefag", on, title="Skolefag", courseCode="", org=_to(OWNER.id))]
    return found


def source_id(person: Person) -> str:
    """The id that the service knows somebody by."""
    return str(uuid5(NAMESPACE_OID, person.code))


def as_1_2(entries: Collections) -> Collections:
    """The same as a 1.2 service tells it: roles at organisations in place of one role."""
    return {
        name: [_user_1_2(one) if name == "users" else _texts_1_2(one) for one in several]
        for name, several in entries.items()
    }


def _user_1_2(user: Entry) -> Entry:
    role, orgs = user["role"], user["orgs"]
    rest = {name: value for name, value in user.items() if name not in ("role", "orgs")}
    role = "siteAdministrator" if role == "administrator" else role
    roles = [{"roleType": "primary", "role": role, "org": org} for org in orgs]
    return _texts_1_2(rest) | {"roles": roles} | ({"primaryOrg": orgs[0]} if orgs else {})


def _texts_1_2(entry: Entry) -> Entry:
    """1.2 writes true and false as texts."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in entry.items()}


# -- one district ---------------------------------------------------------------------------------------------------


def _add(found: dict[str, list[Entry]], district: District, on: date) -> None:
    year = school_year(on)
    for school in (one for one in district.schools if not district.hidden(one, on)):
        above = {"parent": _to(OWNER.id)}
        found["orgs"].append(_entry(school.id, on, name=school.name, type="school", identifier=school.number, **above))
    found["classes"] += [_class(group, year, on) for group in district.groups(on) if group.type in LMS_KINDS]
    for pupil in district.pupils:
        stay = pupil.stay(on)
        if stay is not None and stay.how in (HERE, INACTIVE) and district.listed_pupil(pupil, on):
            found["users"].append(_pupil(district, pupil, on))
            found["enrollments"] += _enrollments(pupil.person, pupil_ties(district, pupil, on), "student", on)
    for grown in district.adults.values():
        found["users"] += _adult(district, grown, on)
        for post in _posts(district, grown, on):
            found["enrollments"] += _enrollments(grown.person, staff_ties(district, post, on), "teacher", on)


def _class(group: Group, year: int, on: date) -> Entry:
    extra = {"metadata": {"additionalClassType": "mentor"}} if group.type == "kontaktlærergruppe" else {}
    return _entry(
        group.id,
        on,
        title=group.short,
        classType="scheduled" if group.type == "undervisningsgruppe" else "homeroom",
        course=_to("skolefag"),
        school=_to(group.parent),
        terms=[_to(f"{year}-autumn"), _to(f"{year}-spring")],
        **extra,
    )


def _pupil(district: District, pupil: Pupil, on: date) -> Entry:
    stay = pupil.stay(on)
    adults = [_to(source_id(_grown(district, contact.adult))) for contact in pupil.contacts if contact.guards(on)]
    return _user(
        district.world,
        pupil.person,
        "student",
        [district.seat(pupil, on).school.id],
        on,
        agents=adults,
        enabledUser=stay is not None and stay.how == HERE,
        email=f"{login(pupil.person)}@lysvik.example",
    )


def _adult(district: District, grown: Grown, on: date) -> Iterator[Entry]:
    """One row for each of her roles, under one id, as the national provider does it."""
    posts = _posts(district, grown, on)
    by_role: dict[str, list[str]] = {}
    for post in posts:
        here = [one.id for one in (post.school, post.second) if one and not district.hidden(one, on)]
        at = here or [OWNER.id]
        by_role.setdefault(_STAFF_ROLES.get(post.role, "administrator"), []).extend(at)
    for role, orgs in by_role.items():
        email = f"{login(grown.person)}@lysvik.example"
        yield _user(district.world, grown.person, role, list(dict.fromkeys(orgs)), on, email=email)
    wards = [pupil for pupil, contact in grown.wards if contact.guards(on) and district.listed_pupil(pupil, on)]
    if wards:
        email = private_mail(grown.person, look(district.world, grown.person, on))
        agents = [_to(source_id(pupil.person)) for pupil in wards]
        yield _user(district.world, grown.person, "parent", [OWNER.id], on, agents=agents, email=email)


def _posts(district: District, grown: Grown, on: date) -> list[Employee]:
    return [
        post
        for post in grown.posts
        if district.listed_employee(post, on) and post.works(on) and post.subrole not in NO_USERS
    ]


def _enrollments(person: Person, ties: list[Tie], role: str, on: date) -> Iterator[Entry]:
    for tie in ties:
        if tie.standing and tie.subrole != "S" and tie.group.type in LMS_KINDS and tie.role != "08":
            number = f"{source_id(person)}_{tie.group.id}"
            dates = {name: day.isoformat() for name, day in (("beginDate", tie.begin), ("endDate", tie.end)) if day}
            places = {"user": _to(source_id(person)), "class": _to(tie.group.id), "school": _to(tie.group.parent)}
            yield _entry(number, on, role=role, **places, **dates)


# -- parts ----------------------------------------------------------------------------------------------------------


def _user(world: World, person: Person, role: str, orgs: list[str], on: date, **more: Any) -> Entry:
    looks = look(world, person, on)
    told = {
        "username": "" if role == "parent" else login(person),
        "enabledUser": True,
        "givenName": looks.given,
        "familyName": looks.family,
        "role": role,
        "orgs": [_to(org) for org in orgs],
        "identifier": person.number,
        "userIds": [] if role == "parent" else [{"type": "Feide", "identifier": f"{login(person)}@lysvik.example"}],
        "agents": [],
    }
    return _entry(source_id(person), on, **(told | more))


def _session(number: str, on: date, year: int, begin: date, end: date) -> Entry:
    days = {"startDate": begin.isoformat(), "endDate": end.isoformat()}
    return _entry(number, on, title=number, type="term", schoolYear=str(year + 1), **days)


def _entry(number: str, on: date, **told: Any) -> Entry:
    return {"sourcedId": number, "status": "active", "dateLastModified": _CHANGED.format(on.isoformat())} | told


def _to(number: str) -> Entry:
    return {"sourcedId": number, "type": "", "href": ""}


def _grown(district: District, adult: Adult) -> Person:
    return district.adults[district.adult_ids[adult]].person
