"""The fence: a number that every new holder of the lease raises, and that every commit of a holder looks at.

A process that was taken for dead and wakes up again, or whose server let go of its lease, cannot write any more: somebody
else has raised the number. Looking and raising both stand under the lock of those who write, so neither can slip in
between the other's look and its commit.
"""

from __future__ import annotations

from typing import Final

from rostersync.errors import LeaseLost
from rostersync.store.engine import Database
from rostersync.store.schema import recall, remember

_FENCE: Final = "fence"


def fence(database: Database) -> None:
    """Raise the number for this holder of the lease, and let her commit only for as long as it is hers."""
    with database.begin():
        mine = str(int(recall(database, _FENCE) or 0) + 1)
        remember(database, _FENCE, mine)

    def look() -> None:
        if recall(database, _FENCE) != mine:
            raise LeaseLost(
                f"another run has taken over the state {database.name}, because the connection of this one was given up "
                "for lost; nothing of the step under way was written. The other run goes on: look at `rostersync runs`"
            )

    database.before_commit = look
