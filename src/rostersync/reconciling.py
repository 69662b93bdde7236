"""Reads the LMSs back, notes what is not as it was delivered, and marks it to be delivered again where somebody asks.

What an LMS says never becomes known. What is marked becomes uncertain, so that the next plan sends it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from msgspec.structs import replace

from rostersync.assembly import Parts
from rostersync.drift import MENDED, compare
from rostersync.errors import Usage
from rostersync.model import Finding, Held, Known, ObjectKind, Observed, Placed, User, What
from rostersync.store import Store
from rostersync.store.drifting import Drifted, Ignored, Place
from rostersync.store.engine import batches
from rostersync.store.packing import KINDS
from rostersync.targets.observing import Observing, Walk, observing

_OF_A_LIST: tuple[What, ...] = ("foreign", "lost")
"""What a list of users tells of a target whose users are also walked: the walk tells the rest, and more of it."""


@dataclass(slots=True)
class Looked:
    """What came of looking at one target.

    `compared` counts our things that were, of the `held` that are known; `calls` is what the walk spent. `silent`: the
    LMS showed nothing at all, so nothing was concluded. `strangers` are the LMS's own keys of users who are not ours;
    they may be anything, and are for a private file only. `place` is how far the walk has come, where there is one.
    """

    target: str
    held: int
    compared: int = 0
    calls: int = 0
    silent: bool = False
    strangers: list[str] = field(default_factory=list)
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Looking:
    """One look at the targets of a sync.

    `calls` bounds the calls to each target that is walked; `listing`: the users of such a target are listed as well.
    """

    store: Store
    now: datetime
    calls: int
    listing: bool
    progress: Callable[[str, int], None]

    def look(self, parts: Parts) -> list[Looked]:
        """Compare every target with what is known, and note the findings.

        Raises:
            Usage: the calls do not suffice for one step of a walk.
            TargetUnavailable: a target cannot be read; what was noted of it before stands.
        """
        looked = []
        for part in parts.targets:
            reader, name = observing(part.target), part.settings.name
            one = Looked(name, self.store.known.count(name))
            if reader.walk is None or self.listing:
                self._list(reader, one)
            if reader.walk:
                self._walk(reader, reader.walk, one)
            looked.append(one)
        return looked

    def _list(self, reader: Observing, looked: Looked) -> None:
        """Everything of the kinds that the target lists."""
        ours, shown = _Ours(), _Counted(reader.observed())
        known = (one for kind in KINDS if kind in reader.lists for one in self.store.known.objects(looked.target, kind))
        found = list(compare(reader.expected(ours.placed(known)), shown))
        if ours.count and not shown.count:
            looked.silent = True
            return
        whats = _OF_A_LIST if reader.walk else (*_OF_A_LIST, *MENDED)
        self.store.drift.listed(looked.target, whats, self._told(looked.target, found, ours, whats), self.now)
        looked.strangers += sorted(one.key for one in found if (one.object_kind, one.what) == ("user", "foreign"))
        looked.compared += 0 if reader.walk else ours.count
        self.progress(f"reading {looked.target}", shown.count)

    def _walk(self, reader: Observing, walk: Walk, looked: Looked) -> None:
        """The next things in id order, as many as the calls allow. Ids are keyed digests: any stretch is a fair sample."""
        if 0 < self.calls < walk.calls:
            raise Usage([f"--calls {self.calls}: {looked.target} takes {walk.calls} calls for {walk.at_once} things"])
        place = self.store.drift.place(looked.target)
        looked.place = place if place.object_kind else replace(place, begun_at=self.now.isoformat())
        for kind, some in self._coming(looked, walk.at_once):
            if looked.calls + walk.calls > self.calls:
                return
            self._step(reader, looked, kind, some, near=walk.near)
            looked.calls += walk.calls
            self.progress(f"walking through {looked.target}", looked.compared)
        looked.place = Place(ended_at=self.now.isoformat())
        self.store.drift.move_on(looked.target, looked.place)

    def _coming(self, looked: Looked, at_once: int) -> Iterator[tuple[ObjectKind, list[Known]]]:
        place = looked.place or Place()
        first = next((at for at, kind in enumerate(KINDS) if kind == place.object_kind), 0)
        for kind in KINDS[first:]:
            after = place.id if kind == place.object_kind else ""
            for some in batches(self.store.known.objects(looked.target, kind, after), at_once):
                yield kind, some

    def _step(self, reader: Observing, looked: Looked, kind: ObjectKind, some: list[Known], *, near: bool) -> None:
        ours = _Ours()
        placed = list(ours.placed(some))
        if near:
            placed = self.store.near.beside(looked.target, placed)
        found = compare(reader.expected(placed), reader.holds(placed))
        told = list(self._told(looked.target, found, ours, MENDED))
        with self.store.begin():
            self.store.drift.walked(looked.target, kind, [one.id for one in some], told, self.now)
            looked.place = replace(looked.place or Place(), object_kind=kind, id=some[-1].id)
            self.store.drift.move_on(looked.target, looked.place)
        looked.compared += len(some)

    def _told(self, target: str, found: Iterable[Finding], ours: _Ours, whats: Container[What]) -> Iterator[Drifted]:
        for one in found:
            thing = (one.object_kind, one.key)
            if one.what in whats and thing not in ours.excused:
                id_ = self.store.drift.name_of(one.key) if one.what == "foreign" else ours.ids.get(thing, one.key)
                yield Drifted(target, one.object_kind, id_, one.what, ", ".join(one.aspects))


@dataclass(slots=True)
class _Ours:
    """What went past of known: how many, our ids of those with a key of the LMS's own, and of whom nothing is told.

    Nothing is told of what is on its way again, and of whom the LMS's administrator was asked to delete.
    """

    count: int = 0
    ids: dict[tuple[ObjectKind, str], str] = field(default_factory=dict)
    excused: set[tuple[ObjectKind, str]] = field(default_factory=set)

    def placed(self, known: Iterable[Known]) -> Iterator[Placed]:
        for one in known:
            self.count += 1
            thing = (one.object_kind, one.target_key or one.id)
            if one.target_key:
                self.ids[thing] = one.id
            if not one.digest or one.life.state == "handed_over":
                self.excused.add(thing)
            yield Placed(one.value, one.target_key)


@dataclass(slots=True)
class _Counted:
    inner: Iterator[Observed]
    count: int = 0

    def __iter__(self) -> Iterator[Observed]:
        for one in self.inner:
            self.count += 1
            yield one


# -- what is done about it --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Marked:
    """What a repair marked: how many things by target and kind; and how many it left alone, by reason.

    `released` of the marked ones had been refused or parked, and are tried again as well.
    """

    marked: Counter[tuple[str, ObjectKind]] = field(default_factory=Counter)
    released: int = 0
    left: Counter[str] = field(default_factory=Counter)


def let_be(store: Store, on: date) -> dict[tuple[str, ...], Ignored]:
    """What people let be on a day, by the row of the finding; one that has become another is not among them."""
    return {one.row: one for one in store.drift.ignored() if one.until >= on}


def repair(store: Store, parts: Parts, whats: Collection[What], on: date, now: datetime) -> Marked:
    """Mark what was last found lost or changed as uncertain, so that the next plan sends it again; parked or not.

    Who is pinned, a system administrator, or not ours is never touched, nor what people let be.
    """
    found, ignored = store.drift.found(*(part.settings.name for part in parts.targets)), let_be(store, on)
    pinned = {one.person for one in store.decisions.pins() if one.until >= on}
    marked, done = Marked(), list[Drifted]()
    with store.begin():
        for one in (one for one in found if one.what in whats and one.what in MENDED):
            known = store.known.get(one.target, one.id)
            if known is None:  # it was removed since it was looked at
                done.append(one)
            elif why := "let be" if one.row in ignored else _untouchable(known.value, pinned):
                marked.left[why] += 1
            else:
                _send_again(store, one, known, now)
                marked.marked[one.target, one.object_kind] += 1
                marked.released += store.refusals.drop(one.target, [one.id])
                done.append(one)
        store.drift.clear(done)
    return marked


def _untouchable(value: Held, pinned: Container[str]) -> str:
    """Why nothing is sent of a thing again, if so."""
    if not isinstance(value, User):
        return ""
    if value.role == "system_administrator":
        return "system administrators"
    return "pinned" if value.person in pinned else ""


def _send_again(store: Store, found: Drifted, known: Known, now: datetime) -> None:
    # what is lost has no key of the LMS's own any more: it is made anew, under our id
    store.known.doubt(found.target, known.object_kind, known.id, lost=found.what == "lost")
    if isinstance(known.value, User):
        store.cards.mark_dirty(found.target, [known.value.person], now)
