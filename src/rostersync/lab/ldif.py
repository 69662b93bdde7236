"""The municipality's Feide directory as LDIF (RFC 2849): the same people as in the export of the day.

Pupils and employees have an entry, guardians have none. `feide.schema.ldif` beside this file is the schema it needs.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from rostersync.lab.district import District
from rostersync.lab.people import Person, login, look
from rostersync.lab.ties import pupil_ties, staff_ties
from rostersync.lab.world import OWNER, OWNER_NUMBER, School, Tie, World

SUFFIX: Final = "dc=lysvik,dc=example"
REALM: Final = "lysvik.example"
PEOPLE: Final = f"ou=people,{SUFFIX}"
ORGANISATION: Final = f"ou=organization,{SUFFIX}"

_TYPES: Final = {"basisgruppe": "b", "undervisningsgruppe": "u"}
_ROLES: Final = {"01": "student", "02": "faculty", "06": "faculty"}
_PERSON_CLASSES: Final = ("top", "person", "organizationalPerson", "inetOrgPerson", "eduPerson", "norEduPerson")

Lines = Iterable[tuple[str, str]]


def schema() -> str:
    """The schema that a server needs for these entries, as LDIF for its `cn=config`."""
    return files("rostersync.lab").joinpath("feide.schema.ldif").read_text(encoding="utf-8")


def write_ldif(path: Path, world: World, *, entry_ids: bool = False) -> int:
    """Write the directory as it stands on the world's day. Gives the number of persons.

    With `entry_ids` a person's entry keeps its id from one day's directory to the next; only slapadd takes those.
    """
    persons = 0
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(_frame())
        for index in range(world.districts):
            district = District(world, index)
            file.writelines(_school(school) for school in district.schools)
            for text in _persons(district, world.today, entry_ids):
                file.write(text)
                persons += 1
    return persons


def entry(dn: str, lines: Lines) -> str:
    """One entry."""
    return "\n".join([_line("dn", dn), *(_line(name, text) for name, text in lines), "", ""])


def escaped(text: str) -> str:
    """A value within a DN (RFC 4514)."""
    return "".join(f"\\{sign}" if sign in ',+"\\<>;=' else sign for sign in text)


def group_values(ties: Iterable[Tie], number: str) -> Iterator[tuple[str, str]]:
    """The two entitlements of each group that somebody is in, at the school with an organisation number."""
    for tie in ties:
        group, role = tie.group, _ROLES.get(tie.role, "")
        kind = _TYPES.get(group.type, "")
        if not (kind and role and tie.standing and group.begin and group.end):
            continue
        local = quote(group.short, safe="")
        period = f"{group.begin.isoformat()}:{group.end.isoformat()}"
        grep = quote(group.code, safe="")
        name = quote(group.long, safe="")
        urn = "urn:mace:feide.no:go"
        yield "eduPersonEntitlement", f"{urn}:group:{kind}:{grep}:NO{number}:{local}:{period}:{role}:{name}"
        canonical = quote(group.short.lower(), safe="")
        yield "eduPersonEntitlement", f"{urn}:groupid:{kind}:NO{number}:{canonical}:{period}"


def _frame() -> Iterator[str]:
    classes = (("objectClass", one) for one in ("top", "dcObject", "organization", "eduOrg", "norEduOrg"))
    told = (("dc", SUFFIX[3:].partition(",")[0]), ("o", OWNER.short), ("eduOrgLegalName", OWNER.short))
    number = (("norEduOrgNIN", f"NO{OWNER_NUMBER}"), ("norEduOrgSchemaVersion", "2.0"), ("mail", f"post@{REALM}"))
    yield entry(SUFFIX, (*classes, *told, *number))
    for dn in (PEOPLE, ORGANISATION):
        yield entry(dn, (("objectClass", "organizationalUnit"), ("ou", dn[3:].partition(",")[0])))


def _school_dn(school: School) -> str:
    return f"ou={escaped(school.name)},{ORGANISATION}"


def _school(school: School) -> str:
    classes = (("objectClass", "organizationalUnit"), ("objectClass", "norEduOrgUnit"))
    told = (("ou", school.name), ("norEduOrgUnitUniqueIdentifier", f"NO{school.number}"))
    return entry(_school_dn(school), (*classes, *told, ("mail", f"post.{school.id}@{REALM}")))


def _persons(district: District, on: date, entry_ids: bool) -> Iterator[str]:
    for pupil in district.pupils:
        if district.listed_pupil(pupil, on):
            school = district.seat(pupil, on).school
            ties = pupil_ties(district, pupil, on)
            numbers = (district.adults[district.adult_ids[one.adult]].person.number for one in pupil.contacts)
            guardians = (("norEduPersonGuardianNIN", number) for number in numbers if number)
            more = (*guardians, *_entry_id(pupil.person, entry_ids))
            yield _person(district.world, pupil.person, on, [school], ties, "student", more)
    for grown in district.adults.values():
        posts = [post for post in grown.posts if district.listed_employee(post, on)]
        if posts:
            schools = [post.school for post in posts if post.school]
            ties = [tie for post in posts for tie in staff_ties(district, post, on)]
            kind = "faculty" if any(tie.role == "02" for tie in ties) else "employee"
            more = _entry_id(grown.person, entry_ids)
            yield _person(district.world, grown.person, on, schools, ties, kind, more)


def _entry_id(person: Person, wanted: bool) -> tuple[tuple[str, str], ...]:
    return (("entryUUID", str(uuid5(NAMESPACE_OID, person.code))),) if wanted else ()


def _person(
    world: World, person: Person, on: date, schools: list[School], ties: Iterable[Tie], kind: str, more: Lines
) -> str:
    looks, name = look(world, person, on), login(person)
    full = f"{looks.given} {looks.family}"
    units = [_school_dn(school) for school in dict.fromkeys(schools)]
    at = schools[0].number if schools else OWNER_NUMBER
    lines = [
        *(("objectClass", one) for one in _PERSON_CLASSES),
        *(("uid", name), ("cn", full), ("displayName", full), ("norEduPersonLegalName", full)),
        *(("givenName", looks.given), ("sn", looks.family), ("eduPersonPrincipalName", f"{name}@{REALM}")),
        *(("eduPersonAffiliation", one) for one in dict.fromkeys((kind, "member"))),
        ("eduPersonPrimaryAffiliation", kind),
        ("eduPersonOrgDN", SUFFIX),
        *(("eduPersonOrgUnitDN", dn) for dn in units),
        *(("eduPersonPrimaryOrgUnitDN", dn) for dn in units[:1]),
        ("norEduPersonNIN", person.number) if person.number else ("norEduPersonLIN", f"{REALM}:localnin:{person.id}"),
        *dict.fromkeys(group_values(ties, at)),
        *more,
    ]
    return entry(f"uid={name},{PEOPLE}", lines)


def _line(name: str, text: str) -> str:
    """One line: as it is where that is safe, else in Base64."""
    if text.isascii() and text.isprintable() and text[:1] not in (" ", ":", "<") and text[-1:] != " ":
        return f"{name}: {text}"
    return f"{name}:: {b64encode(text.encode()).decode()}"
