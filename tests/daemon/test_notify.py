"""What systemd is told, heard at a real socket."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.daemon.notify import Notifier
from tests.daemon.conftest import Ear


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ear]:
    ear = Ear(
        str(tmp_path / "n") if request.param == "path" else f"@rostersync-test-{os.getpid()}-{time.monotonic_ns()}"
    )
    yield ear
    ear.close()


def test_ready_status_reloading_and_stopping(ear: Ear) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": ear.address})
    before = time.monotonic_ns() // 1000
    notifier.ready("next oslo 04:30")
    notifier.status("next oslo 04:30")
    notifier.status("oslo: reading\n12,000")
    notifier.reloading()
    notifier.ready("next oslo 04:30")
    notifier.stopping("ending")
    notifier.close()
    moment = int(ear.listen()[4].partition("=")[2])
    assert before <= moment <= time.monotonic_ns() // 1000
    assert ear.heard == [
        "READY=1",
        "STATUS=next oslo 04:30",
        "STATUS=oslo: reading 12,000",
        "RELOADING=1",
        f"MONOTONIC_USEC={moment}",
        "READY=1",
        "STATUS=next oslo 04:30",
        "STOPPING=1",
        "STATUS=ending",
    ]


def test_the_watchdog_is_fed_at_half_its_time_and_only_when_it_is_ours(ear: Ear) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": ear.address, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": str(os.getpid())})
    assert notifier.watchdog == 0.1
    for _ in range(5):
        notifier.alive()
    assert ear.listen() == ["WATCHDOG=1"]
    time.sleep(0.1)
    notifier.alive()
    assert ear.listen() == ["WATCHDOG=1"] * 2
    other = Notifier({"NOTIFY_SOCKET": ear.address, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"})
    other.alive()
    assert other.watchdog == 0
    assert len(ear.listen()) == 2
    notifier.close()
    other.close()


def test_without_systemd_nothing_is_told_and_a_lost_socket_brings_nobody_down(tmp_path: Path) -> None:
    Notifier({}).ready("up")
    Notifier({"WATCHDOG_USEC": "200000"}).alive()
    gone = Notifier({"NOTIFY_SOCKET": str(tmp_path / "nowhere")})
    gone.ready("up")
    gone.stopping("down")
    gone.close()
