"""The synthetic municipality's services: which school system has which schools, its LMS, and the double for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from msgspec import structs

from rostersync.lab.adult_school import adult_school
from rostersync.lab.district import District
from rostersync.lab.doubles import feide_groups, fint, isi, itslearning, oneroster, sits
from rostersync.lab.doubles.faults import Faults
from rostersync.lab.doubles.oneroster.rows import as_1_2, collections
from rostersync.lab.doubles.server import Double
from rostersync.lab.export_file import ExportFile
from rostersync.lab.ldif import REALM
from rostersync.lab.people import login
from rostersync.lab.pifu_writer import DistrictWriter
from rostersync.lab.world import EVENTS, SCHOOLS, START, World, date_of

PASSWORD: Final = "a pass phrase of the lab, of no use anywhere else"  # noqa: S105 - no secret of anybody
"""What every service but FINT, whose account is a JSON object, takes for its secret."""

ROOT: Final = "lysvik"
"""The sync id of the LMS's root hierarchy."""

SYSTEMS: Final = 3
"""School systems with schools of their own, so the fewest schools that every one of them has something to tell with."""


class FaultyDouble(Double, Protocol):
    """A double with faults of its own kind."""

    faults: Faults


class Service(NamedTuple):
    """One service. `name` is that of its source or target in the config; `faults` are those of its own kind.

    `make` gives its double for a world, and may keep files in the folder; the stack takes what is to be done at the end.
    """

    name: str
    type: str
    title: str
    faults: Mapping[str, str]
    make: Callable[[World, Path, ExitStack], FaultyDouble]


def world_of(size: str, day: int, seed: int) -> World:
    """The municipality on a day, with three schools at least, since there are three school systems."""
    often = EVENTS[size]
    previous = date_of(day - 1, START) if day > 1 else None
    return World(seed, max(SCHOOLS[size], SYSTEMS), START, date_of(day, START), 0.01, often, often, previous)


def share(world: World, name: str) -> World:
    """The municipality as one of the school systems knows it.

    The last school uses Visma Flyt Skole. Of the others, those with a tenth grade use Visma InSchool, whose pupils came
    from those without, which use IST Everyday.
    """
    last = world.schools - 1
    served = {
        "everyday": frozenset(range(0, last, 2)),
        "visma": frozenset(range(1, last, 2)),
        "flyt": frozenset({last}),
    }
    return structs.replace(world, served=served[name])


def well_known(world: World) -> str:
    """The Feide name of somebody whom four sources know: a teacher with posts in two school systems and in SITS.

    Empty where there is nobody like that.
    """
    everyday, visma = (share(world, name).served or frozenset() for name in ("everyday", "visma"))
    in_sits = {row["feide"] for row in adult_school(world).staff}
    names = (
        f"{login(post.person)}@{REALM}"
        for post in District(world, 0).employees
        if post.school and post.second and post.school.index in visma and post.second.index in everyday
    )
    return next((name for name in names if name in in_sits), "")


def _everyday(world: World, folder: Path, _end: ExitStack) -> isi.IsiDouble:
    mine, path = share(world, "everyday"), folder / "export.xml"
    with ExportFile(path, mine) as export:
        for index in range(mine.districts):
            export.add(DistrictWriter(District(mine, index), mine.today))
        export.finish()
    return isi.IsiDouble(path, password=PASSWORD)


def _visma(world: World, _folder: Path, _end: ExitStack) -> fint.FintDouble:
    sent = int(datetime.combine(world.today, time(2), UTC).timestamp() * 1000)
    double = fint.FintDouble(lambda: sent)
    double.full_sync(fint.county(share(world, "visma"), world.today))
    return double


def _flyt(world: World, _folder: Path, _end: ExitStack) -> oneroster.OneRoster:
    entries = as_1_2(collections(share(world, "flyt"), world.today))
    return oneroster.OneRoster(entries, version="rostering/v1p2", secret=PASSWORD)


def _sits(world: World, _folder: Path, _end: ExitStack) -> sits.Sits:
    return sits.Sits(adult_school(world), password=PASSWORD)


def _feide_groups(world: World, _folder: Path, _end: ExitStack) -> feide_groups.FeideGroups:
    groups = feide_groups.choirs(feide_groups.rosters(world, world.today), world.today)
    return feide_groups.FeideGroups(groups, secret=PASSWORD)


def _itslearning(_world: World, folder: Path, end: ExitStack) -> itslearning.ItslearningDouble:
    path = folder / "itslearning.json"
    site = itslearning.kept(ROOT, path)
    end.callback(itslearning.keep, site, path)
    return itslearning.ItslearningDouble(site, password=PASSWORD)


SERVICES: Final = (
    Service("everyday", "isi", "IST Everyday through its web service", isi.FAULTS, _everyday),
    Service("visma", "fint", "Visma InSchool through FINT", fint.FAULTS, _visma),
    Service("flyt", "oneroster", "Visma Flyt Skole through OneRoster 1.2", oneroster.FAULTS, _flyt),
    Service("sits", "sits", "SITS of the school for adults, through RWS", sits.FAULTS, _sits),
    Service("feide_groups", "feide_groups", "Feide's Groups API: the choirs", feide_groups.FAULTS, _feide_groups),
)
"""Every source with a double. The Feide directory is a real one."""

LMS: Final = Service(
    "itslearning", "itslearning", "the LMS; open the address to see what it holds", itslearning.FAULTS, _itslearning
)
"""The target. What it holds is kept in the folder, and so is there again on another day."""
