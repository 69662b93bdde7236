"""Works the portions of a large plan out in several processes. They only read: this process alone writes the state."""

from __future__ import annotations

import math
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from rostersync.collecting import collecting_seldom
from rostersync.errors import RostersyncError
from rostersync.portion import AT_ONCE, Portion, Portioning, Surroundings
from rostersync.store import Store
from rostersync.store.opening import Opening

Share = Sequence[int]
"""Row numbers of the persons of one portion."""

_WORTH_IT: Final = 20_000
"""Persons from which on more processes pay: each takes a second to start."""

_MOST: Final = 4
"""Processes at most; then the one that writes is the one the others wait for."""

_AHEAD: Final = 2
"""Portions a process is given in advance, so that it need not wait for the next."""


def hands(persons: int, asked: int) -> int:
    """How many processes work a plan out. `asked` is what the config says; 0 = as many as cores allow, when it pays."""
    if asked:
        return asked
    return min(len(os.sched_getaffinity(0)), _MOST) if persons >= _WORTH_IT else 1


def portions(store: Store, around: Surroundings, persons: Sequence[int], processes: int) -> Iterator[Portion]:
    """The portions of these persons (row numbers), in their order, worked out by so many processes.

    The others see what is committed: a transaction may be open, but must not have changed cards or what is known.
    """
    size = max(1, min(AT_ONCE, math.ceil(len(persons) / processes)))
    shares = [persons[start : start + size] for start in range(0, len(persons), size)]
    here = Portioning(store, around)
    if min(processes, len(shares)) < 2:
        yield from map(here.portion, shares)
        return
    crew = [_Mate(store.opening, around) for _ in range(min(processes, len(shares)))]
    try:
        yield from _dealt(crew, shares, here.portion)
    finally:
        for mate in crew:
            mate.dismiss()


def _dealt(
    crew: Sequence[_Mate], shares: Sequence[Sequence[int]], here: Callable[[Sequence[int]], Portion]
) -> Iterator[Portion]:
    """Deal the shares out in turn, and take the portions back in the same order."""
    asked: deque[tuple[_Mate, Sequence[int]]] = deque()
    for place, share in enumerate(shares):
        if len(asked) == _AHEAD * len(crew):
            yield _back(*asked.popleft(), here)
        mate = crew[place % len(crew)]
        mate.ask(share)
        asked.append((mate, share))
    while asked:
        yield _back(*asked.popleft(), here)


def _back(mate: _Mate, share: Share, here: Callable[[Share], Portion]) -> Portion:
    # Whatever became of a mate, her share can be done here; if that cannot be, the reason is told here.
    return mate.portion() or here(share)


class _Mate:
    """One more process, with a connection of its own to the state."""

    def __init__(self, opening: Opening, around: Surroundings) -> None:
        spawning = get_context("spawn")
        self._pipe, theirs = spawning.Pipe()
        self._process: SpawnProcess = spawning.Process(target=_work, args=(theirs, opening, around), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, share: Share) -> None:
        """Give her a share to work out."""
        with suppress(OSError):
            self._pipe.send(share)

    def portion(self) -> Portion | None:
        """The next portion, in the order asked for; None when she is gone."""
        try:
            portion: Portion = self._pipe.recv()
        except (EOFError, OSError):
            return None
        return portion

    def dismiss(self) -> None:
        """Let her go."""
        self._pipe.close()
        self._process.terminate()
        self._process.join()


def _work(pipe: Connection, opening: Opening, around: Surroundings) -> None:
    """The life of a mate: as long as the other end of the pipe is open."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who gives out the work
    with suppress(EOFError, OSError, RostersyncError), opening.open() as store, collecting_seldom():
        mine = Portioning(store, around)
        while True:
            pipe.send(mine.portion(pipe.recv()))
