"""A small source, role model and mapping for the mapping tests, and ways to ask what is wrong with an edited one."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Fields

import pytest
from hypothesis import HealthCheck, settings

from rostersync.errors import UserMistake
from rostersync.mapping import Mapping, parse_mapping, parse_roles
from rostersync.model import Record

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For property tests: a busy machine is no finding."""

FIELDS: dict[str, frozenset[str]] = {
    "person": frozenset(
        (
            *("sourcedid", "sourcedid.old", "name.given", "name.family", "name.fn", "nin", "userid.*"),
            *("email", "email2", "bday", "status", "recstatus"),
        )
    ),
    "group": frozenset(
        ("sourcedid", "type", "short", "long", "orgnr", "parent", "begin", "end", "mentor", "recstatus")
    ),
    "membership": frozenset(("sourcedid", "season")),
    "member": frozenset(("member", "roletype", "subrole", "status", "begin", "end", "primary")),
    "contact": frozenset(("contact", "type")),
}

ROLE_TEXT = """\
version: 1
name: small
ties:
  pupil: pupil
  teacher: staff
  substitute: staff
  leader: staff
suggests:
  leader: school_leader
release:
  system_administrator: []
  super_user: []
  school_leader: []
  staff: [national_number, login]
  pupil: [national_number, login]
  guardian: [email]
groups:
  base_class: [pupil, staff, guardian]
  teaching_group: [pupil, staff]
samlegrupper:
  all_pupils: {title: Alle elever, ties: [pupil], role: pupil}
  all_teachers: {title: Alle lærere, ties: [teacher, substitute], role: staff}
  all_guardians: {title: Alle foresatte, guardians: yes, role: guardian}
revealing: [Særskilt, fritak]
neutral_title: Gruppe
tests:
  - name: a substitute is gathered with the teachers
    given: {tie: substitute}
    expect: {role: staff, samlegrupper: all_teachers}
"""

ROLES = parse_roles(ROLE_TEXT, "small.yaml")

TEXT = """\
version: 1
name: small-source
roles: small
person:
  key: sourcedid
  old_keys: sourcedid.old
  fields:
    given_name: {from: name.given, required: yes}
    family_name: {from: name.family, required: yes}
    national_number: {from: nin, as: [national_number], sensitive: yes, basis: identification}
    email:
      from: [email, email2]
      as: [email]
      sensitive: yes
      basis: contact with guardians
    birth_date: {from: bday, sensitive: yes, basis: the 18th birthday, use: decide}
    sis_id: {from: userid.sisID}
  skip:
    - {when: {status: inaktiv}, because: inactive}
group:
  key: sourcedid
  fields:
    name: {from: short, required: yes}
    title: {from: [long, short]}
    parent: {from: parent}
    number: {from: orgnr, as: [organisation_number]}
    begin: {from: begin}
    end: {from: end}
    mentor: {from: mentor}
  skip:
    - {when: {recstatus: 3}, because: deleted}
  type:
    - {when: {type: skole}, is: school}
    - {when: {type: basisgruppe}, is: base_class}
    - {when: {type: korps}, reject: yes, because: no such thing}
    - {otherwise: skip, because: not used}
membership:
  key: [sourcedid, member]
  fields:
    begin: {from: begin}
    end: {from: end}
    primary: {from: primary, table: {1: yes, otherwise: no}}
  skip:
    - {when: {status: 0}, because: switched off}
  role:
    - {when: {roletype: 01}, is: pupil}
    - {when: {roletype: 02, subrole: [vikar, reserve]}, is: substitute}
    - {when: {roletype: 02, subrole: ""}, is: teacher}
    - {when: {roletype: 04}, skip: yes, because: no user}
    - {otherwise: reject, because: unknown roletype}
contact:
  key: contact
  kind:
    - {when: {type: guardian}, is: guardian}
    - {when: {type: nextOfKin}, skip: yes, because: next of kin}
    - {otherwise: question, because: unknown kind}
tests:
  - name: a pupil
    given: {membership: {sourcedid: x/g, member: x/1, roletype: 01}}
    expect: {membership: {role: pupil}}
"""

Include = Callable[[str], str]


def parse(text: str = TEXT, name: str = "small.yaml", include: Include | None = None) -> Mapping:
    """The mapping of a text, with the small source and role model."""
    return parse_mapping(text, name, fields=FIELDS, roles=ROLES, include=include)


def problems(text: str, name: str = "small.yaml", include: Include | None = None) -> list[str]:
    """Everything that is wrong with a mapping's text, as it is shown to the user."""
    return problems_of(lambda: parse(text, name, include))


def problems_of(step: Callable[[], object]) -> list[str]:
    """The problems that a step raises."""
    with pytest.raises(UserMistake) as raised:
        step()
    return [str(problem) for problem in raised.value.problems]


def edited(old: str, new: str, text: str = TEXT) -> str:
    """A text with one passage changed, which must be in it exactly once."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the text"
    return text.replace(old, new)


def told_at(text: str) -> tuple[str, int]:
    """A text without its `§`, and the line on which the `§` stood."""
    assert text.count("§") == 1
    return text.replace("§", ""), text[: text.index("§")].count("\n") + 1


def record(kind: str, fields: Fields[str, str | tuple[str, ...]], *parts: Record, line: int = 7) -> Record:
    """A record; one text needs no tuple."""
    texts = {name: (value,) if isinstance(value, str) else value for name, value in fields.items()}
    return Record(kind, texts, line, parts)  # type: ignore[arg-type]


def person(*contacts: Record, **fields: str | tuple[str, ...]) -> Record:
    """A person named Kari Eksempel, with some fields changed; dots in field names are written `__`."""
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return record("person", {"sourcedid": "x/1", "name.given": "Kari", "name.family": "Eksempel", **named}, *contacts)


def group(**fields: str | tuple[str, ...]) -> Record:
    """A base class 7A, with some fields changed."""
    return record("group", {"sourcedid": "x/7A", "type": "basisgruppe", "short": "7A", **fields})


def membership(*members: Record, **fields: str) -> Record:
    """A membership of 7A."""
    return record("membership", {"sourcedid": "x/7A", **fields}, *members)


def member(line: int = 9, **fields: str | tuple[str, ...]) -> Record:
    """A pupil of a group, with some fields changed."""
    return record("member", {"member": "x/1", "roletype": "01", "status": "1", **fields}, line=line)
