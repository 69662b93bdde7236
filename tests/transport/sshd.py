"""OpenSSH's own server on loopback, one process for each connection, as the user that runs the tests."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Self

_CONFIG = """\
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/client_key.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxAuthTries 6
Subsystem sftp internal-sftp
"""


def program() -> Path | None:
    """Where sshd is; None when it is not on this machine."""
    found = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
    return Path(found) if found else None


def new_key(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Make a key pair; the public part lies beside it as .pub."""
    form = ["-m", "PEM", "-b", "2048"] if kind == "rsa" else []
    command = ["ssh-keygen", "-q", "-t", kind, *form, "-N", passphrase, "-C", "made for a test", "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


class Sshd:
    """A server, from `with` to the end of the block. `user` may log in with `client_key`; `connections` counts."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.folder = folder
        self.user = getpass.getuser()
        self.client_key = new_key(folder / "client_key")
        self.connections = 0
        self._program = program
        self._log = folder / "sshd.log"
        self._config = folder / "sshd_config"
        self._config.write_text(_CONFIG.format(folder=folder))
        self._sessions: list[subprocess.Popen[bytes]] = []
        new_key(folder / "host_key")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd insists on it
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept)

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def known_host(self) -> str:
        """The line of known_hosts that makes this server known."""
        return f"[127.0.0.1]:{self.port} {(self.folder / 'host_key.pub').read_text()}"

    def log(self) -> str:
        """What sshd said so far."""
        return self._log.read_text() if self._log.exists() else ""

    def address(self, path: Path | str) -> str:
        """The setting `files` for a path on this server."""
        return f"sftp://{self.user}@127.0.0.1:{self.port}{path}"

    def drop_sessions(self) -> None:
        """End every session that is under way, as a server does that goes down."""
        for session in self._sessions:
            subprocess.run(["pkill", "-KILL", "-P", str(session.pid)], check=False)
            session.kill()
            session.wait()
        self._sessions.clear()

    def stall_sessions(self) -> None:
        """Let every session hang."""
        for session in self._sessions:
            subprocess.run(["pkill", "-STOP", "-P", str(session.pid)], check=False)
            session.send_signal(signal.SIGSTOP)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        self.drop_sessions()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection, self._log.open("ab") as log:
                command = [str(self._program), "-i", "-e", "-o", "LogLevel=VERBOSE", "-f", str(self._config)]
                session = subprocess.Popen(command, stdin=connection, stdout=connection, stderr=log)
            self._sessions.append(session)
