"""Tells systemd how the service fares: sd_notify(3), which is one datagram to the socket named in NOTIFY_SOCKET."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress


class Notifier:
    """The way to systemd, as the environment names it; every call does nothing when there is none."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        # a name that begins with @ lives in no folder
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if path else None
        self._status = ""
        ours = environment.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        span = environment.get("WATCHDOG_USEC", "") if ours else ""
        self.watchdog = int(span) / 2_000_000 if span.isdecimal() and path else 0.0
        """Seconds between two signs of life, half of what systemd waits; 0 when it does not wait."""
        self._alive = float("-inf")

    def ready(self, status: str) -> None:
        """The service is up, or a reload is over."""
        self._tell("READY=1", self._stated(status))

    def reloading(self) -> None:
        """The config is being read again."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """The service is ending."""
        self._tell("STOPPING=1", self._stated(status))

    def starting(self, status: str, seconds: int) -> None:
        """The service is not up yet, and needs so many seconds more before it can tell again."""
        self._tell(f"EXTEND_TIMEOUT_USEC={seconds * 1_000_000}", self._stated(status))

    def status(self, status: str) -> None:
        """One sentence for `systemctl status`; told when it has changed."""
        if status != self._status:
            self._tell(self._stated(status))

    def alive(self) -> None:
        """The scheduler has just gone its round: told as often as systemd's watchdog needs it."""
        if self.watchdog and time.monotonic() - self._alive >= self.watchdog * 0.9:
            self._alive = time.monotonic()
            self._tell("WATCHDOG=1")

    def close(self) -> None:
        """Nothing more will be told."""
        if self._socket:
            self._socket.close()

    def _stated(self, status: str) -> str:
        self._status = status
        return "STATUS=" + " ".join(status.split())

    def _tell(self, *lines: str) -> None:
        if self._socket:
            # systemd restarting itself must not bring us down
            with suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)
