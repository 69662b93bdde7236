"""What the daemon has to do: errands, what came of them, and those that wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from rostersync.daemon.protocol import Said

Listener = Callable[[Said], None]
"""Somebody who asked, and is told how it goes. Must neither block nor raise."""

Why = Literal["schedule", "full", "arrival", "trigger"]
DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 15))
"""How long to wait before an errand is tried again that could not be done now; the last one from then on."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be sent again, as it was typed: the kind, and a key (empty for all).

    `number`: the key was typed where nobody sees it, so it may be a national number.
    """

    kind: Literal["all", "person", "group", "school"]
    key: str = field(default="", repr=False)
    number: bool = False


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to do for one sync. With neither a run nor a `part`, only `marks` are to be remembered.

    `marks` are what the state remembers once it is done; `by` is who asked, empty for the daemon itself.
    """

    sync: str
    run: bool = True
    full: bool = False
    part: Part | None = None
    why: frozenset[Why] = frozenset()
    marks: Mapping[str, str] = field(default_factory=dict)
    by: str = ""
    listeners: tuple[Listener, ...] = ()
    tries: int = 0
    not_before: datetime | None = None

    def tell(self, said: Said) -> None:
        """Tell everybody who asked for it."""
        for listener in self.listeners:
            listener(said)

    def again(self, now: datetime) -> Errand:
        """The same, to be tried later."""
        delay = DELAYS[min(self.tries, len(DELAYS) - 1)]
        return replace(self, tries=self.tries + 1, not_before=now + delay)

    def joined(self, other: Errand) -> Errand:
        """One run that does for both; somebody new who asks does not wait for an earlier trouble to pass."""
        return replace(
            other,
            full=self.full or other.full,
            why=self.why | other.why,
            marks={**self.marks, **other.marks},
            by=", ".join(dict.fromkeys(one for one in (self.by, other.by) if one)),
            listeners=self.listeners + other.listeners,
            tries=self.tries,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an errand. `code` is its exit code; `document` and `text` its report; `problem` why it has none.

    `later`: nothing is wrong that time will not mend. `stopped`: the daemon was asked to end. `took` is in seconds;
    `known` counts the objects held by target.
    """

    errand: Errand
    code: int
    text: str = ""
    document: Mapping[str, Any] | None = None
    problem: str = ""
    later: bool = False
    stopped: bool = False
    took: float = 0.0
    known: Mapping[str, int] = field(default_factory=dict)


class Backlog:
    """The errands that wait, sync by sync, in the order they came."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Errand]] = {}

    def add(self, errand: Errand) -> None:
        """Put an errand at the end; a run joins one that waits already."""
        queue = self._waiting.setdefault(errand.sync, [])
        for place, waiting in enumerate(queue):
            if errand.run and waiting.run:
                queue[place] = waiting.joined(errand)
                return
        queue.append(errand)

    def take(self, sync: str, now: datetime) -> Errand | None:
        """The next errand of a sync that may be tried now."""
        queue = self._waiting.get(sync, [])
        for place, errand in enumerate(queue):
            # a clock set back must not keep anybody waiting for ever
            if errand.not_before is None or not now < errand.not_before <= now + DELAYS[-1]:
                return queue.pop(place)
        return None

    def sizes(self) -> dict[str, int]:
        """How many wait, by sync."""
        return {sync: len(queue) for sync, queue in self._waiting.items()}

    def syncs(self) -> list[str]:
        """The syncs for which something waits."""
        return [sync for sync, queue in self._waiting.items() if queue]

    def drop(self, sync: str) -> list[Errand]:
        """Forget what waits for a sync."""
        return self._waiting.pop(sync, [])
