"""Everything about a config that can be found wrong before anything runs: what `check`, `serve` and a reload all ask."""

from __future__ import annotations

import grp
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rostersync.assembly import Parts, assemble
from rostersync.config import Settings, SyncSettings, load
from rostersync.daemon.arrivals import folders
from rostersync.daemon.dues import Timed
from rostersync.daemon.schedule import Cron
from rostersync.errors import Problem, UserMistake


@dataclass(frozen=True, slots=True)
class Checked:
    """A config without a fault: its settings, the parts of every sync, and the schedules by the name of their mark."""

    settings: Settings
    parts: Mapping[str, Parts]
    schedules: Mapping[str, Timed]


def checkup(path: Path) -> Checked:
    """Read and check a config file.

    Raises:
        UserMistake: with every problem found.
    """
    return check(load(path))


def check(settings: Settings, parts: Callable[[str], Parts] | None = None) -> Checked:
    """Check what settings lead to: mappings with their tests, role model, lists, schedules, secret, group.

    `parts` puts a sync together, when the caller keeps what is put together.

    Raises:
        UserMistake: with every problem found; syncs share most files, and each problem is told once.
    """
    found: dict[Problem, None] = {}
    built: dict[str, Parts] = {}
    schedules: dict[str, Timed] = {}
    for name, sync in settings.syncs.items():
        try:
            built[name] = parts(name) if parts else assemble(settings, name)
        except UserMistake as mistake:
            found.update(dict.fromkeys(mistake.problems))
        schedules |= {one.name: one for one in _schedules(sync, found)}
        watched = {folder.sync for folder in folders(settings)}
        if sync.times.on_arrival and not sync.times.schedule and name not in watched:
            text = f"[sync.{name}] on_arrival: none of its sources reads a folder of this machine; give it a schedule"
            found[Problem(settings.path.name, text)] = None
    try:
        settings.state.secret.read()
        settings.state.access()
    except UserMistake as mistake:
        found.update(dict.fromkeys(mistake.problems))
    if settings.daemon.group and not _is_group(settings.daemon.group):
        found[Problem(settings.path.name, f'[daemon] group: there is no group "{settings.daemon.group}" here')] = None
    if found:
        raise UserMistake(list(found))
    return Checked(settings, built, schedules)


def _schedules(sync: SyncSettings, found: dict[Problem, None]) -> list[Timed]:
    made = []
    times = sync.times
    for kind, key, text in (("schedule", "schedule", times.schedule), ("full", "schedule_full", times.full)):
        try:
            if text:
                made.append(
                    Timed(sync.name, "full" if kind == "full" else "schedule", Cron(text, sync.zone), times.catch_up)
                )
        except ValueError as error:
            found[Problem(times.where.get(key, ""), f'"{key}": {error}')] = None
    return made


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
