"""Tells what became of each delivery by what Canvas reports of an import: its messages quote people, so none gets out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rostersync.errors import TargetUnavailable
from rostersync.model import Delivery, Outcome
from rostersync.targets.canvas.rows import DELETED
from rostersync.targets.canvas.service import WHOLE, Complaint, Report
from rostersync.targets.canvas.sheets import Sheets
from rostersync.targets.leftout import LeftOut

_UNKNOWN: Final = ("non-existent", "nonexistent", "not found", "does not exist", "doesn't exist", "unknown")
"""What Canvas says when it has not got what a row refers to."""

_LINELESS: Final = "a message of Canvas that names no row of its import (see Admin, SIS Import)"
_STOPPED: Final = "Canvas broke the import off before it was through; it is sent again"


def outcomes(deliveries: Sequence[Delivery], sheets: Sheets, report: Report, left_out: LeftOut) -> Iterator[Outcome]:
    """An outcome for each delivery, in their order.

    What Canvas says of a line is a refusal of the delivery that the line came from; of the others in an import that broke
    off, nobody knows.

    Raises:
        TargetUnavailable: the import failed, and none of its messages tells which row is to blame.
    """
    refused: dict[int, str] = {}
    for number, reason in _refusals(sheets, report, left_out):
        refused.setdefault(number, reason)  # the first: whoever is refused herself is refused in every course too
    if report.state not in WHOLE and not refused:
        raise TargetUnavailable(
            f"Canvas did not carry out import {report.number} ({report.state}); read its messages in Canvas, under Admin, "
            "SIS Import, then run the sync again"
        )
    for number, one in enumerate(deliveries):
        if number in refused:
            yield Outcome(one.id, one.phase, delivered=False, reason=refused[number], target_key=one.target_key)
        elif report.state in WHOLE:
            yield Outcome(one.id, one.phase, delivered=True, target_key=one.target_key)
        else:
            yield Outcome(one.id, one.phase, False, _STOPPED, one.target_key, "unknown")


def _refusals(sheets: Sheets, report: Report, left_out: LeftOut) -> Iterator[tuple[int, str]]:
    for complaint in report.complaints:
        found = sheets.at(complaint.file, complaint.line)
        if found is None:
            left_out.add(_LINELESS)
            continue
        row, numbers = found
        if row.status == DELETED and _is_unknown(complaint):
            continue  # what is not there need not be deleted
        for number in numbers:
            yield number, _reason(complaint, row.file, report.number)


def _reason(complaint: Complaint, file: str, number: int) -> str:
    if "already claimed" in complaint.text.lower():
        why = "the login, or another value that must be unique, is another user's there"
    elif _is_unknown(complaint):
        why = "it refers to something that Canvas does not have; deliver that first (rostersync resync)"
    else:
        why = "its message may name people and is not repeated here"
    return f"Canvas refused a row of {file}.csv: {why}; see import {number} in Canvas, under Admin, SIS Import"


def _is_unknown(complaint: Complaint) -> bool:
    return any(words in complaint.text.lower() for words in _UNKNOWN)
