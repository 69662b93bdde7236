"""A stage for the hands: a town whose sources and LMSs do as a test tells them, and whoever runs syncs there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec import structs

from rostersync import connectors
from rostersync import run as runs
from rostersync.assembly import Parts, SourcePart, TargetPart, assemble
from rostersync.connectors import Connector, Fragment, KeyedDigest, Reading, Snapshot, Unsure, Wanted
from rostersync.errors import TargetFaltering, TargetUnavailable
from rostersync.model import Delivery, Kind, Known, Outcome, User
from rostersync.report import RunReport
from rostersync.store import Store
from rostersync.store.runs import Line
from rostersync.targets import Existing, Placed
from rostersync.targets.memory import MemoryTarget, Settings
from tests.scenarios.town import AUTUMN, Human, Tied, Town

DAY = timedelta(days=1)
NEXT = AUTUMN + DAY
EVERYTHING: frozenset[Kind] = frozenset({"organisation", "group", "person", "membership", "guardianship"})
_ASSEMBLED: dict[str, Parts] = {}
"""Config and files beside it -> parts put together before from the very same text: reading mappings takes long."""
CLOSED = "the LMS is closed for maintenance; the next run goes on"


class Killed(BaseException):
    """What ends a process, for a test that has to live on."""


@dataclass
class WatchedLms:
    """A strict LMS that notes what it is handed, in order, and refuses, closes or takes us down where a test says so.

    `handed` is what it was asked to do; `sets` are the rosters it wrote, when it is one that writes a `whole` set.
    `closes_at` and `kills_at` count deliveries handed over; `kills_unheard` dies with one done that nobody learns of;
    `falters` tells at each delivery why the call fails in passing, if it does. When it is `away` it cannot even be asked.
    """

    name: str
    path: Path
    whole: bool = False
    supports: frozenset[Kind] = EVERYTHING
    connections: int = 1
    at_once: int = 500
    deletes: bool = True
    looks_around: bool = False
    left_out: dict[str, int] = field(default_factory=dict)
    refuses: Callable[[Delivery], str] = lambda _delivery: ""
    own_key: Callable[[Delivery], str] = lambda _delivery: ""
    falters: Callable[[], str] = str
    away: bool = False
    closes_at: int | None = None
    kills_at: int | None = None
    kills_unheard: bool = False
    handed: list[Delivery] = field(default_factory=list)
    sets: list[tuple[Placed, ...]] = field(default_factory=list)
    diary: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inner = MemoryTarget(self.name, Settings(path=self.path))

    def lose_everything(self) -> None:
        """Somebody has emptied it."""
        self.path.unlink()
        self.inner = MemoryTarget(self.name, Settings(path=self.path))

    def check(self) -> list[str]:
        return []

    def sweep(self) -> None:
        self._answer()
        self.diary.append(f"{self.name} sweep")

    def existing(self) -> Iterator[Existing]:
        self._answer()
        self.diary.append(f"{self.name} existing")
        written = [one.value.id for roster in self.sets[-1:] for one in roster if isinstance(one.value, User)]
        return chain(self.inner.existing(), map(Existing, written))

    def deliver(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:
        self.diary.append(f"{self.name} deliver")
        return self._rewrite(deliveries, roster) if self.whole else self._one_by_one(deliveries)

    def _answer(self) -> None:
        if self.away:
            raise TargetUnavailable(CLOSED)

    def close(self) -> None:
        """Nothing is held open."""

    def reset(self) -> None:
        """Open again, with nothing noted."""
        self.closes_at = self.kills_at = None
        self.kills_unheard = self.away = False
        self.refuses = lambda _delivery: ""
        self.handed, self.sets = [], []
        self.diary.clear()

    def users(self) -> dict[str, User]:
        """Given name -> user that it holds now."""
        return {one.value.given_name: one.value for one in self.inner.snapshot() if isinstance(one.value, User)}

    def _one_by_one(self, deliveries: Iterable[Delivery]) -> Iterator[Outcome]:
        for delivery in deliveries:
            if self.closes_at == len(self.handed):
                raise TargetUnavailable(CLOSED)
            if trouble := self.falters():
                raise TargetFaltering(trouble)
            if self.kills_at == len(self.handed) and not self.kills_unheard:
                raise Killed
            self.handed.append(delivery)
            if reason := self.refuses(delivery):
                yield Outcome(delivery.id, delivery.phase, delivered=False, reason=reason)
                continue
            # it gave this key itself, and finds the user behind it
            ours = structs.replace(delivery, target_key="") if self.own_key(delivery) else delivery
            told = list(self.inner.deliver([ours], lambda: iter(())))
            if self.kills_unheard and self.kills_at == len(self.handed):
                raise Killed
            yield from (Outcome(one.id, one.phase, one.delivered, one.reason, self.own_key(delivery)) for one in told)

    def _rewrite(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:
        told = list(deliveries)
        if self.closes_at is not None:
            raise TargetUnavailable(CLOSED)
        self.handed += told
        self.sets.append(tuple(roster()))
        if self.kills_unheard:
            raise Killed
        yield from (Outcome(one.id, one.phase, delivered=True) for one in told)


@dataclass
class WatchedSource:
    """A source that notes what is asked of it, and fails where a test says so: at `fetch`, or after so many fragments.

    `note` is the cursor of what it fetches; `cursors` are those that it was handed.
    """

    inner: Connector
    fetching: Exception | None = None
    reading: tuple[int, BaseException] | None = None
    diary: list[str] = field(default_factory=list)
    note: str = ""
    cursors: list[str] = field(default_factory=list)

    @property
    def fields(self) -> Wanted:
        return self.inner.fields

    def check(self) -> list[str]:
        return self.inner.check()

    def fetch(
        self, now: datetime, released: Collection[str] = (), cursor: str = "", wanted: Wanted | None = None
    ) -> Snapshot:
        self.diary.append("fetch")
        if self.fetching:
            raise self.fetching
        self.cursors.append(cursor)
        return structs.replace(self.inner.fetch(now, released, cursor, wanted), cursor=self.note)

    def read(self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, *, careful: bool = False) -> Reading:
        self.diary.append("read carefully" if careful else "read")
        reading = self.inner.read(snapshot, keyed, wanted, careful=careful)
        unsure = self.reading is not None and isinstance(self.reading[1], Unsure)
        return _Broken(reading, *self.reading) if self.reading and not (careful and unsure) else reading

    def accepted(self, snapshot: Snapshot) -> None:
        self.diary.append("accepted")
        self.inner.accepted(snapshot)

    def discard(self, snapshot: Snapshot) -> None:
        self.diary.append("discard")
        self.inner.discard(snapshot)


class _Broken:
    def __init__(self, reading: Reading, after: int, error: BaseException) -> None:
        self._reading, self._after, self._error = reading, after, error

    def __iter__(self) -> Iterator[Fragment]:
        for number, fragment in enumerate(self._reading):
            if number == self._after:
                raise self._error
            yield fragment

    @property
    def proof(self) -> str:
        return self._reading.proof


class Stage:
    """A town with watched sources and LMSs. `diary` has, in one order, what every LMS was asked and all progress."""

    def __init__(
        self,
        home: Path,
        *,
        targets: Iterable[str] = ("lms",),
        sources: Iterable[str] = ("everyday",),
        extra: str = "",
        source: str = "",
        whole: bool = False,
    ) -> None:
        self.town = Town(home, target="memory", extra=extra)
        self.world = self.town.world
        self.diary: list[str] = []
        self.progress: list[tuple[str, int]] = []
        self._store: Store | None = None
        self._name_all(tuple(sources), tuple(targets), source)
        self.lmss = {
            name: WatchedLms(name, home / "out" / f"{name}.jsonl", whole, diary=self.diary) for name in targets
        }
        self.assemble()

    def _name_all(self, sources: tuple[str, ...], targets: tuple[str, ...], more: str) -> None:
        """More sources and targets than a town has, each source with a drop folder of its own."""
        text = self.town.config.read_text()
        head, rest = text.split("[source.everyday]\n")
        source, rest = rest.split("[target.lms]\n")
        target, rest = rest.split("[sync.oslo]\n")
        blocks = []
        for name in sources:
            folder = "in" if name == "everyday" else f"in/{name}"
            blocks.append(f"[source.{name}]\n" + source.replace('files = "in/', f'files = "{folder}/') + more)
        blocks += [f"[target.{name}]\n{target.replace('lms.jsonl', f'{name}.jsonl')}" for name in targets]
        rest = rest.replace('["everyday"]', str(list(sources))).replace('["lms"]', str(list(targets)))
        self.town.config.write_text(f"{head}{''.join(blocks)}[sync.oslo]\n{rest}")
        for name in sources:
            (self.town.home / "in" / name).mkdir(exist_ok=True)

    def assemble(self) -> Parts:
        """The parts, put together anew from the config and its files, with the watched sources and LMSs in them."""
        settings, files = self.town.settings(), [*self.town.home.glob("*.toml"), *self.town.home.glob("*.yaml")]
        told = "".join(path.read_text(encoding="utf-8") for path in sorted(files))
        if told not in _ASSEMBLED:
            _ASSEMBLED[told] = assemble(settings, "oslo")
        made = _ASSEMBLED[told]
        here = [settings.sources[part.settings.name] for part in made.sources]
        self.sources = {one.name: WatchedSource(connectors.make(one.type, one.name, one.settings)) for one in here}
        self.parts = replace(
            made,
            settings=settings.sync("oslo"),
            sources=tuple(
                SourcePart(one, self.sources[one.name], part.mapping)
                for one, part in zip(here, made.sources, strict=True)
            ),
            targets=tuple(TargetPart(settings.targets[name], lms) for name, lms in self.lmss.items()),
        )
        return self.parts

    def configure(self, old: str, new: str) -> None:
        """Change the config, and put the parts together anew."""
        text = self.town.config.read_text()
        assert old in text
        self.town.config.write_text(text.replace(old, new))
        self.assemble()

    def write(self, name: str, text: str) -> None:
        """A file beside the config."""
        (self.town.home / name).write_text(text, encoding="utf-8")

    @property
    def lms(self) -> WatchedLms:
        """The first LMS."""
        return next(iter(self.lmss.values()))

    @property
    def source(self) -> WatchedSource:
        """The first source."""
        return next(iter(self.sources.values()))

    def export(self, on: date, source: str = "everyday", text: str | None = None) -> None:
        """Write the world, or a text, as a source's export of the night before `on`."""
        self.town.export_path = self.town.home / "in" / ("" if source == "everyday" else source) / "export.xml"
        self.town.export(on, text)

    def run(self, on: date | datetime, command: str = "sync", **order: Any) -> RunReport:
        """One run, with whatever exports lie there; on a date, at 04:30 UTC."""
        moment = on if isinstance(on, datetime) else datetime(on.year, on.month, on.day, 4, 30, tzinfo=UTC)
        ordered = runs.Order(command, **order)
        try:
            return runs.start(self.state(), self.parts, ordered, moment, self._progress)
        except Killed:
            self.close()
            raise

    def sync(self, on: date, **order: Any) -> RunReport:
        """Export the world as it is, and sync it."""
        self.export(on)
        return self.run(on, **order)

    def plan(self, on: date, **order: Any) -> RunReport:
        """Export the world as it is, and plan."""
        self.export(on)
        return self.run(on, "plan", **order)

    def _progress(self, step: str, done: int) -> None:
        self.progress.append((step, done))
        self.diary.append(step)

    # -- looking into the state -------------------------------------------------------------------------------------

    def state(self) -> Store:
        """The state; it stays open from run to run, because opening it takes longer than most stories."""
        self._store = self._store or self.town.store()
        return self._store

    def close(self) -> None:
        """Close the state, as the end of a process does."""
        if self._store:
            self._store.close()
        self._store = None

    def known(self, target: str = "lms") -> dict[str, Known]:
        """Given name of a user, or name of a group or school -> what is known of it. Guardians' users win."""
        found: dict[str, Known] = {}
        for kind in ("organisation", "group", "user"):
            for one in self.state().known.objects(target, kind):
                found[one.value.given_name if isinstance(one.value, User) else one.value.name] = one
        return found

    def lines(self, report: RunReport) -> list[Line]:
        """What a run did, or would do, to each object."""
        return self.state().runs.outcomes(report.run)

    def approve(self, *digests: str, on: date = NEXT, sync: str = "oslo", days: int = 7) -> None:
        """Somebody approves, in the morning of a day."""
        now = datetime(on.year, on.month, on.day, 4, 0, tzinfo=UTC)
        for digest in digests:
            self.state().approvals.approve(digest, sync, "it is right", "tester", now, now + days * DAY)

    def crowd(self, number: int = 30, group: str = "7A", school: str = "north") -> range:
        """So many more pupils (`group`0, `group`1, ...), that a share of a school means something."""
        for n in range(number):
            name = f"{group}{n}"
            self.world.put(Human(name, name.title(), "Berg"), Tied(school, name), Tied(group, name))
        return range(number)
