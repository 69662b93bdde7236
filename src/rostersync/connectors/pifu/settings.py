"""Holds the keys of a `[source.NAME]` of type pifu."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Settings:
    """The keys of a `[source.NAME]` of type pifu. Durations are None when they are switched off."""

    files: str = field(
        metadata={"help": "the files to read, as a pattern; the newest by its own date is taken", "path": True}
    )
    max_age: timedelta | None = field(default=None, metadata={"help": "an export older than this is refused"})
    settle: timedelta | None = field(
        default=timedelta(seconds=10), metadata={"help": "a file changed more recently than this is waited for"}
    )
    after: Literal["keep", "delete"] = field(
        default="keep", metadata={"help": "what becomes of a file once it is accepted; it is never moved"}
    )
    dialect: Literal["auto", "pifu", "ims"] = field(
        default="auto", metadata={"help": "which profile the file follows; auto tells by its namespace"}
    )
    guardians: bool = field(default=False, metadata={"help": "whether the pupils' contacts may leave this source"})
    datasource: str = field(default="", metadata={"help": "when set, a file from any other datasource is refused"})
    zone: str = field(default="Europe/Oslo", metadata={"help": "the time zone of dates that name none"})
    volatile: tuple[str, ...] = field(
        default=(),
        metadata={"help": "elements that change every night and mean nothing: what differs in them alone is the same"},
    )
    spool: Path | None = field(
        default=None, metadata={"help": "where private copies lie while they are read; the system's own by default"}
    )
