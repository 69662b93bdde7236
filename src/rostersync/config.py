"""rostersync.toml -> settings: every problem at once with its line, unknown keys refused with the nearest right name.

Secrets are references, never values: see credentials.py.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from rostersync import connectors, targets
from rostersync.errors import Problem, Usage, UserMistake
from rostersync.limits import DEFAULT_LIMITS, FLOOR, Limit
from rostersync.operating import DaemonSettings, Times, read_daemon, read_times
from rostersync.schoolyear import Calendar, DepartedPolicy
from rostersync.state_settings import StateSettings, read_state
from rostersync.toml_tables import Reader, Table

DEFAULT_PATHS = ("/etc/rostersync/rostersync.toml", "rostersync.toml")
DEPARTED: Mapping[str, DepartedPolicy] = {
    "pupil": DepartedPolicy(suspend_after=30),
    "staff": DepartedPolicy(suspend_after=60),
    "guardian": DepartedPolicy(suspend_after=30),
}
LOGIN_WAIT = 3
"""Days that a new user waits for a login, where a directory that gives logins is among the sources."""
SUMMER = Calendar(add_only=(((6, 15), (9, 1)),))


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One `[source.NAME]`: `settings` is the connector's own settings dataclass.

    `departs` is false where the source only adds to what others say: nobody is here, or has gone, on its word alone.
    """

    name: str
    type: str
    mapping: Path
    settings: Any
    departs: bool = True


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """One `[target.NAME]`: `settings` is the target's own settings dataclass.

    `per_minute` is how many objects it may be told of in a minute, 0 for as many as it takes. `given` are the keys that
    stand in the config; what a role model says of others counts.
    """

    name: str
    type: str
    deliver: bool
    settings: Any
    per_minute: int = 0
    given: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """The limits of one sync; `limits` has every default filled in."""

    floor: int = FLOOR
    hold: Literal["class", "all"] = "class"
    limits: Mapping[str, Limit] = field(default_factory=lambda: DEFAULT_LIMITS)


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """One `[sync.NAME]`. `sources` is in order of precedence; `processes` work out a plan, 0 = as many as pay."""

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    roles: Path
    times: Times
    zone: ZoneInfo
    guardian_user: Literal["separate", "same"]
    login_wait: int
    grants: Path | None
    consents: Path | None
    guard: GuardSettings
    departed: Mapping[str, DepartedPolicy]
    calendar: Calendar
    processes: int = 0

    @property
    def schedule(self) -> str:
        """When the daemon runs it, as a crontab text; empty for never."""
        return self.times.schedule


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole config file."""

    path: Path
    state: StateSettings
    sources: Mapping[str, SourceSettings]
    targets: Mapping[str, TargetSettings]
    syncs: Mapping[str, SyncSettings]
    daemon: DaemonSettings = field(default_factory=DaemonSettings)

    def sync(self, name: str) -> SyncSettings:
        """The sync of that name.

        Raises:
            Usage: there is none; the message lists those there are.
        """
        if name in self.syncs:
            return self.syncs[name]
        raise Usage([f"{self.path.name} has no [sync.{name}]; its syncs are: {', '.join(self.syncs)}"])


def locate(given: str | None) -> Path:
    """The config file to use: the one given, else the first default that exists.

    Raises:
        UserMistake: there is none; the message names the places looked in and how to make one.
    """
    if given:
        return Path(given)
    for candidate in map(Path, DEFAULT_PATHS):
        if candidate.is_file():
            return candidate
    raise UserMistake(
        [
            "no config: looked for "
            + " and ".join(DEFAULT_PATHS)
            + "; name one with -c FILE, or make one: rostersync init DIR"
        ]
    )


def load(path: Path) -> Settings:
    """Read and check a config file.

    Raises:
        UserMistake: with every problem found, in file order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserMistake([Problem(str(path), "there is no such config; make one: rostersync init DIR")]) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UserMistake([Problem(str(path), f"cannot read the config: {reason}")]) from None
    reader = Reader(path.name, text, path.parent.resolve())
    settings = _read(Table(reader, "", _parsed(path.name, text)), path)
    reader.finish()
    return settings


