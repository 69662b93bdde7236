"""Deliveries on their way: what became of each so far, in which batches they go, and what each refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rostersync.model import Delivery, Held, Organisation, Outcome, Placed, Trouble
from rostersync.targets.itslearning.answers import Status
from rostersync.targets.itslearning.refusals import quoted, reason
from rostersync.targets.leftout import LeftOut


@dataclass(eq=False)
class Job:
    """One delivery and what became of it. `done` counts the parts of it that the LMS has taken."""

    delivery: Delivery
    reason: str = ""
    trouble: Trouble = "refused"
    done: int = field(default=0)

    @property
    def key(self) -> str:
        """What the LMS calls it: our id, or its own key of an adopted user."""
        return self.delivery.target_key or self.delivery.id

    @cached_property
    def near(self) -> dict[str, Placed]:
        """What the delivery refers to, by our id."""
        return {placed.value.id: placed for placed in self.delivery.near}

    def told(self, status: Status, left_out: LeftOut, gone: Sequence[str] = ()) -> None:
        """Take note of what became of a part. What was to be deleted and is not there counts as done."""
        said = f"{status.minor} {status.text}".lower()
        if status.good or any(text.lower() in said for text in gone):
            self.done += 1
            if status.warned and not gone:
                left_out.add(f"the LMS warned: {quoted(status)}")
        elif not self.reason:
            self.fail(reason(status), "passing" if status.major == "fault" else "refused")

    def fail(self, why: str, trouble: Trouble = "refused") -> None:
        """Nothing more is tried for this delivery."""
        self.reason, self.trouble = why, trouble

    def outcome(self) -> Outcome:
        """What is told of it. Of what was done in part, nobody can say what the LMS now holds."""
        trouble: Trouble = "unknown" if self.done and self.reason else self.trouble
        one = self.delivery
        return Outcome(one.id, one.phase, not self.reason, self.reason, one.target_key, trouble)


def chunks(deliveries: Iterable[Delivery], size: int) -> Iterator[list[Job]]:
    """Deliveries that can go together: in their order, of one phase and kind, nothing twice."""
    chunk: list[Job] = []
    ids: set[str] = set()
    for one in deliveries:
        last = chunk[-1].delivery if chunk else one
        if len(chunk) == size or one.id in ids or (one.phase, one.object_kind) != (last.phase, last.object_kind):
            yield chunk
            chunk, ids = [], set()
        chunk.append(Job(one))
        ids.add(one.id)
    if chunk:
        yield chunk


def place_key(id_: str, near: dict[str, Placed], root: str) -> str:
    """What the LMS calls a school or group. The owner is the root of its hierarchy, which it had before us."""
    placed = near.get(id_)
    if placed is None:
        return id_
    return root if is_root(placed.value) else placed.target_key or id_


def is_root(value: Held) -> bool:
    """Whether that is the owner, who stands at the root."""
    return isinstance(value, Organisation) and value.kind == "owner"
