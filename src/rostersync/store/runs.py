"""What ran, how it ended, and what it did to whom, by our ids."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
import sqlalchemy as sa

from rostersync.model import Action, Kind
from rostersync.store.engine import Database, moment
from rostersync.store.tables import outcome, run


class PastRun(msgspec.Struct, frozen=True):
    """One run. Moments are RFC 3339; `finished_at` and `code` are None for a run that was killed or still runs."""

    id: str
    sync: str
    command: str
    started_at: str
    finished_at: str | None = None
    code: int | None = None
    report: str = ""


class Line(NamedTuple):
    """What one run did to one object of one target: the kind of step, its result, and the reason."""

    target: str
    id: str
    kind: Kind
    action: Action
    result: str
    reason: str


_LINE: Final = Line._fields
_RUN: Final = tuple(run.c[name] for name in PastRun.__struct_fields__)


class Runs:
    """The runs of all syncs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, id_: str, sync: str, command: str, at: datetime) -> None:
        """Note that a run has begun."""
        begun = {"id": id_, "sync": sync, "command": command, "started_at": moment(at), "report": ""}
        with self._database.begin():
            self._database.conn.execute(sa.insert(run).values(begun))

    def finish(self, id_: str, code: int, report: str, at: datetime) -> None:
        """Note how a run ended: its exit code, and its report as JSON."""
        ended = {"code": code, "report": report, "finished_at": moment(at)}
        with self._database.begin():
            self._database.conn.execute(sa.update(run).where(run.c.id == id_).values(ended))

    def get(self, id_: str) -> PastRun | None:
        """One run, or None."""
        row = self._database.conn.execute(sa.select(*_RUN).where(run.c.id == id_)).one_or_none()
        return None if row is None else PastRun(*row)

    def last(self, number: int, sync: str = "") -> list[PastRun]:
        """The newest runs, newest first; with `sync`, only that sync's."""
        query = sa.select(*_RUN).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(number)
        if sync:
            query = query.where(run.c.sync == sync)
        return [PastRun(*row) for row in self._database.conn.execute(query).all()]

    def record(self, id_: str, lines: Iterable[Line]) -> None:
        """Write down what a run did. The run must have been started."""
        with self._database.begin():
            self._database.insert_many(outcome, ("run", *_LINE), ((id_, *line) for line in lines))

    def outcomes(self, id_: str) -> list[Line]:
        """What a run did, by target, object and kind of step."""
        query = sa.select(*(outcome.c[name] for name in _LINE)).where(outcome.c.run == id_)
        order = (outcome.c.target, outcome.c.id, outcome.c.kind, outcome.c.action, outcome.c.result)
        return [Line(*row) for row in self._database.conn.execute(query.order_by(*order)).all()]
