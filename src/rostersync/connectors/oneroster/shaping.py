"""Turns what a roster says of one entry into our form. The one place that knows the standard's names, of 1.1 and 1.2 alike.

What no function here names (passwords, profiles with credentials, pronouns, demographics) is never written to disk.
Names are those of 1EdTech's OneRoster 1.1 (2017) and 1.2 Rostering (2022).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any, Final
from unicodedata import normalize

from rostersync.connectors.oneroster.entries import (
    Class,
    Course,
    Enrollment,
    Entry,
    Org,
    Place,
    Post,
    Session,
    Texts,
    User,
)

Raw = Mapping[str, Any]
"""One entry as the service's JSON has it; a CSV row is brought into the same form first."""

GUARDIANS: Final = frozenset({"guardian", "parent", "relative"})
PUPIL: Final = "student"

USER_FIELDS: Final = (
    "sourcedId", "username", "enabledUser", "givenName", "middleName", "familyName", "preferredFirstName",
    "preferredMiddleName", "preferredLastName", "identifier", "userMasterIdentifier", "email", "sms", "phone",
)  # fmt: skip
ORG_FIELDS: Final = ("sourcedId", "name", "type", "identifier")
CLASS_FIELDS: Final = ("sourcedId", "title", "classCode", "classType", "location")
CLASS_LISTS: Final = ("grades", "subjects", "subjectCodes", "periods")
COURSE_FIELDS: Final = {"sourcedId": "course.sourcedId", "title": "course.title", "courseCode": "course.courseCode"}

_GONE: Final = frozenset({"tobedeleted", "inactive"})
"""`inactive` is no word of the standard's any more, but some services still send it."""


def is_gone(raw: Raw) -> bool:
    """Whether it is only the trace of a deleted entry. Services drop these when they like, so they mean absence."""
    return text(raw.get("status")).lower() in _GONE


def shape(collection: str, raw: Raw, zone: tzinfo) -> Entry:
    """One entry of a collection in our form. What is missing, or of a kind that it should not be, is left empty."""
    return _SHAPES[collection](raw, zone)


# -- collections ----------------------------------------------------------------------------------------------------


def _org(raw: Raw, zone: tzinfo) -> Org:  # noqa: ARG001 - every shape is told the zone
    fields = _named(raw, ORG_FIELDS)
    return Org(text(raw.get("sourcedId")), fields | _metadata(raw), reference(raw.get("parent")))


def _session(raw: Raw, zone: tzinfo) -> Session:
    begin, end = day(raw.get("startDate"), zone), day(raw.get("endDate"), zone)
    return Session(text(raw.get("sourcedId")), begin, end, text(raw.get("schoolYear")))


def _course(raw: Raw, zone: tzinfo) -> Course:  # noqa: ARG001 - one of several that are called alike
    named = {ours: text(raw.get(theirs)) for theirs, ours in COURSE_FIELDS.items()}
    return Course(text(raw.get("sourcedId")), {name: (found,) for name, found in named.items() if found})


def _class(raw: Raw, zone: tzinfo) -> Class:  # noqa: ARG001 - one of several that are called alike
    fields = _named(raw, CLASS_FIELDS) | _metadata(raw)
    fields |= {name: found for name in CLASS_LISTS if (found := texts(raw.get(name)))}
    school, course = reference(raw.get("school")), reference(raw.get("course"))
    return Class(text(raw.get("sourcedId")), fields, school, course, references(raw.get("terms")))


def _user(raw: Raw, zone: tzinfo) -> User:
    posts = tuple(_posts(raw, zone))
    fields = _named(raw, USER_FIELDS) | _metadata(raw) | _user_ids(raw)
    fields |= {name: found for name in ("grades",) if (found := texts(raw.get(name)))}
    roles = dict.fromkeys(post.place.role for post in posts if post.place.role) or _own_role(raw)
    if roles:
        fields["role"] = tuple(roles)
    if "email" in fields and not GUARDIANS.isdisjoint(roles):
        fields["email.guardian"] = fields["email"]
    return User(text(raw.get("sourcedId")), fields, references(raw.get("agents")), posts)


