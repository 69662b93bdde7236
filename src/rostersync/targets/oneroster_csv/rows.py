"""Our model -> the rows of a OneRoster 1.1 bulk set, each a sequence of texts in the order of its header.

`status` and `dateLastModified` are blank in a bulk set, so an unchanged thing gives an unchanged row. Keys: an
organisation, class or session stands under our id, a user under her `key` (the LMS's own where she was adopted).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

from msgspec import Struct

from rostersync.model import Group, Organisation, Role, User
from rostersync.targets.leftout import LeftOut
from rostersync.targets.oneroster_csv.sessions import Session, years_of

Row = Sequence[str]

HEADERS: Mapping[str, tuple[str, ...]] = {
    name: tuple(columns.split(","))
    for name, columns in {
        "manifest": "propertyName,value",
        "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
        "academicSessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
        "courses": "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,"
        "subjects,subjectCodes",
        "classes": "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,"
        "schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods",
        "users": "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,"
        "familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password",
        "enrollments": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,"
        "beginDate,endDate",
    }.items()
}
"""The files we write, in this order, and the columns that OneRoster 1.1 gives each."""

_ABSENT = ("categories", "classResources", "courseResources", "demographics", "lineItems", "resources", "results")

USER_ROLES: Mapping[Role, str] = {
    "system_administrator": "administrator",
    "super_user": "teacher",
    "school_leader": "administrator",
    "staff": "teacher",
    "pupil": "student",
    "guardian": "guardian",
}

ENROLMENT_ROLES: Mapping[Role, str] = {role: word for role, word in USER_ROLES.items() if role != "guardian"}
"""OneRoster 1.1 has no enrolment of a guardian; the link to the pupil carries her to the class."""

HOMEROOM = frozenset({"base_class", "mentor_group"})
"""The group kinds that are a pupil's home; every other kind is `scheduled`."""

GUARDIAN_MEMBERSHIP = "a guardian's class membership (OneRoster 1.1 has none; the link to the pupil carries it)"
NO_CLASS = "an enrolment in a class that is not in the set"
NO_SCHOOL = "a class whose school is not in the set"
NO_ORGANISATION = "a user's tie to a school that is not in the set"
NO_PARENT = "a school's tie to an organisation that is not in the set"


class Frame(Struct, frozen=True):
    """What the rows of users may point to.

    `root` is the owner's organisation id, or empty. `classes` maps a class to the cells that every enrolment in it
    shares, ready made. `unchosen` are groups that the settings keep out of the set.
    """

    root: str
    organisations: frozenset[str]
    classes: Mapping[str, str]
    unchosen: frozenset[str]


def line(row: Row) -> str:
    """One row as RFC 4180 text, with its line end. The same bytes as the csv module's, in a third of its time."""
    text = ",".join(row)
    if text.count(",") >= len(row) or '"' in text or "\n" in text or "\r" in text:
        text = ",".join(map(_cell, row))
    return text + "\r\n"


def _cell(text: str) -> str:
    if "," in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def manifest_rows() -> Iterator[Row]:
    """What the set is, and which files are in it."""
    yield "manifest.version", "1.0"
    yield "oneroster.version", "1.1"
    for name in sorted((*_ABSENT, *HEADERS)):
        if name != "manifest":
            yield f"file.{name}", "bulk" if name in HEADERS else "absent"
    yield "source.systemName", "rostersync"
    yield "source.systemCode", "rostersync"


def organisation_rows(organisations: Collection[Organisation], left_out: LeftOut) -> Iterator[Row]:
    """Owners are districts, schools are schools."""
    there = {organisation.id for organisation in organisations}
    for organisation in organisations:
        parent = organisation.parent if organisation.parent in there else ""
        left_out.add(NO_PARENT, parent != organisation.parent)
        kind = "district" if organisation.kind == "owner" else "school"
        yield organisation.id, "", "", organisation.name, kind, organisation.number, parent


def session_rows(sessions: Iterable[Session]) -> Iterator[Row]:
    """Each school year is one term."""
    for session in sessions:
        begin, end = session.begin.isoformat(), session.end.isoformat()
        yield session.id, "", "", session.title, "term", begin, end, "", str(session.end.year)


def course_rows(kinds: Iterable[str], organisation: str) -> Iterator[Row]:
    """OneRoster hangs every class on a course; the kind of group is the only course that we know of."""
    for kind in kinds:
        yield _course(kind), "", "", "", kind, "", "", organisation, "", ""


def _course(kind: str) -> str:
    return f"course-{kind}"


def class_rows(groups: Iterable[Group], sessions: Sequence[Session]) -> Iterator[Row]:
    """One class a group. A group without dates stands in every school year of the set."""
    by_year = {session.begin.year: session.id for session in sessions}
    always = ",".join(session.id for session in sessions)
    for group in groups:
        terms = ",".join(by_year[year] for year in years_of(group)) or always
        kind = "homeroom" if group.kind in HOMEROOM else "scheduled"
        title = group.name or group.title
        yield group.id, "", "", title, "", _course(group.kind), "", kind, "", group.school, terms, "", "", ""


def user_row(user: User, key: str, frame: Frame, left_out: LeftOut) -> tuple[str, ...]:
    """A user's row up to the column before `agentSourcedIds`; `with_agents` completes it.

    OneRoster requires a username: where no login may be released, the key stands in, which tells nothing about her.
    """
    role, schools = _role_and_schools(user, frame, left_out)
    fields = dict(user.fields)
    username = fields.get("login") or fields.get("feide_id") or key
    enabled = "true" if user.enabled else "false"
    names = (user.given_name, user.family_name, "")
    released = (fields.get("national_number", ""), fields.get("email", ""), "", "")
    return (key, "", "", enabled, ",".join(schools), role, username, "", *names, *released)


def with_agents(row: Row, agents: str) -> Row:
    """The whole row of a user; `agents` are the keys of her guardians and wards, separated by commas."""
    return (*row, agents, "", "")


def _role_and_schools(user: User, frame: Frame, left_out: LeftOut) -> tuple[str, list[str]]:
    """The row's one role, and only the schools where she holds just that: a role is never carried to another school."""
    role = USER_ROLES[user.role]
    there = [at for at in user.schools if at.school in frame.organisations]
    left_out.add(NO_ORGANISATION, len(user.schools) - len(there))
    schools = [at.school for at in there if USER_ROLES[at.role] == role]
    if schools:
        return role, schools
    # She works for the owner alone, or her schools are not in the set: at the root nobody is raised above staff.
    return "teacher" if user.role == "school_leader" else role, [frame.root]


def class_cells(group: Group) -> str:
    """The two cells that point from an enrolment to its class and school."""
    return f"{_cell(group.id)},{_cell(group.school)}"


def enrolment_lines(user: User, key: str, frame: Frame, left_out: LeftOut) -> Iterator[str]:
    """A user's classes, a line each, for there are millions; none for a suspended user.

    The key of an enrolment is the same for ever for user, class and role.
    """
    if not user.enabled:
        return
    name = _cell(key)
    for group, role in dict.fromkeys((one.group, ENROLMENT_ROLES.get(one.role, "")) for one in user.memberships):
        cells = frame.classes.get(group)
        if not role:
            left_out.add(GUARDIAN_MEMBERSHIP)
        elif cells is not None:
            digest = blake2b(f"{user.id}/{group}/{role}".encode(), digest_size=16).hexdigest()
            yield f"{digest},,,{cells},{name},{role},,,\r\n"
        elif group not in frame.unchosen:
            left_out.add(NO_CLASS)
