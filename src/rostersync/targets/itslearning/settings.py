"""What an itslearning site is told about itself: addresses, account, the words of its roles, and which field holds what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from rostersync.credentials import Secret
from rostersync.model import Wording, Wordings
from rostersync.transport.line import LineSettings, address_trouble

LARGEST_BATCH: Final = 50
"""The vendor strongly discourages more objects in one request (developer.itslearning.com, Dos and don'ts)."""

MAPPED_PROFILES: Final = frozenset({"Student", "Staff", "Guest", "Carer"})
"""The profile strings that a site understands as it comes; those that give administrators' rights are left out."""

HIERARCHY_ROLES: Final = (
    *("Learner", "Instructor", "ContentDeveloper", "Member", "Manager", "Mentor", "Administrator", "TeachingAssistant"),
    *("Default", "Guest"),
    *(f"{number:02d}" for number in range(1, 9)),
)
"""Every `roleType` that the membership service takes."""

WORDINGS: Final[Wordings] = {
    "profiles": Wording(
        {role: f"profile_{role}" for role in ("pupil", "staff", "guardian", "school_leader", "super_user")}
    ),
    "roles": Wording(
        {
            **{role: f"role_{role}" for role in ("pupil", "staff", "guardian", "school_leader", "super_user")},
            "contact_teacher": "role_mentor",
        },
        words=HIERARCHY_ROLES,
    ),
    "groups": Wording({"hierarchy": "", "course": "courses", "mentored": "mentor_groups"}, kinds=True),
}
"""What the role model may say: profiles (institutionRoleType), roles in places (roleType), and what groups become."""

SERVICES: Final = ("person", "extended", "group", "membership")

NumberField = Literal["none", "CustomString1", "CustomString2", "CustomString3", "CustomString4", "CustomString5"]

_ADMINISTRATORS: Final = frozenset({"administrator", "systemadministrator", "sysadmin", "aicc"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(LineSettings):
    """`[target.NAME]` with `type = "itslearning"`."""

    url: str = field(metadata={"help": "where IMS Enterprise Services answer, as the site gave it"})
    person_url: str = field(default="", metadata={"help": "the person service, where it has an address of its own"})
    extended_url: str = field(default="", metadata={"help": "the extended person service, likewise"})
    group_url: str = field(default="", metadata={"help": "the group service, likewise"})
    membership_url: str = field(default="", metadata={"help": "the membership service, likewise"})
    user: str = field(metadata={"help": "the integration's user name"})
    password: Secret = field(metadata={"help": "its password"})
    root: str = field(metadata={"help": "the sync id that the site's administrator gave the root hierarchy"})
    patience: timedelta | None = field(
        default=timedelta(seconds=30),
        metadata={"help": "how long a site that fails is tried again when it is read; a delivery has its own"},
    )
    batch: int = field(default=10, metadata={"help": "objects in one request, 50 at most"})
    connections: int = field(default=1, metadata={"help": "requests at the same time, 1 to 8"})
    national_number: NumberField = field(default="none", metadata={"help": "the field for the national number"})
    legal_id: str = field(
        default="", metadata={"help": "the extension field for a school's organisation number; not sent when empty"}
    )
    profile_pupil: str = field(default="Student", metadata={"help": "a pupil's profile, as the site maps it"})
    profile_staff: str = field(default="Staff", metadata={"help": "the profile of staff"})
    profile_guardian: str = field(default="Carer", metadata={"help": "a guardian's profile"})
    profile_school_leader: str = field(
        default="", metadata={"help": "a school leader's profile; that of staff when empty"}
    )
    profile_super_user: str = field(default="", metadata={"help": "a super user's profile; that of staff when empty"})
    site_profiles: tuple[str, ...] = field(
        default=(), metadata={"help": "further profile texts that the site's administrator says are mapped"}
    )
    role_pupil: str = field(default="Learner", metadata={"help": "a pupil's role in schools and groups"})
    role_staff: str = field(default="Instructor", metadata={"help": "the role of staff in schools and groups"})
    role_guardian: str = field(default="Member", metadata={"help": "a guardian's role there; none when empty"})
    role_mentor: str = field(default="Mentor", metadata={"help": "the role of staff in a group of a contact teacher"})
    role_school_leader: str = field(
        default="", metadata={"help": "a school leader's role at the school; that of staff when empty"}
    )
    role_super_user: str = field(
        default="", metadata={"help": "a super user's role at the school; that of staff when empty"}
    )
    mentor_groups: tuple[str, ...] = field(
        default=("mentor_group",), metadata={"help": "the group kinds whose staff are contact teachers (kontaktlærer)"}
    )
    courses: tuple[str, ...] = field(default=(), metadata={"help": "the group kinds that become courses"})
    gone_texts: tuple[str, ...] = field(
        default=("already deleted", "already in", "does not exist", "not found", "doesn't exist"),
        metadata={"help": "what the LMS says when it has not got what it is to delete"},
    )

    def address(self, service: str) -> str:
        """Where one of `SERVICES` answers."""
        own: str = getattr(self, f"{service}_url")
        return own or self.url


def mistakes(settings: Settings) -> Iterator[str]:
    """What cannot be right, or what the LMS would replace by something else without a word; in sentences."""
    for key in ("url", *(f"{service}_url" for service in SERVICES)):
        address = getattr(settings, key)
        if (address or key == "url") and (trouble := address_trouble(address)):
            yield f"{key}: {trouble}"
    if not 1 <= settings.batch <= LARGEST_BATCH:
        yield f"batch: 1 to {LARGEST_BATCH} objects go into one request, not {settings.batch}"
    if not 1 <= settings.connections <= 8:
        yield f"connections: 1 to 8 requests may run at the same time, not {settings.connections}"
    if not settings.root or len(settings.root) > 64:
        yield "root: write the root hierarchy's sync id, of 64 characters at most"
    yield from _profiles(settings)
    yield from _roles(settings)


def _profiles(settings: Settings) -> Iterator[str]:
    for role in ("pupil", "staff", "guardian", "school_leader", "super_user"):
        key = f"profile_{role}"
        text: str = getattr(settings, key)
        if not text:
            if role in ("pupil", "staff", "guardian"):
                yield f"{key}: it cannot be empty: the LMS would choose a profile by itself"
        elif text.replace(" ", "").lower() in _ADMINISTRATORS:
            yield f'{key}: "{text}" gives the rights of an administrator, and no sync makes one'
        elif text not in MAPPED_PROFILES and text not in settings.site_profiles:
            unknown = f'nobody has said that the site maps "{text}", and what it does not know becomes another profile'
            yield f"{key}: {unknown}: have its administrator confirm the text, then name it in site_profiles"


def _roles(settings: Settings) -> Iterator[str]:
    told = {
        f"role_{role}": getattr(settings, f"role_{role}")
        for role in ("pupil", "staff", "guardian", "mentor", "school_leader", "super_user")
    }
    for key, text in told.items():
        optional = key in ("role_guardian", "role_school_leader", "role_super_user")
        if text not in HIERARCHY_ROLES and not (optional and not text):
            yield f'{key}: "{text}" is no role in a hierarchy; there are {", ".join(HIERARCHY_ROLES[:10])}'
    if len({text[0].isdigit() for text in told.values() if text}) > 1:
        yield "role_pupil: write all roles as words or all as numbers, as the vendor asks"
