"""A target for tests and rehearsals: a strict LMS in memory or in a file, which fails and dies by switch.

What it was asked is visible afterwards (`snapshot`, `trash`, `calls`, `double_creates`), and with a `path` it outlives
the process, so that a test can kill a run at any delivery and look at what the next one makes of it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from rostersync.model import Delivery, Held, ObjectKind, Observed, Outcome
from rostersync.targets import Existing, Placed, Target
from rostersync.targets.memory import switches
from rostersync.targets.memory.lines import Lines
from rostersync.targets.memory.lms import Asked, Lms, Request
from rostersync.targets.memory.shown import shown
from rostersync.targets.memory.weather import Weather
from rostersync.targets.observing import Walk, listed
from rostersync.targets.rekeying import Rekeyed
from rostersync.targets.usual import Usual

KILLED = 137
"""The exit code of a process that was made to die, as after SIGKILL."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`[target.NAME]` with `type = "memory"`."""

    path: Path | None = field(
        default=None, metadata={"help": "a file of JSON lines that keeps what was delivered; memory only when left out"}
    )
    fail: tuple[str, ...] = field(
        default=(), metadata={"help": 'which deliveries fail: "every:10", "kind:person", "id:ID"'}
    )
    crash_after: int | None = field(
        default=None, metadata={"help": "the process dies after so many deliveries, whose outcomes it has told"}
    )
    silent_after: int | None = field(
        default=None, metadata={"help": "the process dies after so many deliveries and one more that nobody learns of"}
    )
    connections: int = field(default=1, metadata={"help": "how many calls may run at the same time"})
    at_once: int = field(default=500, metadata={"help": "how many deliveries one call takes"})
    delay: int = field(default=0, metadata={"help": "milliseconds that each call takes"})
    faltering: int = field(default=0, metadata={"help": "percent of calls that break off, by chance"})
    unheard: int = field(default=0, metadata={"help": "percent of calls that are carried out without an answer"})
    walked: int = field(
        default=0, metadata={"help": "how many things one call tells when read back; 0 = one list tells everything"}
    )
    chance: int = field(
        default=0, metadata={"help": "where the chance begins; the same number gives the same failures"}
    )