def _posts(raw: Raw, zone: tzinfo) -> Iterable[Post]:
    """1.2 has roles, each at an organisation; 1.1 has one role for all of the organisations."""
    home = reference(raw.get("primaryOrg"))
    for role in _parts(raw.get("roles")):
        org = reference(role.get("org"))
        yield Post(org, _place(role, zone, kind=text(role.get("roleType")), home=_is_home(org, home)))
    if not _parts(raw.get("roles")):
        role_of_all = text(raw.get("role"))
        for org in references(raw.get("orgs")):
            yield Post(org, Place(role_of_all, home=_is_home(org, home)))


def _enrollment(raw: Raw, zone: tzinfo) -> Enrollment:
    place = _place(raw, zone, primary=text(raw.get("primary")).lower())
    return Enrollment(reference(raw.get("class")), reference(raw.get("user")), place)


_SHAPES: Final[Mapping[str, Callable[[Raw, tzinfo], Entry]]] = {
    "orgs": _org,
    "academicSessions": _session,
    "courses": _course,
    "classes": _class,
    "users": _user,
    "enrollments": _enrollment,
}


# -- parts ----------------------------------------------------------------------------------------------------------


def _place(raw: Raw, zone: tzinfo, *, kind: str = "", primary: str = "", home: str = "") -> Place:
    begin, end = day(raw.get("beginDate"), zone), day(raw.get("endDate"), zone)
    return Place(text(raw.get("role")), kind, primary, home, begin, end)


def _is_home(org: str, home: str) -> str:
    return ("true" if org == home else "false") if home else ""


def _own_role(raw: Raw) -> dict[str, None]:
    role = text(raw.get("role"))
    return {role: None} if role else {}


def _named(raw: Raw, names: Iterable[str]) -> Texts:
    return {name: (found,) for name in names if (found := text(raw.get(name)))}


def _metadata(raw: Raw) -> Texts:
    extra = raw.get("metadata")
    if not extra or not isinstance(extra, dict):
        return {}
    return {f"metadata.{name}": found for name, value in extra.items() if (found := texts(value))}


def _user_ids(raw: Raw) -> Texts:
    found: Texts = {}
    for one in _parts(raw.get("userIds")):
        name, number = f"userIds.{text(one.get('type'))}", text(one.get("identifier"))
        if number:
            found[name] = (*found.get(name, ()), number)
    return found


def _parts(value: Any) -> list[Raw]:
    """The parts in a list; a null, or a lone part, where a list belongs is put up with."""
    several = value if isinstance(value, list) else [value]
    return [one for one in several if isinstance(one, dict)]


def text(value: Any) -> str:
    """A text in NFC without white space around it; `true` and `false` for what some services write without quotes."""
    if value is None:
        return ""
    if isinstance(value, str):
        bare = value.strip()
        if bare.isascii() and "\0" not in bare:
            return bare
        return normalize("NFC", bare.replace("\0", "")).strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def texts(value: Any) -> tuple[str, ...]:
    """The texts in a list, or the lone one in its place."""
    several = value if isinstance(value, list) else [value]
    return tuple(found for one in several if (found := text(one)))


def reference(value: Any) -> str:
    """The id that a reference points to."""
    return text(value.get("sourcedId") if isinstance(value, dict) else value)


def references(value: Any) -> tuple[str, ...]:
    """The ids that a list of references points to, each once."""
    several = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(found for one in several if (found := reference(one))))


def day(value: Any, zone: tzinfo) -> str:
    """A date as YYYY-MM-DD, a moment as its date in the zone; what is neither stays as it is, for the mapping to refuse."""
    written = text(value)
    if len(written) <= len("2026-08-17"):
        return written
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return written
    return (moment.astimezone(zone) if moment.tzinfo else moment).date().isoformat()
