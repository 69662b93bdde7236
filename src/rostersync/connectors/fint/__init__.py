"""Reads Visma InSchool, or any other school system, through FINT's REST interface (models 3 and 4)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace

from rostersync.connectors import KeyedDigest, Snapshot, Wanted
from rostersync.connectors.fint.asking import Fint
from rostersync.connectors.fint.filing import Filing
from rostersync.connectors.fint.gathering import Evidence, Gathering
from rostersync.connectors.fint.note import Note
from rostersync.connectors.fint.reader import FintReading, way_of
from rostersync.connectors.fint.records import FIELDS
from rostersync.connectors.fint.resources import RESOURCES, SECTIONS, Resource, counts
from rostersync.connectors.fint.settings import Settings
from rostersync.connectors.fint.survey import survey
from rostersync.errors import RostersyncError, SnapshotRefused, SourceUnavailable, refuse_settings
from rostersync.transport.line import address_trouble
from rostersync.transport.spool import Spool

__all__ = ["FintConnector", "Settings", "make"]


def make(name: str, settings: Settings) -> FintConnector:
    """The connector of the source called `name`.

    Raises:
        UserMistake: its zone does not exist, or an address or number cannot be used.
    """
    return FintConnector(name, settings)


class FintConnector:
    """One county's FINT. Keeps what it has fetched until that is accepted or discarded.

    `wait` pauses and `now` counts seconds, for retries and tokens.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        wait: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._settings = settings
        self._spool = Spool(name, settings.spool, ".fint")
        self._wait = wait
        self._now = now
        refuse_settings(f"source.{name}", _mistakes(settings))
        self._zone = ZoneInfo(settings.zone)

    @property
    def fields(self) -> Wanted:
        """Every field name that FINT can deliver."""
        return FIELDS

    def check(self) -> list[str]:
        """What is wrong with the account, the addresses, or what we are allowed to see."""
        fint = self._fint()
        try:
            return survey(fint, self._settings)
        except RostersyncError as error:
            return [str(error)]
        finally:
            fint.close()

    def fetch(
        self,
        now: datetime,
        released: Collection[str] = (),
        cursor: str = "",
        wanted: Wanted | None = None,  # noqa: ARG002 - FINT gives entries whole
    ) -> Snapshot:
        """Read everything, or since the note in `cursor` what has changed. `released` are digests let through though shrunk.

        Raises:
            SourceUnavailable: FINT does not answer, refuses us, or a resource cannot be read whole.
            SnapshotRefused: a resource is empty, or has lost too much since the last full read.
            UserMistake: the account cannot be used.
        """
        before = Note.of(cursor)
        fint = self._fint()
        try:
            if self._is_full(before, fint, now):
                return self._everything(fint, now, before, released)
            return self._changes(fint, before, released)
        finally:
            fint.close()

    def read(
        self,
        snapshot: Snapshot,
        keyed: KeyedDigest,
        wanted: Wanted,
        *,
        careful: bool = False,  # noqa: ARG002 - there is no short cut in reading
    ) -> FintReading:
        """Read what was fetched. Only what is in `wanted` leaves it; parents never, unless the config says so."""
        return FintReading(self._name, snapshot, keyed, wanted, self._settings, self._zone)

    def accepted(self, snapshot: Snapshot) -> None:
        """Drop the copy."""
        self._spool.drop(Path(snapshot.path))

    def discard(self, snapshot: Snapshot) -> None:
        """Drop the copy."""
        self._spool.drop(Path(snapshot.path))

    # -- fetching -----------------------------------------------------------------------------------------------------

    def _fint(self) -> Fint:
        return Fint(self._name, self._settings, self._wait, self._now)

    def _is_full(self, before: Note, fint: Fint, now: datetime) -> bool:
        every = self._settings.full_every
        if (
            before.full_at is None
            or every is None
            or (before.model, before.way) != (fint.model, way_of(self._settings))
        ):
            return True
        return not timedelta() <= now - before.full_at < every

    def _everything(self, fint: Fint, now: datetime, before: Note, released: Collection[str]) -> Snapshot:
        known = before.resources if before.way == way_of(self._settings) else {}
        path, gathering, same = self._gathered(fint, RESOURCES, known)
        note = Note(now, fint.model, way_of(self._settings), tuple(SECTIONS), before.digest, gathering.evidence)
        if not same:
            note = replace(note, digest=_digest(note, gathering, partial=False))
        self._refuse_losses(path, note, before, released)
        return Snapshot(str(path), note.digest, None, _proof(note, gathering), cursor=note.cursor)

    def _changes(self, fint: Fint, before: Note, released: Collection[str]) -> Snapshot:
        """The sections of which something has changed, each whole; nothing when nothing has."""
        moved = {
            one.name
            for one in RESOURCES
            if one.name in before.resources and fint.changed(one, before.resources[one.name].stamp)
        }
        sections = tuple(name for name, section in SECTIONS.items() if moved & section.made_of)
        needed = frozenset[str]().union(*(SECTIONS[name].made_of | SECTIONS[name].beside for name in sections))
        path, gathering, _ = self._gathered(fint, [one for one in RESOURCES if one.name in needed], {})
        # What left them since the last full read was not noticed here, so the next one must look: hence no digest. Their
        # size stays that of the full read, which the next one is measured by.
        resources = before.resources | {
            name: replace(one, size=before.resources[name].size, digest="")
            for name, one in gathering.evidence.items()
            if name in moved
        }
        note = replace(before, sections=sections, resources=resources)
        if sections:
            note = replace(note, digest=_digest(note, gathering, partial=True))
        self._refuse_losses(path, replace(note, resources=before.resources | gathering.evidence), before, released)
        return Snapshot(str(path), note.digest, None, _proof(note, gathering), partial=True, cursor=note.cursor)

    def _gathered(
        self, fint: Fint, resources: Sequence[Resource], known: Mapping[str, Evidence]
    ) -> tuple[Path, Gathering, bool]:
        """The file of what some resources hold, how it was had, and whether all is as `known`: the file is empty then."""
        copies: list[Path] = []
        try:
            copies += [self._spool.create(), self._spool.create()]
            path, answers = copies
            with self._spool.writing(path) as filed, self._spool.writing(answers) as stream:
                gathering = Gathering(fint, self._settings.page_size, answers, stream)
                gathering.ask(resources)
                same = bool(known) and gathering.same_as(known)
                gathering.file(() if same else resources, Filing(filed), families=self._settings.guardians)
        except OSError as error:
            self._drop(copies)
            text = f"{self._name}: the spool cannot be written ({error.strerror}); make room, or set spool"
            raise SourceUnavailable(text) from None
        except BaseException:
            self._drop(copies)
            raise
        self._drop([answers])
        return path, gathering, same

    def _drop(self, copies: Iterable[Path]) -> None:
        for copy in copies:
            self._spool.drop(copy)

    def _refuse_losses(self, path: Path, note: Note, before: Note, released: Collection[str]) -> None:
        """An empty or shrunken cache is what a restart or a failing adapter looks like."""
        refused = _empty(note, self._settings.may_be_empty)
        if refused is None and note.digest not in released:
            refused = _shrunk(note, before, self._settings.shrink)
        if refused is not None:
            self._spool.drop(path)
            raise refused


