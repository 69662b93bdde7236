"""One day of the municipality on disk: its export, and the account of what the LMS should hold after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from rostersync.errors import Usage
from rostersync.lab.account import Header
from rostersync.lab.district import District
from rostersync.lab.expected import Expected
from rostersync.lab.export_file import ExportFile
from rostersync.lab.pifu_writer import DistrictWriter
from rostersync.lab.quirks import HABITS, HELD, REFUSED, check
from rostersync.lab.schoolyear import school_year
from rostersync.lab.spool import Spool
from rostersync.lab.world import DATASOURCE, EVENTS, LAST_YEARS, SCHOOLS, START, World, date_of

Size = Literal["S", "M", "L", "XL"]
_PARTS = range(3)


class Generated(NamedTuple):
    """The two files of one day, and what the export holds (memberships: members in all)."""

    export: Path
    account: Path
    persons: int
    groups: int
    memberships: int


def generate(
    directory: Path,
    *,
    size: Size = "S",
    day: int = 1,
    seed: int = 42,
    start: date = START,
    churn: float = 0.01,
    leavers: float | None = None,
    movers: float | None = None,
    quirks: frozenset[str] = frozenset(),
    synced: Sequence[int] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Generated:
    """Write `export-dayN.xml` and `account-dayN.jsonl` into a directory, each whole or not at all.

    Args:
        directory: where; made if it is missing.
        size: S, M, L or XL: 2, 19, 190 or 1,900 schools with about 1,420 persons each.
        day: which day; 1 is `start`. No earlier day needs to have been written.
        seed: which world. The same arguments give the same bytes.
        start: the date of day 1.
        churn: the share of people whose name, e-mail or telephone changes from one day to the next.
        leavers: the chance on each term day that a pupil or employee leaves; by size when left out.
        movers: the same for a pupil's change of class, school or elective.
        quirks: names from `QUIRKS`.
        synced: the days that are synced; `day` always is, later ones do not count. Every day when left out.
        on_progress: called with the schools done and the schools in all.

    Raises:
        Usage: an unknown size or quirk, or a day outside the world.
    """
    _check(size, day, start, quirks)
    days = _days(day, synced)
    often = EVENTS[size]
    leavers, movers = often if leavers is None else leavers, often if movers is None else movers
    previous = date_of(days[-2], start) if len(days) > 1 else None
    world = World(seed, SCHOOLS[size], start, date_of(day, start), churn, leavers, movers, previous, quirks)
    directory.mkdir(parents=True, exist_ok=True)
    return _write(directory, world, size, days, on_progress or (lambda *_: None))


def _write(
    directory: Path, world: World, size: Size, days: Sequence[int], on_progress: Callable[[int, int], None]
) -> Generated:
    """Write both files, one district after the other."""
    export_path, account_path = directory / f"export-day{days[-1]}.xml", directory / f"account-day{days[-1]}.jsonl"
    dates = [date_of(number, world.start) for number in days]
    with ExportFile(export_path, world) as export, Spool(account_path, len(_PARTS)) as account:
        for index in range(world.districts):
            district = District(world, index)
            export.add(DistrictWriter(district, world.today))
            _account_for(account, district, dates)
            on_progress(min(2 * index + 2, world.schools), world.schools)
        export.finish()
        account.join(msgspec.json.encode(_header(world, size, days, export)) + b"\n", _PARTS)
    return Generated(export_path, account_path, export.persons, export.groups, export.members)


def _days(day: int, synced: Sequence[int] | None) -> list[int]:
    """The synced days up to and with `day`."""
    earlier = range(1, day) if synced is None else synced
    return sorted({number for number in earlier if 0 < number < day} | {day})


def _account_for(account: Spool, district: District, dates: Sequence[date]) -> None:
    """Add a district's schools, groups and users."""
    world = district.world
    if _takes_nothing(world.quirks):  # what the LMS held before is what it goes on holding
        dates = dates[:-1]
        if not dates:
            return
        before = dates[-2] if len(dates) > 1 else None
        world = msgspec.structs.replace(world, today=dates[-1], previous=before, quirks=world.quirks & HABITS)
        district = District(world, district.index)
    expected = Expected(district, dates)
    lines: tuple[Iterable[msgspec.Struct], ...] = (expected.schools(), expected.groups(), expected.users())
    for part, found in zip(_PARTS, lines, strict=True):
        account.write(part, b"".join(_encode_line(line) for line in found))


def _encode_line(line: msgspec.Struct) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def _takes_nothing(quirks: frozenset[str]) -> bool:
    """Whether a careful sync changes nothing on an export with these quirks."""
    return bool(quirks & REFUSED) or "wrong-school-year" in quirks


def _header(world: World, size: Size, days: Sequence[int], export: ExportFile) -> Header:
    unchanged = _takes_nothing(world.quirks)
    return Header(
        day=days[-1],
        date=world.today.isoformat(),
        seed=world.seed,
        size=size,
        source="everyday",
        datasource=DATASOURCE,
        verdict="refused" if world.quirks & REFUSED else "held" if world.quirks & HELD else "accepted",
        as_of=days[-1] if not unchanged else days[-2] if len(days) > 1 else 0,
        synced=tuple(days),
        quirks=tuple(sorted(world.quirks)),
        schools=world.schools,
        persons=export.persons,
        groups=export.groups,
        memberships=export.members,
    )


def _check(size: str, day: int, start: date, quirks: frozenset[str]) -> None:
    if size not in SCHOOLS:
        raise Usage([f'unknown size "{size}": it is one of {", ".join(SCHOOLS)}'])
    if day < 1:
        raise Usage([f"day {day} lies before the world begins; the first is day 1"])
    if school_year(date_of(day, start)) > school_year(start) + LAST_YEARS:
        raise Usage([f"day {day} lies after the world's end, {LAST_YEARS} school years on; let it start later"])
    check(quirks)
