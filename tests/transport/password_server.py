"""An SFTP server that asks for a password: sshd would want a real account of this machine for that."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Self

import paramiko

PASSWORD = "hemmelig-passord"


class _Asking(paramiko.ServerInterface):
    def __init__(self, tried: list[tuple[str, str]]) -> None:
        self._tried = tried

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        self._tried.append((username, password))
        return paramiko.AUTH_SUCCESSFUL if password == PASSWORD else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _OneFile(paramiko.SFTPServerInterface):
    content = b"whole" * 100_000

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        if path != "/out/export.xml":
            return paramiko.SFTP_NO_SUCH_FILE
        status = paramiko.SFTPAttributes()
        status.st_size, status.st_mtime, status.st_atime, status.st_mode = len(self.content), 1, 1, 0o100600
        return status

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        return _Handle(self)


class _Handle(paramiko.SFTPHandle):
    def __init__(self, folder: _OneFile) -> None:
        super().__init__()
        self._folder = folder

    def read(self, offset: int, length: int) -> bytes:
        return self._folder.content[offset : offset + length]

    def stat(self) -> paramiko.SFTPAttributes | int:
        return self._folder.stat("/out/export.xml")


class PasswordServer:
    """Serves sftp://USER@127.0.0.1:PORT/out/export.xml from `with` to the end of the block. `tried` are the log-ins."""

    def __init__(self) -> None:
        self.tried: list[tuple[str, str]] = []
        self._key = paramiko.ECDSAKey.generate()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._sessions: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._accept)

    def known_hosts(self, folder: Path) -> Path:
        """A file in which this server is known."""
        path = folder / "known_hosts"
        path.write_text(f"[127.0.0.1]:{self.port} {self._key.get_name()} {self._key.get_base64()}\n")
        return path

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for session in self._sessions:
            session.close()
            session.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            session = paramiko.Transport(connection)
            session.add_server_key(self._key)
            session.set_subsystem_handler("sftp", paramiko.SFTPServer, _OneFile)
            session.start_server(server=_Asking(self.tried), event=threading.Event())
            self._sessions.append(session)
