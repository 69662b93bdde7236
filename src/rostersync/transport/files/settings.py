"""Holds the keys of everything that reads or leaves files: where they lie, how they are reached, what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from rostersync.credentials import Secret
from rostersync.transport.line import LineSettings


@dataclass(frozen=True, kw_only=True)
class LoginSettings(LineSettings):
    """The keys of a log-in to a server of files; settings classes inherit them."""

    password: Secret | None = field(default=None, metadata={"help": "the password of sftp:// or https://"})
    key: Secret | None = field(
        default=None, metadata={"help": "the private key of sftp://, in OpenSSH's or PEM form, without a passphrase"}
    )
    known_hosts: Path | None = field(
        default=None,
        metadata={"help": "the host keys that sftp:// may meet, as ssh-keyscan writes them; nobody else is spoken to"},
    )


@dataclass(frozen=True, kw_only=True)
class FilesSettings(LoginSettings):
    """The keys that every source of files has; settings classes inherit them. Durations are None when switched off."""

    files: str = field(
        metadata={
            "help": "the files to read, as a pattern; the newest by its own date is taken. A path, "
            "sftp://USER@HOST/PATH, or https://HOST/PATH for one file (https://USER@HOST/PATH with a password)",
            "path": True,
        }
    )
    settle: timedelta | None = field(
        default=timedelta(seconds=10), metadata={"help": "a file changed more recently than this is waited for"}
    )
    after: Literal["keep", "delete"] = field(
        default="keep", metadata={"help": "what becomes of a file once it is accepted; it is never moved"}
    )
    spool: Path | None = field(
        default=None, metadata={"help": "where private copies lie while they are read; the system's own by default"}
    )
