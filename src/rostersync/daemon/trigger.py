"""The trigger socket: who may ask the daemon for a run, what they ask, and how they are told how it goes."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import queue
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import structlog

from rostersync.daemon import protocol
from rostersync.daemon.errands import Errand, Part
from rostersync.daemon.protocol import Ask, Said, line, refused
from rostersync.errors import TryLater, UserMistake
from rostersync.report import USAGE

AT_ONCE: Final = 16
"""Callers at one time; the next one is told to come back."""
REMEMBERED: Final = 1_000
"""Things said that wait for a slow caller; then she is hung up on."""
_CREDENTIALS: Final = struct.Struct("3i")

log = structlog.get_logger()


class Door:
    """Listens on a Unix socket and turns each question into an errand. `ask` takes an errand, from any thread."""

    def __init__(self, path: Path, group: str, ask: Callable[[Errand], None]) -> None:
        self._path = path
        self._group = grp.getgrnam(group).gr_gid if group else None
        self._ask = ask
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._lock = _lock(path)
        self._socket = _bound(path, self._group)

    def begin(self) -> None:
        """Answer from now on, until `end`."""
        threading.Thread(target=self._listen, name="trigger", daemon=True).start()

    def end(self) -> None:
        """Let nobody in any more; who is inside hears the end of what she asked for."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink(missing_ok=True)
        os.close(self._lock)

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            if self._free.acquire(blocking=False):
                threading.Thread(target=self._answer, args=(caller,), name="caller", daemon=True).start()
            else:
                caller.close()

    def _answer(self, caller: socket.socket) -> None:
        with caller:
            try:
                caller.settimeout(protocol.ASK_WITHIN)
                self._talk(caller)
            except OSError:  # she hung up, or was silent for too long; what she asked for is done all the same
                log.info("trigger.hung_up")
            finally:
                self._free.release()

    def _talk(self, caller: socket.socket) -> None:
        _, uid, gid = _CREDENTIALS.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        try:
            errand = _errand(_asked(caller), uid)
        except ValueError as error:
            caller.sendall(line(refused(USAGE, f"not understood: {error}")))
            return
        if not self._may(uid, gid):
            log.warning("trigger.refused", uid=uid)
            text = f"user {uid} may not: root may, the daemon's own user, and members of [daemon] group"
            caller.sendall(line(refused(USAGE, text)))
            return
        self._tell(caller, errand)

    def _tell(self, caller: socket.socket, errand: Errand) -> None:
        waiting: queue.Queue[Said] = queue.Queue(REMEMBERED)

        def listen(said: Said) -> None:
            with suppress(queue.Full):
                waiting.put_nowait(said)

        log.info("trigger.asked", sync=errand.sync, what=errand.part.kind if errand.part else "sync", who=errand.by)
        self._ask(replace(errand, listeners=(listen,)))
        said = Said("alive")
        while not said.last:
            try:
                said = waiting.get(timeout=protocol.SIGN_OF_LIFE)
            except queue.Empty:
                said = Said("alive")
            caller.sendall(line(said))

    def _may(self, uid: int, gid: int) -> bool:
        if uid in (0, os.geteuid()):
            return True
        return self._group is not None and (gid == self._group or self._group in _groups(uid, gid))


def _groups(uid: int, gid: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        return []


def _asked(caller: socket.socket) -> Ask:
    """The one line a caller sends.

    Raises:
        ValueError: it is too long, cut off, or no question.
    """
    received = b""
    while b"\n" not in received:
        some = caller.recv(protocol.LONGEST_ASK)
        received += some
        if not some or len(received) > protocol.LONGEST_ASK:
            raise ValueError("a question is one line, of at most 4,096 bytes")
    try:
        version = msgspec.json.decode(received.partition(b"\n")[0], type=_Version).version
        if version != protocol.VERSION:
            raise ValueError(f"this daemon speaks version {protocol.VERSION}, and the caller {version}")
        return msgspec.json.decode(received.partition(b"\n")[0], type=Ask)
    except msgspec.MsgspecError:
        raise ValueError("the line is no question of this protocol") from None  # its own words could quote a key


class _Version(msgspec.Struct):
    version: int = 0


def _errand(ask: Ask, uid: int) -> Errand:
    try:
        by = pwd.getpwuid(uid).pw_name
    except KeyError:
        by = f"user {uid}"
    if ask.ask == "sync":
        return Errand(ask.sync, full=ask.full, why=frozenset({"trigger"}), by=by)
    if (ask.part == "all") == bool(ask.key):
        raise ValueError("a part of what is known takes a key, and all of it takes none")
    return Errand(ask.sync, run=False, part=Part(ask.part, ask.key, ask.number), why=frozenset({"trigger"}), by=by)


# -- the socket -----------------------------------------------------------------------------------------------------


def _lock(path: Path) -> int:
    """A lock beside the socket, so that two daemons do not answer at one."""
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TryLater(f"{path}: the trigger socket cannot be made there ({error.strerror})") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise TryLater(f"{path}: another daemon answers there; give this one a [daemon] socket of its own") from None
    return lock


def _bound(path: Path, group: int | None) -> socket.socket:
    """The socket: for its owner alone, or for a group too. What a killed daemon left behind is taken away."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            made.bind(str(path))
        finally:
            os.umask(before)
        if group is not None:
            os.chown(path, -1, group)
            path.chmod(0o660)
        made.listen(AT_ONCE)
    except PermissionError:
        made.close()
        raise UserMistake(
            [f"{path}: the daemon's user must be a member of [daemon] group, and may write in that folder"]
        ) from None
    except OSError as error:
        made.close()
        raise TryLater(f"{path}: the trigger socket cannot be made there ({error.strerror or error})") from None
    return made
