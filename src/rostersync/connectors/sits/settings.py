"""Holds the keys of a `[source.NAME]` of type sits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from rostersync.transport.files import FilesSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(FilesSettings):
    """The keys of a `[source.NAME]` of type sits. `files` or `database` is there, as the layout's shape asks."""

    layout: Path = field(metadata={"help": "the YAML file that says which rows and columns the site's export has"})
    schools: Path = field(
        metadata={"help": "the table code;number;name of school codes, organisation numbers and names"}
    )
    files: str = field(
        default="",
        metadata={
            "help": "where the export is, as a pattern, sftp:// or https://. Of delimited files, those of one folder; each "
            "table's `from` is the name. For rws, what comes before each `from`: https://HOST/urd/sits.urd/run/SIW_RWS",
            "path": True,
        },
    )
    database: str = field(
        default="", metadata={"help": "for views: the database as SQLAlchemy writes it, without user and password"}
    )
    user: str = field(default="", metadata={"help": "for views: who reads; give her the right to read and no other"})
    max_age: timedelta | None = field(default=None, metadata={"help": "an export older than this is refused"})
    together: timedelta | None = field(
        default=timedelta(hours=6), metadata={"help": "files that were written further apart are not of one export"}
    )
