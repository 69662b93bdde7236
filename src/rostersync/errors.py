"""The error tree, sorted by what the caller should do next.

    RostersyncError
    +-- UserMistake        config, mapping or command is wrong: fix it; exit 78 (64 for Usage)
    |   +-- Usage
    |   +-- NoState            there is no state yet
    +-- Stop               this run must end; a person has to look; exit 1
    |   +-- SnapshotRefused    one source's snapshot cannot be trusted; the other sources go on
    |   +-- StateBroken        the state is newer, damaged, or opened with the wrong secret
    |   +-- NotOurs            the target holds users that we did not create or adopt
    +-- TryLater           nothing is wrong that time will not mend; exit 1
        +-- SourceUnavailable
        +-- TargetUnavailable
        |   +-- TargetFaltering    one call failed in passing; the same call may succeed in this very run
        +-- StateBusy
        +-- Stopping           the daemon was asked to end; its next start goes on where this run ended
        +-- StateUnavailable   the database server cannot be reached, or went away
        +-- LeaseLost          another run has taken over the state

Skipping, rejecting, holding and a failed delivery are values, not exceptions: they are normal, counted and reported.
No message may carry a name, a national number or a source id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class RostersyncError(Exception):
    """Something went wrong that rostersync can explain."""


class Problem:
    """One thing to fix: where it stands and what to do. Shown as `where: text`."""

    __slots__ = ("text", "where")

    def __init__(self, where: str, text: str) -> None:
        self.where = where
        self.text = text

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text

    def __repr__(self) -> str:
        return f"Problem({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class UserMistake(RostersyncError):
    """The config, a mapping or a list is wrong. Carries every problem found, in file order."""

    def __init__(self, problems: Sequence[Problem | str]) -> None:
        self.problems = tuple(p if isinstance(p, Problem) else Problem("", p) for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


def refuse_settings(table: str, wrong: Iterable[str]) -> None:
    """Refuse a source's or target's settings for these sentences, all at once; nothing where there are none.

    `table` is where they stand in the config: `source.NAME` or `target.NAME`.

    Raises:
        UserMistake: each as `TABLE: sentence`.
    """
    if told := [f"{table}: {one}" for one in wrong]:
        raise UserMistake(told)


class Usage(UserMistake):
    """The command was given arguments that do not fit together."""


class NoState(UserMistake):
    """There is no state yet, where the config says that it should be."""


class Stop(RostersyncError):
    """This run must end; nothing was changed in any LMS."""


class SnapshotRefused(Stop):
    """One source's snapshot cannot be trusted, so its last claims stay as they are.

    `reason` is a short code (`no proof`, `zero`, `rejected`, `stale`, `dangling`); `releasable` tells whether
    `rostersync source accept` may release it. A snapshot without proof of completeness never is.
    """

    def __init__(self, reason: str, text: str, *, releasable: bool = False, digest: str = "") -> None:
        self.reason = reason
        self.releasable = releasable
        self.digest = digest
        super().__init__(text)


class StateBroken(Stop):
    """The state cannot be used as it is."""


class NotOurs(Stop):
    """The target is not empty, and what it holds was not created or adopted by us."""


class TryLater(RostersyncError):
    """Nothing is wrong that time will not mend."""


class SourceUnavailable(TryLater):
    """The source cannot be reached, or its file is missing or still growing."""


class TargetUnavailable(TryLater):
    """The target cannot be reached or written to."""


class TargetFaltering(TargetUnavailable):
    """One call to the target failed in passing, and whether it was carried out is not known: it is made again.

    `overloaded`: the target asks for fewer calls, and has not carried this one out. `pause`: for how many seconds it asks
    to be left alone.
    """

    def __init__(self, text: str, *, overloaded: bool = False, pause: float = 0.0) -> None:
        self.overloaded = overloaded
        self.pause = pause
        super().__init__(text)


class StateBusy(TryLater):
    """Another run holds the lease on the state."""


class Stopping(TryLater):
    """The daemon was asked to end, so this run ends between two batches; the next one goes on from there."""


class StateUnavailable(TryLater):
    """The database server cannot be reached, or the connection to it was lost.

    What was not committed is undone. `uncertain`: it was lost during a commit, and nobody knows what became of that; the
    next run finds out.
    """

    def __init__(self, text: str, *, uncertain: bool = False) -> None:
        self.uncertain = uncertain
        super().__init__(text)


class LeaseLost(TryLater):
    """Another run has the state now, so this one may not write to it any more."""