def _parsed(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).rpartition(" (at ")
        line = re.match(r"line (\d+)", place)
        where = f"{name}:{line[1]}" if line else f"{name}:{len(text.splitlines())}"
        raise UserMistake([Problem(where, f"not valid TOML: {what}")]) from None


def _read(root: Table, path: Path) -> Settings:
    if root.text("version", default="") != "1":
        root.problem("version", 'the config must say "version = 1"; this rostersync knows no other version')
    state = read_state(root.table("state"))
    sources = {name: _source(table, name) for name, table in root.tables("source")}
    targets_ = {name: _target(table, name) for name, table in root.tables("target")}
    syncs = {name: _sync(table, name, sources) for name, table in root.tables("sync")}
    for name, table in root.tables("sync"):
        _check_owning(table, [sources[one] for one in syncs[name].sources if one in sources])
        _check_names(table, "from", syncs[name].sources, sources, "source")
        _check_names(table, "to", syncs[name].targets, targets_, "target")
        _check_all_year(table.table("calendar", required=False), syncs[name])
    if not syncs:
        root.problem("sync", "there is no [sync.NAME], so nothing would ever be synchronised")
    daemon = read_daemon(root.table("daemon", required=False))
    root.done("state", "source", "target", "sync", "daemon")
    return Settings(path, state, sources, targets_, syncs, daemon)


def _check_names(table: Table, key: str, named: tuple[str, ...], there: Mapping[str, object], kind: str) -> None:
    for name in named:
        if name not in there:
            table.problem(key, f"there is no [{kind}.{name}]" + table.nearest(name, there))
    if key in table and not named:
        table.problem(key, f'"{key}" names no {kind}')


def _check_owning(table: Table, sources: list[SourceSettings]) -> None:
    if sources and not any(one.departs for one in sources):
        text = (
            '"from" names only sources that add to what others say; name one with departs = true, or nobody is anywhere'
        )
        table.problem("from", text)


def _check_all_year(table: Table, sync: SyncSettings) -> None:
    for name in sync.calendar.all_year:
        if name not in sync.sources:
            table.problem("all_year", f'"{name}" is no source of this sync' + table.nearest(name, sync.sources))


def _source(table: Table, name: str) -> SourceSettings:
    kind = table.text("type")
    settings_type = connectors.settings_type(kind)
    if kind and settings_type is None:
        table.problem("type", _unknown_type("source", kind, connectors.types()))
    mapping = table.path("mapping")
    departs = table.flag("departs", default=settings_type is None or connectors.departs(kind))
    settings = _own_settings(table, settings_type)
    return SourceSettings(name, kind, mapping, settings, departs)


def _unknown_type(what: str, kind: str, there: tuple[str, ...]) -> str:
    return f'unknown {what} type "{kind}"; there is: {", ".join(there)}' + Table.nearest(kind, there)


def _own_settings(table: Table, kind: type[Any] | None) -> Any:
    """What the connector or target itself is told; nothing can be said of the keys of an unknown type."""
    if kind is None:
        table.abandon()
        return None
    return table.build(kind)


def _target(table: Table, name: str) -> TargetSettings:
    kind = table.text("type")
    settings_type = targets.settings_type(kind)
    if kind and settings_type is None:
        table.problem("type", _unknown_type("target", kind, targets.types()))
    deliver = table.flag("deliver", default=False)
    per_minute = table.number("per_minute", default=0)
    settings = _own_settings(table, settings_type)
    return TargetSettings(name, kind, deliver, settings, per_minute, table.keys)


