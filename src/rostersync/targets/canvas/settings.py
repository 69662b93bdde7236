"""Holds the keys of a `[target.NAME]` of type canvas, and says which of them cannot be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from rostersync.credentials import Secret
from rostersync.model import Role, Wording, Wordings
from rostersync.transport.line import LineSettings, address_trouble

WORDINGS: Final[Wordings] = {
    "roles": Wording({role: f"role_{role}" for role in ("pupil", "staff", "school_leader", "super_user")})
}
"""What the role model may say: roles in courses. Every group becomes a course."""


BUILT_IN_ROLES: Final = frozenset({"student", "teacher", "ta", "observer", "designer"})
"""The roles in a course that every Canvas has, as its SIS import calls them; others are an account's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(LineSettings):
    """`[target.NAME]` with `type = "canvas"`."""

    url: str = field(metadata={"help": "the address of Canvas, such as https://kommune.instructure.com"})
    token: Secret = field(metadata={"help": "an access token of an administrator who may import SIS files"})
    account: str = field(
        default="self", metadata={"help": "the root account's number in Canvas; self is the token's own"}
    )
    import_patience: timedelta | None = field(
        default=timedelta(hours=2),
        metadata={"help": "how long one import may take, and how long another one that runs is waited for"},
    )
    ended_groups: Literal["completed", "deleted"] = field(
        default="completed",
        metadata={"help": "what becomes of the course of a group that ended; a deleted one takes pupils' work with it"},
    )
    override_edits: bool = field(
        default=False, metadata={"help": "whether names that people changed in Canvas by hand are set back"}
    )
    login_provider: str = field(
        default="", metadata={"help": "the authentication provider of all logins, as Canvas calls it, such as saml"}
    )
    role_pupil: str = field(default="student", metadata={"help": "a pupil's role in a course"})
    role_staff: str = field(default="teacher", metadata={"help": "the role of staff in a course"})
    role_school_leader: str = field(
        default="", metadata={"help": "a school leader's role in a course; that of staff when empty"}
    )
    role_super_user: str = field(
        default="", metadata={"help": "a super user's role in a course; that of staff when empty"}
    )

    def roles(self) -> Mapping[Role, str]:
        """Role in a group -> role in a course. A guardian has none: she observes her pupils, wherever they are."""
        return {
            "system_administrator": self.role_staff,
            "super_user": self.role_super_user or self.role_staff,
            "school_leader": self.role_school_leader or self.role_staff,
            "staff": self.role_staff,
            "pupil": self.role_pupil,
        }


def mistakes(settings: Settings) -> Iterator[str]:
    """What cannot be right, in sentences."""
    if trouble := address_trouble(settings.url):
        yield f"url: {trouble}"
    if settings.account != "self" and not settings.account.isdecimal():
        yield f'account: "{settings.account}" is no number of an account; write self for the token\'s own'
    for name in ("role_pupil", "role_staff"):
        if not getattr(settings, name):
            yield f"{name}: Canvas refuses an enrolment without a role"
