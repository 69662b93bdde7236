"""Holds the keys of a `[target.NAME]` of type ims_enterprise, and says which of them cannot be right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from rostersync.model import Wording, Wordings
from rostersync.transport.files.address import shelf_mistakes
from rostersync.transport.files.settings import LoginSettings

WORDINGS: Final[Wordings] = {
    "profiles": Wording(
        {role: f"profile_{role}" for role in ("pupil", "staff", "guardian", "school_leader", "super_user")}
    )
}
"""What the role model may say: institutionroles. Roles in groups are those of the standard."""

LONGEST_SOURCE: Final = 32
"""Characters that `sourcedid/source` may have (IMS Enterprise Information Model 1.1)."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(LoginSettings):
    """`[target.NAME]` with `type = "ims_enterprise"`."""

    directory: str = field(
        metadata={"help": "the folder that the file is left in: a path, or sftp://USER@HOST/PATH", "path": True}
    )
    file: str = field(
        default="IMS-EnterpriseData.xml", metadata={"help": "its name; in delta mode each file adds the time to it"}
    )
    mode: Literal["full", "delta"] = field(
        default="full",
        metadata={"help": "full: one file with everybody, replaced each time; delta: a new file with what changed"},
    )
    words: Literal["itslearning", "pifu"] = field(
        default="itslearning",
        metadata={"help": "whose words for group types and guardian links are written: itslearning's or PIFU-IMS's"},
    )
    datasource: str = field(
        default="rostersync", metadata={"help": "the source that every key is of, as the reader expects it"}
    )
    profile_pupil: str = field(default="Student", metadata={"help": "a pupil's institutionrole"})
    profile_staff: str = field(default="Staff", metadata={"help": "the institutionrole of staff"})
    profile_guardian: str = field(default="Carer", metadata={"help": "a guardian's institutionrole"})
    profile_school_leader: str = field(
        default="", metadata={"help": "a school leader's institutionrole; that of staff when empty"}
    )
    profile_super_user: str = field(
        default="", metadata={"help": "a super user's institutionrole; that of staff when empty"}
    )


def mistakes(settings: Settings) -> Iterator[str]:
    """What cannot be right, in sentences."""
    yield from shelf_mistakes("directory", settings.directory, settings)
    if not _NAME.fullmatch(settings.file):
        yield "file: write a name such as IMS-EnterpriseData.xml, without a folder"
    if not settings.datasource.strip() or len(settings.datasource) > LONGEST_SOURCE:
        yield f"datasource: it must have 1 to {LONGEST_SOURCE} characters; IMS Enterprise has no room for more"
    for name in ("profile_pupil", "profile_staff", "profile_guardian"):
        if not getattr(settings, name):
            yield f"{name}: it must say something, since a reader gives whoever has no role a profile of its own choice"
    for name in WORDINGS["profiles"].settings.values():
        if "admin" in (text := str(getattr(settings, name))).lower():
            yield f'{name}: "{text}" gives the rights of an administrator, and no sync makes one'
