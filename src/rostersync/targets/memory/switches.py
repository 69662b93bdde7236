"""The switches that make deliveries fail: what a test writes in `fail`, as a question asked of each delivery."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rostersync.errors import Problem, UserMistake
from rostersync.model import Delivery

Switch = Callable[[int, Delivery], bool]
"""Does this delivery, the number so-and-so of this process (from 1), fail?"""


def parse(where: str, texts: Iterable[str]) -> list[tuple[str, Switch]]:
    """The switches, each with its text.

    Raises:
        UserMistake: with one problem for each text that is no switch, at `where`.
    """
    made: list[tuple[str, Switch]] = []
    problems: list[Problem] = []
    for text in texts:
        word, _, rest = text.partition(":")
        if word == "every" and rest.isdecimal() and int(rest):
            made.append((text, _every(int(rest))))
        elif word == "kind" and rest:
            made.append((text, _kind(rest)))
        elif word == "id" and rest:
            made.append((text, _id(rest)))
        else:
            problems.append(Problem(where, f'"{text}" is no switch; write "every:NUMBER", "kind:KIND" or "id:ID"'))
    if problems:
        raise UserMistake(problems)
    return made


def _every(step: int) -> Switch:
    return lambda number, delivery: number % step == 0  # noqa: ARG005 - every switch is asked in the same way


def _kind(kind: str) -> Switch:
    return lambda number, delivery: kind in (delivery.object_kind, *(change.kind for change in delivery.changes))  # noqa: ARG005 - one of several that are called alike


def _id(id_: str) -> Switch:
    return lambda number, delivery: delivery.id == id_  # noqa: ARG005 - one of several that are called alike
