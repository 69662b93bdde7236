"""What goes over the trigger socket: one JSON document a line, first what is asked, then what is said about it.

Version 1. A caller sends one `Ask`; the daemon answers with any number of `Said` and closes after the last. Every line is
bounded, and whoever is silent for too long is hung up on.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

VERSION: Final = 1
LONGEST_ASK: Final = 4_096
"""Bytes of a question."""
LONGEST_SAID: Final = 4_194_304
"""Bytes of one line of an answer; a report is one line."""
ASK_WITHIN: Final = 5.0
"""Seconds in which a caller must have asked, and in which she must take what she is told."""
SIGN_OF_LIFE: Final = 5.0
"""Seconds after which the daemon says that it still works, when there is nothing else to say."""
SILENCE: Final = 30.0
"""Seconds of silence after which a caller takes the daemon for dead."""


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller wants: a run of a sync, or that a part of what is known is sent again.

    `key` belongs to the part; `number` says that it was typed where nobody sees it, so it may be a national number.
    """

    sync: str
    ask: Literal["sync", "resync"] = "sync"
    version: int = VERSION
    full: bool = False
    part: Literal["all", "person", "group", "school"] = "all"
    key: str = ""
    number: bool = False


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing the daemon says. `done` and `refused` are the last; `code` is the exit code then.

    `progress` tells a step and how far it is; `done` carries the report as text and as a document.
    """

    said: Literal["queued", "waiting", "started", "progress", "alive", "done", "refused"]
    version: int = VERSION
    text: str = ""
    step: str = ""
    count: int = 0
    code: int = 0
    problems: tuple[str, ...] = ()
    document: dict[str, Any] | None = None

    @property
    def last(self) -> bool:
        """Whether nothing follows."""
        return self.said in ("done", "refused")


def line(message: Ask | Said) -> bytes:
    """A message as one line."""
    return msgspec.json.encode(message) + b"\n"


def refused(code: int, *problems: str) -> Said:
    """That something is not done, and why."""
    return Said("refused", code=code, problems=problems)
