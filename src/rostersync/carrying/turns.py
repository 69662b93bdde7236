"""Several targets side by side in one thread: whoever waits for an answer lets the others go on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from typing import Final

Turns = Generator[float, None, None]
"""Work that is done in turns. Each gives the seconds after which it wants the next one, if the bell is not rung before."""

_SWITCH: Final = 0.0005
"""Seconds after which whoever reckons lets a lane go on whose answer is there. With the interpreter's own 5 ms it would wait
for as long at each of its steps, and eight lanes would do the work of six."""


def together(works: Iterable[Turns], bell: threading.Event) -> None:
    """Do all of it. When one fails, the others are closed, every one of them, and the failure is raised."""
    going = list(works)
    with ExitStack() as stack:
        stack.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(_SWITCH)
        for one in going:
            stack.callback(one.close)
        while going:
            bell.clear()
            soonest = [(one, next(one, None)) for one in tuple(going)]
            going = [one for one, seconds in soonest if seconds is not None]
            waits = [seconds for _, seconds in soonest if seconds is not None]
            if waits:
                bell.wait(min(waits))
