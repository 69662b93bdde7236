"""Holds the keys of a `[target.NAME]` of type moodle, and refuses those that cannot work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from rostersync.credentials import Secret
from rostersync.model import Wording, Wordings
from rostersync.transport.line import LineSettings, address_trouble

KINDS: Final = ("user", "course", "cohort")
"""What may be deleted for good, if the owner says so."""

WORDINGS: Final[Wordings] = {
    "roles": Wording({"pupil": "pupil_role", "staff": "staff_role", "guardian": "guardian_course_role"}, numbers=True),
    "schools": Wording({"school_leader": "school_leader_role", "super_user": "super_user_role"}, numbers=True),
    "links": Wording({"guardian": "guardian_role"}, numbers=True),
    "groups": Wording({"course": "courses", "cohort": "cohorts", "none": ""}, kinds=True),
}
"""What the role model may say: roles in courses, in a school's category and over a pupil; and what groups become."""

FEWEST_VARIABLES: Final = 100
"""One row of the widest call has a dozen form fields; less than this leaves no room for any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(LineSettings):
    """The keys of a `[target.NAME]` of type moodle. Roles are Moodle's numbers, since no function of it lists their names."""

    url: str = field(metadata={"help": "where the site is, exactly as its wwwroot says: https://moodle.example.no"})
    token: Secret = field(metadata={"help": "the token of the web service"})
    auth: str = field(
        default="oauth2", metadata={"help": "the authentication of new accounts; `oauth2` is OpenID Connect"}
    )
    guardian_auth: str = field(
        default="", metadata={"help": "the same for guardians' accounts; as `auth` when left out"}
    )
    national_number: str = field(
        default="", metadata={"help": "short name of the profile field for the national number; not sent when left out"}
    )
    no_email: str = field(
        default="rostersync.invalid",
        metadata={
            "help": "the domain of made-up addresses for those without e-mail, since Moodle demands one; to `.invalid` it "
            'never sends anything. "" = such users are refused'
        },
    )
    courses: tuple[str, ...] = field(
        default=("base_class", "teaching_group", "mentor_group"),
        metadata={"help": "the group kinds that become courses, their members enrolled by role"},
    )
    cohorts: tuple[str, ...] = field(
        default=("all_pupils", "all_teachers", "all_employees", "all_guardians"),
        metadata={"help": "the group kinds that become cohorts, which know no roles"},
    )
    pupil_role: int = field(default=5, metadata={"help": "a pupil's role in a course; 5 is student on a new site"})
    staff_role: int = field(
        default=3, metadata={"help": "a teacher's role in a course; 3 is editingteacher on a new site"}
    )
    guardian_course_role: int = field(
        default=0, metadata={"help": "a guardian's role in the courses of her wards' classes; 0 = not enrolled"}
    )
    guardian_role: int = field(
        default=0, metadata={"help": "the role that a guardian has over a pupil (user context); 0 = no links"}
    )
    school_leader_role: int = field(
        default=0, metadata={"help": "a school leader's role in her school's category; 0 = none"}
    )
    super_user_role: int = field(default=0, metadata={"help": "a super user's role in her school's category; 0 = none"})
    delete: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "what may be deleted for good: user, course, cohort; the others are suspended or hidden for ever"
        },
    )
    rekey: bool = field(
        default=False, metadata={"help": "whether an adopted account's own ID number may be replaced by our id"}
    )
    batch: int = field(
        default=50,
        metadata={"help": "rows in one call, at most; more are no faster, and a slow site may not be done in time"},
    )
    max_input_vars: int = field(
        default=1000, metadata={"help": "PHP's setting of that name at the site; it cuts longer calls without a word"}
    )
    connections: int = field(default=1, metadata={"help": "how many calls may run at the same time, 1 to 8"})

    def course_role(self, role: str) -> int:
        """Moodle's role in a course for ours; 0 for none. Nobody is more than staff in a course."""
        return {"pupil": self.pupil_role, "guardian": self.guardian_course_role}.get(role, self.staff_role)

    def school_role(self, role: str) -> int:
        """Moodle's role in a school's category for ours; 0 for none."""
        return {"school_leader": self.school_leader_role, "super_user": self.super_user_role}.get(role, 0)

    def auth_of(self, face: str) -> str:
        """The authentication of a new account."""
        return (self.guardian_auth if face == "guardian" else "") or self.auth


def mistakes(settings: Settings) -> Iterator[str]:
    """What cannot be right, in sentences."""
    if trouble := address_trouble(settings.url):
        yield f"url: {trouble}"
    if settings.batch < 1:
        yield "batch: at least one row goes into a call"
    if settings.max_input_vars < FEWEST_VARIABLES:
        yield f"max_input_vars: PHP's default is 1000; with fewer than {FEWEST_VARIABLES} no row fits into a call"
    if not 1 <= settings.connections <= 8:
        yield f"connections: 1 to 8 calls may run at the same time, not {settings.connections}"
    if not settings.pupil_role or not settings.staff_role:
        yield "pupil_role: pupils and staff need a role in courses: write the numbers that Moodle gave to the roles"
    for word in settings.delete:
        if word not in KINDS:
            yield f'delete: "{word}" is none of {", ".join(KINDS)}'
