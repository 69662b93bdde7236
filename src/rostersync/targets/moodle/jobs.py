"""Deliveries on their way: what became of each so far, and in which batches they go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from rostersync.model import Delivery, Outcome, Trouble
from rostersync.targets.moodle.site import NOT_SENT, Done

_REFUSALS: Final = {
    "invaliduserid": "the account was deleted in Moodle meanwhile; run the sync again",
    "usernotupdatedadmin": "the account is a site administrator's, which no sync may change; take it out by a pin",
    "useremailduplicate": "another account has the e-mail address; correct one of them at its source",
    "useremailinvalid": "Moodle does not take the e-mail address; correct it at its source",
    "dmlwriteexception": "its database refuses the row: a login that another account has, or letters it cannot keep",
    "nopermissions": "the token's account lacks a right to do it; compare its role with docs/how-to/moodle.md",
    "wsusercannotassign": "the token's account may not give that role; allow it under Define roles, Allow role assignments",
    "wsnoinstance": "the course has no manual enrolment; add it to the course under Participants, Enrolment methods",
    NOT_SENT: "Moodle greets whoever is enrolled by e-mail, and cannot send it; set Send course welcome message to No under "
    "Manual enrolments",
    "shortnametaken": "another course has the short name; rename that one",
}
"""Error codes of Moodle -> what is wrong, and what to do."""


@dataclass(eq=False)
class Job:
    """One delivery and what became of it. `key` is Moodle's number for it, once found or made.

    `new` is true when Moodle did not hold it before; `touched` when some part of it has been carried out.
    """

    delivery: Delivery
    key: int = 0
    new: bool = False
    touched: bool = False
    reason: str = field(default="")

    def told(self, done: Done) -> None:
        """Take note of what became of a part of it."""
        if done.code:
            self.fail(_REFUSALS.get(done.code) or f"Moodle refuses it ({done.code})")
        else:
            self.touched = True

    def fail(self, reason: str) -> None:
        """It will not be delivered; the first reason stands."""
        self.reason = self.reason or reason

    def outcome(self) -> Outcome:
        """What is told of it. An adopted account is found by our id from then on."""
        one = self.delivery
        key = one.id if one.target_key and self.touched else one.target_key
        trouble: Trouble = "unknown" if self.touched and self.reason else "refused"
        return Outcome(one.id, one.phase, not self.reason, self.reason, key, trouble)


def going(jobs: Iterable[Job]) -> list[Job]:
    """Those that have not failed."""
    return [job for job in jobs if not job.reason]


def chunks(deliveries: Iterable[Delivery], most: int) -> Iterator[list[Job]]:
    """Deliveries that can go together: neighbours of one phase and kind, and of those at most so many."""
    for _, alike in groupby(deliveries, lambda one: (one.phase, one.object_kind, one.after is None)):
        chunk: list[Job] = []
        for one in alike:
            if len(chunk) == most or any(job.delivery.id == one.id for job in chunk[-1:]):
                yield chunk
                chunk = []
            chunk.append(Job(one))
        yield chunk
