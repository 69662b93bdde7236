"""Where a secret is kept, and how it is read: from a systemd credential, a private file or the environment."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rostersync.errors import Problem, UserMistake

SecretKind = Literal["credential", "file", "env"]


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is kept: never its value."""

    kind: SecretKind
    name: str
    where: str

    def read(self) -> str:
        """The secret's text, without a trailing newline.

        Raises:
            UserMistake: it is missing, or a file that others may read.
        """
        if self.kind == "env":
            value = os.environ.get(self.name)
            if value is None:
                raise self._mistake(f"the environment variable {self.name} is not set")
            return value
        return self._from_file(self._path())

    def _path(self) -> Path:
        if self.kind == "file":
            return Path(self.name)
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise self._mistake(
                f'credential "{self.name}" needs systemd (LoadCredential={self.name}:FILE in the unit); '
                'run by hand, use { file = "..." } instead'
            )
        return Path(folder) / self.name

    def _from_file(self, path: Path) -> str:
        try:
            mode = path.stat().st_mode
            if mode & (stat.S_IROTH | stat.S_IWOTH):
                raise self._mistake(f"{path} may be read by everybody on this machine; run: chmod 600 {path}")
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise self._mistake(f"the secret in {path} cannot be read: {reason}") from None

    def _mistake(self, text: str) -> UserMistake:
        return UserMistake([Problem(self.where, text)])
