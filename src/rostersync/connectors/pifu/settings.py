"""Holds the keys of a `[source.NAME]` of type pifu."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from rostersync.transport.files.settings import FilesSettings


@dataclass(frozen=True, kw_only=True)
class ReadingSettings:
    """The keys that say how a PIFU-IMS document is read, wherever it comes from. Durations are None when switched off."""

    max_age: timedelta | None = field(default=None, metadata={"help": "an export older than this is refused"})
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


@dataclass(frozen=True, kw_only=True)
class Settings(ReadingSettings, FilesSettings):
    """The keys of a `[source.NAME]` of type pifu."""