def _sync(table: Table, name: str, sources: Mapping[str, SourceSettings]) -> SyncSettings:
    names = table.texts("from")
    coming_and_going = tuple(one for one in names if one in sources and connectors.all_year(sources[one].type))
    from_feide = any(one in sources and sources[one].type == "feide" for one in names)
    settings = SyncSettings(
        name=name,
        sources=names,
        targets=table.texts("to"),
        roles=table.path("roles"),
        times=read_times(table),
        zone=table.zone("zone", default="Europe/Oslo"),
        guardian_user="same"
        if table.choice("guardian_user", ("separate", "same"), "separate") == "same"
        else "separate",
        login_wait=table.days("login_wait", default=LOGIN_WAIT if from_feide else 0) or 0,
        grants=table.optional_path("grants"),
        consents=table.optional_path("consents"),
        guard=_guard(table.table("guard", required=False)),
        departed=_departed(table.table("departed", required=False)),
        calendar=_calendar(table.table("calendar", required=False), coming_and_going),
        processes=table.number("processes", default=0),
    )
    table.done("guard", "departed", "calendar")
    return settings


def _guard(table: Table) -> GuardSettings:
    limits = dict(DEFAULT_LIMITS)
    kinds = sorted({name.split(".")[0] for name in DEFAULT_LIMITS if "." in name})
    for kind in kinds:
        for action, inner in table.table(kind, required=False).tables(None):
            name = f"{kind}.{action}"
            if name not in limits:
                inner.problem("", f'there is no limit "{name}"' + table.nearest(name, limits))
            limits[name] = _limit(inner)
    for name in (key for key in DEFAULT_LIMITS if "." not in key):
        if name in table:
            limits[name] = _limit(table.table(name))
    hold: Literal["class", "all"] = "all" if table.choice("hold", ("class", "all"), "class") == "all" else "class"
    settings = GuardSettings(floor=table.number("floor", default=FLOOR), hold=hold, limits=limits)
    table.done(*kinds, *(key for key in DEFAULT_LIMITS if "." not in key))
    return settings


def _limit(table: Table) -> Limit:
    owner = table.table("owner", required=False)
    limit = Limit(
        count=table.optional_number("count"),
        share=table.share("share"),
        owner=Limit(count=owner.optional_number("count"), share=owner.share("share")) if "owner" in table else None,
    )
    owner.done()
    table.done("owner")
    return limit


def _departed(table: Table) -> dict[str, DepartedPolicy]:
    policies = dict(DEPARTED)
    for name, inner in table.tables(None):
        if name not in DEPARTED:
            inner.problem("", f'there is no departed role "{name}"' + table.nearest(name, DEPARTED))
            continue
        suspend_after = inner.days("suspend_after", default=DEPARTED[name].suspend_after)
        if suspend_after is None:
            inner.problem(
                "suspend_after", '"suspend_after" cannot be off: write whole days, such as "30d" ("0d" = at once)'
            )
        remove_after = inner.days("remove_after", default=None)
        policies[name] = DepartedPolicy(suspend_after=suspend_after or 0, remove_after=remove_after)
        inner.done()
    return policies


def _calendar(table: Table, coming_and_going: tuple[str, ...]) -> Calendar:
    ends = table.texts("add_only") if "add_only" in table else None
    all_year = table.texts("all_year") if "all_year" in table else coming_and_going
    table.done("add_only", "all_year")
    if ends is None:
        return replace(SUMMER, all_year=all_year)
    days = tuple(_month_day(table, text) for text in ends)
    if len(ends) % 2:
        table.problem("add_only", '"add_only" takes pairs of a first day and the day after a last one; [] = none')
        return SUMMER
    return Calendar(tuple(zip(days[::2], days[1::2], strict=True)), all_year)


def _month_day(table: Table, text: str) -> tuple[int, int]:
    try:
        day = date.fromisoformat(f"2024-{text}")
    except ValueError:
        table.problem("add_only", f'"{text}" is no day of the year; write MM-DD, such as "06-15"')
        return 1, 1
    return day.month, day.day
