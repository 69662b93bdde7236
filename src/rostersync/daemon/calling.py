"""Asks the running daemon over its trigger socket, and hears how it goes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from rostersync.config import Settings
from rostersync.daemon import protocol
from rostersync.daemon.protocol import Ask, Said, line
from rostersync.daemon.state import file_of
from rostersync.errors import Stop, TryLater

SYSTEM: Final = Path("/run/rostersync/trigger.sock")
"""Where the packaged unit has its socket."""


def socket_path(settings: Settings, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the trigger socket is: as the config says, in systemd's runtime folder, or else beside the state.

    A state that is no file has nothing beside it; then it is beside the config.
    """
    if settings.daemon.socket is not None:
        return settings.daemon.socket
    if runtime := environment.get("RUNTIME_DIRECTORY"):
        return Path(runtime.partition(":")[0]) / "trigger.sock"
    file = file_of(settings.state)
    return (file.parent if file else settings.state.base) / "rostersync.sock"


def known_socket(settings: Settings) -> Path:
    """The socket to ask at: a daemon that nobody has given another one may also be the packaged unit."""
    path = socket_path(settings)
    return SYSTEM if settings.daemon.socket is None and not path.exists() and SYSTEM.exists() else path


def call(path: Path, ask: Ask) -> Iterator[Said]:
    """Everything the daemon at that socket says to a question; the last one is `last`.

    Raises:
        TryLater: no daemon answers, or it fell silent.
        Stop: this user may not ask it.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line_:
        line_.settimeout(protocol.SILENCE)
        try:
            line_.connect(str(path))
        except PermissionError:
            raise Stop(f"{path}: this user may not ask the daemon; root and members of [daemon] group may") from None
        except OSError as error:
            raise TryLater(
                f"no daemon answers at {path} ({error.strerror or error}): start it (rostersync serve), or run it here: "
                f"rostersync sync {ask.sync}"
            ) from None
        try:
            line_.sendall(line(ask))
            yield from _heard(line_)
        except OSError:
            raise TryLater("the daemon fell silent; rostersync runs tells what became of it") from None


def _heard(line_: socket.socket) -> Iterator[Said]:
    received = b""
    while some := line_.recv(65_536):
        received += some
        *whole, received = received.split(b"\n")
        for one in whole:
            said = msgspec.json.decode(one, type=Said)
            yield said
            if said.last:
                return
        if len(received) > protocol.LONGEST_SAID:
            break
    raise TryLater(
        "the daemon ended before it had answered; what it had begun to deliver it finishes when it is back, then ask again"
    )