def _empty(note: Note, may_be: Collection[str]) -> SnapshotRefused | None:
    empty = [name for name, one in note.resources.items() if not one.size and name not in may_be and counts(name)]
    if not empty:
        return None
    return SnapshotRefused(
        "zero",
        f"FINT holds nothing of {', '.join(empty)}: its cache may be filling after a restart. Run again later; if that is "
        "how it should be, name the resource in may_be_empty",
    )


def _shrunk(note: Note, before: Note, allowed: int) -> SnapshotRefused | None:
    """`allowed` is the percentage that a resource may have lost since the last full read."""
    sizes = {name: one.size for name, one in note.resources.items()}
    lost = [
        f"{name} {was.size:,} -> {sizes.get(name, 0):,}"
        for name, was in before.resources.items()
        if (was.size - sizes.get(name, 0)) * 100 > was.size * allowed and counts(name)
    ]
    if not lost:
        return None
    text = f"FINT has lost more than {allowed} % since the last full read ({'; '.join(lost)}); "
    advice = "ask whether the adapter works; if the loss is real, release it"
    return SnapshotRefused("shrunk", text + advice, releasable=True, digest=note.digest)


def _digest(note: Note, gathering: Gathering, *, partial: bool) -> str:
    told = note.way, note.model, note.sections, partial
    digests = sorted((name, one.digest) for name, one in gathering.evidence.items())
    return hashlib.sha256(repr((told, digests)).encode()).hexdigest()


def _proof(note: Note, gathering: Gathering) -> str:
    if not note.sections:
        return "nothing was added or changed"
    entries = sum(one.size for one in gathering.evidence.values())
    withheld = f"; not for us: {', '.join(gathering.withheld)}" if gathering.withheld else ""
    return (
        f"model {note.model}, {len(gathering.evidence)} resources with {entries:,} entries, each as many as cache/size "
        f"tells{withheld}"
    )


def _mistakes(settings: Settings) -> list[str]:
    """Everything wrong with the settings that no type tells."""
    wrong = [
        f"{key}: {trouble}"
        for key, url in (("url", settings.url), ("token_url", settings.token_url))
        if url and (trouble := address_trouble(url))
    ]
    try:
        ZoneInfo(settings.zone)
    except (ZoneInfoNotFoundError, ValueError):
        wrong.append(f'"{settings.zone}" is no time zone; use one such as "Europe/Oslo"')
    if settings.page_size < 0:
        wrong.append("page_size must be 0 (all in one answer) or more")
    if not 0 <= settings.shrink <= 100:
        wrong.append("shrink must be a percentage from 0 to 100")
    if unknown := set(settings.may_be_empty) - {one.name for one in RESOURCES}:
        wrong.append(f"may_be_empty names what is no resource: {', '.join(sorted(unknown))}")
    return wrong
