"""One session with an SFTP server that files are left at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import paramiko

from rostersync.errors import TargetUnavailable
from rostersync.transport.files.address import Address
from rostersync.transport.files.login import reason, session
from rostersync.transport.files.settings import LoginSettings
from rostersync.transport.patience import Patience


class Uploading:
    """From `with` to the end of the block. Everything raises TargetUnavailable when it is lost or refused."""

    def __init__(self, where: Address, settings: LoginSettings, patience: Patience) -> None:
        """Connect and log in.

        Raises:
            TargetUnavailable: no connection until patience is at its end, another host key than is known, a refusal.
            UserMistake: a secret or the known host keys cannot be read.
        """
        self._where = where
        with self._speaking():
            self._client, self._sftp = session(where, settings, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def upload(self, source: Path, hidden: str, path: str) -> None:
        """Write a file under a hidden name, see that all of it arrived, and rename it in one step."""
        with self._speaking():
            try:
                self._sftp.put(str(source), hidden)  # compares the sizes at its end
                self._sftp.chmod(hidden, 0o600)
                self._sftp.posix_rename(hidden, path)
            except (paramiko.SFTPError, OSError):
                with suppress(paramiko.SSHException, paramiko.SFTPError, OSError, EOFError):
                    self._sftp.remove(hidden)
                raise

    def download(self, path: str, into: Path) -> bool:
        """Copy a file; False when there is none."""
        with self._speaking():
            try:
                self._sftp.stat(path)
            except FileNotFoundError:
                return False
            self._sftp.get(path, str(into))
        return True

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            folder = "there is no such folder; make it, or correct the setting directory"
            raise TargetUnavailable(f"{self._where.server}: {folder}") from None
        except (paramiko.SSHException, paramiko.SFTPError, OSError, EOFError) as error:
            raise TargetUnavailable(f"{self._where.server}: {_refusal(error)}") from None


def _refusal(error: Exception) -> str:
    if type(error) is OSError and error.errno is None and "closed" not in str(error):
        # SFTP has one answer for a full disk, a quota and all else that has no code of its own; paramiko raises the same
        # class when a session went away under a call ("Socket is closed")
        return "it could not write the file; see whether its disk or our quota is full. What was there is untouched"
    return reason(error)
