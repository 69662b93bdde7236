"""The keys that say how rostersync is operated: `[daemon]`, and when the daemon runs a sync."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from rostersync.toml_tables import Table

LISTEN = "127.0.0.1:9464"
CATCH_UP = timedelta(hours=24)
LATE_AFTER = timedelta(hours=2)
LONGEST_SOCKET = 107
"""Bytes that Linux allows in the path of a Unix socket."""


@dataclass(frozen=True, slots=True)
class Times:
    """When the daemon runs one sync.

    `schedule` and `full` are crontab texts, empty for never; daemon/schedule.py reads them. `catch_up` is how late a
    missed run may still be made up for, None = never. `where` gives FILE:LINE of the two texts, by key.
    """

    schedule: str = ""
    full: str = ""
    on_arrival: bool = False
    catch_up: timedelta | None = CATCH_UP
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DaemonSettings:
    """The `[daemon]` table. `listen` is (address, port), None when there is to be no HTTP.

    `socket` is None when it lies where it does by default; `group` is a Unix group whose members may use it. `redact`
    names further fields whose values no log line tells.
    """

    socket: Path | None = None
    group: str = ""
    listen: tuple[str, int] | None = ("127.0.0.1", 9464)
    late_after: timedelta = LATE_AFTER
    redact: tuple[str, ...] = ()


def read_times(table: Table) -> Times:
    """The keys under `[sync.NAME]` that say when it runs."""
    return Times(
        schedule=table.text("schedule", default="").strip(),
        full=table.text("schedule_full", default="").strip(),
        on_arrival=table.flag("on_arrival", default=False),
        catch_up=table.duration("catch_up") if "catch_up" in table else CATCH_UP,
        where={key: table.where(key) for key in ("schedule", "schedule_full") if key in table},
    )


def read_daemon(table: Table) -> DaemonSettings:
    """The `[daemon]` table; every key may be left out."""
    late = table.duration("late_after") if "late_after" in table else LATE_AFTER
    if late is None:
        table.problem("late_after", '"late_after" cannot be off: write a time span such as "2h"')
    settings = DaemonSettings(
        socket=_socket(table),
        group=table.text("group", default=""),
        listen=_listen(table, table.text("listen", default=LISTEN)),
        late_after=late or LATE_AFTER,
        redact=table.texts("redact") if "redact" in table else (),
    )
    table.done("redact")
    return settings


def _socket(table: Table) -> Path | None:
    path = table.optional_path("socket")
    if path is not None and len(str(path).encode()) > LONGEST_SOCKET:
        table.problem("socket", f'"socket" is longer than {LONGEST_SOCKET} bytes, the most that Linux allows')
    return path


def _listen(table: Table, text: str) -> tuple[str, int] | None:
    """Address and port. What is told there is for this machine alone, so only its own loopback will do."""
    if not text:
        return None
    host, _, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        if port.isdecimal() and int(port) < 65_536:
            if not address.is_loopback:
                table.problem("listen", f'"listen" must be on this machine\'s loopback, such as "{LISTEN}", not {host}')
            return str(address), int(port)
    except ValueError:
        pass
    table.problem("listen", f'"listen" must be an address and a port, such as "{LISTEN}", or "" for none')
    return None
