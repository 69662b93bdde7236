"""Reports of runs that never were."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from rostersync.report import Entry, Removal, RunReport, SourceReport

EVERYDAY = SourceReport(
    "everyday",
    accepted=True,
    proof="root closed, type full",
    read=2842,
    skipped=2800,
    rejected=1,
    reasons={"rejected person: no name": 1, "not a user of the learning platform": 32},
)
REFUSED = SourceReport(
    "everyday", accepted=False, refused="zero persons", digest="ab" * 16, release="rostersync source accept everyday abababababab --reason ..."
)  # fmt: skip
HELD = Entry("77aa" * 8, "lms", "person", "depart", "974589230", "Nord skole", 312, 9480, 100, recent=2, held=True)
WHOLE = Entry("88bb" * 8, "lms", "person", "depart", "*", "", 312, 20000, 500)
FLOWING = Entry("99cc" * 8, "lms", "person", "create", "970944443", "Sør skole", 3, 400, 200)
ALARM = Entry("aadd" * 8, "lms", "guardianship", "end", "", "", 40, 50, 5, alarm=True)


def report(**changes: Any) -> RunReport:
    """A night on which one school held nothing back."""
    plain = RunReport(
        sync="oslo",
        run="2026-11-22T04:30:00+01:00-7f3a0b1c",
        command="sync",
        on="2026-11-22",
        digest="4f1c9a77" * 4,
        sources=(EVERYDAY,),
        changes={"person": {"create": 3, "depart": 312}, "membership": {"create": 40}},
        entries=(FLOWING,),
        delivered={"person": {"create": 3}, "membership": {"create": 40}},
    )
    return replace(plain, **changes)


REMOVAL = Removal("9a0b" * 8, 4)
