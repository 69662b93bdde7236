"""A daemon as a process of its own, with a town to serve, an ear where systemd's would be, and its log as events."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rostersync.daemon.calling import call, known_socket
from rostersync.daemon.protocol import Ask, Said
from tests.conftest import ROOT
from tests.scenarios.town import AUTUMN, Human, Tied, Town

PATIENCE = 90.0
"""Seconds that a test waits for something before it fails: the machine may be busy."""


def until(holds: Callable[[], Any], what: str = "it") -> Any:
    """Wait until something holds, and give what it gave."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {PATIENCE:g} s")


class Ear:
    """A datagram socket where systemd's would be."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def listen(self) -> list[str]:
        """Every line that was ever told."""
        while True:
            try:
                self.heard += self._socket.recv(65_536).decode().splitlines()
            except BlockingIOError:
                return self.heard

    def has(self, line: str) -> Callable[[], bool]:
        """Whether a line that begins so was told."""
        return lambda: any(one.startswith(line) for one in self.listen())

    def close(self) -> None:
        self._socket.close()


class Daemon:
    """`rostersync serve` for one town."""

    def __init__(self, town: Town, ear: Ear | None = None, **environment: str) -> None:
        self.town = town
        self.log = town.home / "log"
        self.log.touch()
        named = {"NOTIFY_SOCKET": ear.address} if ear else {}
        self._environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **named, **environment}
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self, *command: str) -> Daemon:
        """Start the process; by default `serve`."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *(command or ("rostersync", "-c", str(self.town.config), "serve"))],
                cwd=ROOT,
                stderr=log,
                env=self._environment,
            )
        return self

    def ready(self) -> Daemon:
        """Start it, and wait until it is up."""
        before = len(self.events("serve.ready"))
        self.begin()
        until(lambda: len(self.events("serve.ready")) > before or self._ended(), "serve.ready")
        assert not self._ended(), self.log.read_text()[-2000:]
        return self

    def _ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self.process
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it, and give its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.send(number)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()

    def events(self, name: str = "", **fields: object) -> list[dict[str, Any]]:
        """The events in its log of that name, with those fields."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
        found = [json.loads(line) for line in lines]
        return [
            one
            for one in found
            if name in ("", one["event"]) and all(one.get(key) == value for key, value in fields.items())
        ]

    def wait_for(self, name: str, **fields: object) -> dict[str, Any]:
        """The first event of that name, with those fields; waited for."""
        return until(lambda: self.events(name, **fields), f"{name} {fields}")[0]

    def trigger(self, **asked: Any) -> Said:
        """Ask it, in this process, and give the last thing it says."""
        *_, last = call(known_socket(self.town.settings()), Ask("oslo", **asked))
        return last

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command with the town's config, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "rostersync", "-c", str(self.town.config), *arguments],
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=PATIENCE,
            check=False,
        )


QUIET = '[daemon]\nlisten = ""\n'


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A town that was exported and never synced; its daemon waits to be asked."""
    town = Town(tmp_path, extra=QUIET)
    town.export(AUTUMN)
    return town


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    """Where systemd would listen."""
    ear = Ear(str(tmp_path / "n"))
    yield ear
    ear.close()


@pytest.fixture
def daemons() -> Iterator[Callable[..., Daemon]]:
    """Makes daemons, and ends them all."""
    made: list[Daemon] = []

    def make(town: Town, ear: Ear | None = None, **environment: str) -> Daemon:
        made.append(Daemon(town, ear, **environment))
        return made[-1]

    yield make
    for one in made:
        one.end(signal.SIGKILL)


def crowd(town: Town, size: int) -> None:
    """Enough people that a run takes a while."""
    for number in range(size):
        town.world.put(
            Human(f"p{number}", f"P{number}", "Test", guardians=(f"g{number}",)),
            Human(f"g{number}", f"G{number}", "Test", None, email=f"g{number}@home.example"),
            Tied("7A", f"p{number}"),
            Tied("north", f"p{number}"),
        )


def free_port() -> int:
    """A port on the loopback that nobody uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