class MemoryTarget(Usual):
    """One LMS that exists only here. A killed run leaves at most half a line, which the next delivery drops."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._switches = switches.parse(f"target.{name}.fail", settings.fail)
        self._lines = Lines(settings.path) if settings.path else None
        self._lms = Lms()
        self._made = 0
        self._alone = threading.Lock()
        for request in self._lines.read() if self._lines else ():
            self._lms.take(request)
        self._weather = Weather(settings.faltering, settings.unheard, settings.chance + self._lms.calls.total())

    @property
    def connections(self) -> int:
        """As many as it was told."""
        return self._settings.connections

    @property
    def at_once(self) -> int:
        """As many as it was told."""
        return self._settings.at_once

    def check(self) -> list[str]:
        """Whether the file's folder is there."""
        path = self._settings.path
        if path is None or path.parent.is_dir():
            return []
        return [f"{path.parent} is not there; make the folder, or leave path out"]

    def existing(self) -> Iterator[Existing]:
        """Every user it holds, seeded ones too."""
        return self._lms.existing()

    @property
    def lists(self) -> frozenset[ObjectKind]:
        """Everything; only its users where the rest is to be walked."""
        return frozenset({"user"}) if self._settings.walked else frozenset({"organisation", "group", "user"})

    @property
    def walk(self) -> Walk | None:
        """As it was told."""
        return Walk(self._settings.walked, 1) if self._settings.walked else None

    def expected(self, roster: Iterable[Placed]) -> Iterator[Observed]:
        """Everything reads back as it was delivered."""
        return map(shown, roster)

    def observed(self) -> Iterator[Observed]:
        """Everything it holds, strangers too."""
        yield from (one for one in map(shown, self._lms.placed()) if one.object_kind in self.lists)
        yield from map(listed, self._lms.strangers.values())

    def holds(self, sought: Sequence[Placed]) -> Iterator[Observed]:
        """What it holds of these."""
        keys = {(one.object_kind, one.key) for one in map(shown, sought)}
        return (one for one in map(shown, self._lms.placed()) if (one.object_kind, one.key) in keys)

    def rekey(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Rekeyed]:
        """Give strangers other keys."""
        for old, new in pairs:
            user = self._lms.strangers.get(old)
            if user:
                self._keep(Request("seed", old, new, seed=replace(user, target_key=new)))
            yield Rekeyed(old, "" if user else "the LMS has no user with that key; run adopt again")

    def deliver(self, deliveries: Iterable[Delivery], roster: Callable[[], Iterator[Placed]]) -> Iterator[Outcome]:  # noqa: ARG002 - the protocol has it
        """Do the deliveries one by one; a refused one changes nothing. The roster is not looked at.

        Raises:
            TargetFaltering: chance had it so.
            TargetUnavailable: the file cannot be written to.
        """
        time.sleep(self._settings.delay / 1000)
        yield from self._weather.meets(list(deliveries), self._one_by_one)
        self._die_at(self._settings.crash_after)

    def _one_by_one(self, deliveries: Iterable[Delivery]) -> Iterator[Outcome]:
        for delivery in deliveries:
            with self._alone:
                told = self._one(delivery)
            yield told

    def _one(self, delivery: Delivery) -> Outcome:
        self._die_at(self._settings.crash_after)
        request = _request(delivery)
        reason = self._failure(delivery) or self._lms.refusal(request)
        if not reason:
            self._keep(request)
        self._die_at(self._settings.silent_after)
        self._made += 1
        return Outcome(delivery.id, delivery.phase, not reason, reason, delivery.target_key)

    def _failure(self, delivery: Delivery) -> str:
        number = self._made + 1
        return next((f"made to fail by {text}" for text, fails in self._switches if fails(number, delivery)), "")

    def _die_at(self, number: int | None) -> None:
        if number == self._made:
            os._exit(KILLED)

    def _keep(self, request: Request) -> None:
        if self._lines:
            self._lines.append(request)
        self._lms.take(request)

    # -- for tests --------------------------------------------------------------------------------------------------

    def seed(self, user: Existing) -> None:
        """Let the LMS have a user whom we did not create."""
        self._keep(Request("seed", user.target_key, user.target_key, seed=user))

    def by_hand(self, value: Held | None, id_: str = "") -> None:
        """Let somebody at the LMS change what was delivered, or (None) delete it."""
        id_ = value.id if value else id_
        key = next((one.target_key for one in self._lms.placed() if one.value.id == id_ and one.target_key), id_)
        self._keep(Request("remove" if value is None else "update", id_, key, value))

    def snapshot(self) -> tuple[Placed, ...]:
        """Everything that was delivered and is still there, in the order of a roster."""
        return self._lms.placed()

    @property
    def trash(self) -> frozenset[str]:
        """The ids of the suspended users."""
        return frozenset(user.id for user in self._lms.users.values() if not user.enabled)

    @property
    def calls(self) -> Mapping[tuple[str, Asked], int]:
        """(id, what was asked) -> how often, since the file or the process began."""
        return self._lms.calls

    @property
    def double_creates(self) -> tuple[str, ...]:
        """The ids that were to be created although they were there."""
        return tuple(self._lms.double_creates)


def _request(delivery: Delivery) -> Request:
    creates = any(change.action == "create" and not change.part for change in delivery.changes)
    asked: Asked = "remove" if delivery.after is None else "create" if creates else "update"
    return Request(asked, delivery.id, delivery.target_key or delivery.id, delivery.after)


def make(name: str, settings: Settings) -> Target:
    """The target of one `[target.NAME]`."""
    return MemoryTarget(name, settings)
