"""What our roles and kinds are called in an IMS Enterprise document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from rostersync.model import Role
from rostersync.targets.ims_enterprise.settings import Settings

LEARNER, INSTRUCTOR, MEMBER, MENTOR = "01", "02", "04", "06"
"""The roletypes of IMS Enterprise 1.1 that are written; nobody is made a manager or administrator by a file."""

RecStatus = Literal["", "1", "2", "3"]
ADDED: Final = "1"
CHANGED: Final = "2"
DELETED: Final = "3"

ROLETYPES: Final[Mapping[Role, str]] = {
    "system_administrator": INSTRUCTOR,
    "super_user": INSTRUCTOR,
    "school_leader": INSTRUCTOR,
    "staff": INSTRUCTOR,
    "pupil": LEARNER,
    "guardian": MEMBER,
}
MENTOR_GROUP: Final = "mentor_group"
"""The group kind whose staff are contact teachers (kontaktlærer)."""

USERID_TYPES: Final[Mapping[str, str]] = {
    "national_number": "personNIN",
    "local_number": "personLIN",
    "student_id": "studentID",
    "employee_id": "workforceID",
    "sis_id": "sisID",
    "feide_id": "feideID",
}
"""Person field -> useridtype, as PIFU-IMS has them; a log-in name has no type."""

ELSEWHERE: Final = frozenset({"login", "given_name", "family_name", "birth_date", "email", "mobile"})
"""Person fields that have an element of their own."""


class GroupType(NamedTuple):
    """A `grouptype`: its scheme, typevalue and level."""

    scheme: str
    value: str
    level: str


_SITE: Final = "ItslearningOrganisationTypes"
_ORG, _GRP = "pifu-ims-go-org", "pifu-ims-go-grp"

_ITSLEARNING: Final = {"owner": GroupType(_SITE, "Site", "0"), "school": GroupType(_SITE, "School", "1")}
_ITSLEARNING_GROUP: Final = GroupType(_SITE, "Unspecified", "-1")
"""developer.itslearning.com, Managing groups: an ordinary hierarchy is of type Unspecified."""

_PIFU: Final = {
    "owner": GroupType(_ORG, "skoleeier", "1"),
    "school": GroupType(_ORG, "skole", "2"),
    "base_class": GroupType(_GRP, "basisgruppe", "1"),
    "teaching_group": GroupType(_GRP, "undervisningsgruppe", "2"),
    "mentor_group": GroupType(_GRP, "kontaktlærergruppe", "3"),
}
_PIFU_GROUP: Final = GroupType(_GRP, "sammensattgruppe", "10")
"""PIFU-IMS 1.3, table of group types; what has no type of its own is a compound group."""


def group_type(kind: str, settings: Settings) -> GroupType:
    """What an organisation or a group of our `kind` is called."""
    if settings.words == "pifu":
        return _PIFU.get(kind, _PIFU_GROUP)
    return _ITSLEARNING.get(kind, _ITSLEARNING_GROUP)


def profiles(settings: Settings) -> Mapping[Role, str]:
    """Role -> institutionroletype."""
    staff = settings.profile_staff
    return {
        "system_administrator": staff,
        "super_user": settings.profile_super_user or staff,
        "school_leader": settings.profile_school_leader or staff,
        "staff": staff,
        "pupil": settings.profile_pupil,
        "guardian": settings.profile_guardian,
    }
