"""A run's result: the values it is made of, and its text and JSON forms. The HTML page is page.py's job.

Nothing here can carry a personal value: schools are public, users are counted, and reasons are sentences of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from rostersync.model import Action, Kind

KINDS: tuple[Kind, ...] = ("organisation", "group", "person", "membership", "guardianship")
ACTIONS: tuple[Action, ...] = ("create", "update", "end", "depart", "release", "suspend", "merge", "restore", "remove")
PLURALS: Mapping[Kind, str] = {
    "organisation": "organisations",
    "group": "groups",
    "person": "users",
    "membership": "memberships",
    "guardianship": "guardianships",
}
"""What a person calls the kinds in a table: what departs and returns are users."""

Counts = Mapping[str, Mapping[str, int]]
"""Kind -> action -> how many."""

DONE, FAILED, CHANGES, HELD, PARTLY, USAGE, MISTAKE = 0, 1, 2, 3, 4, 64, 78
"""Exit codes. Which one wins is said in `worst`."""
_WORST_FIRST = (MISTAKE, USAGE, FAILED, PARTLY, HELD, CHANGES, DONE)


def worst(codes: Iterable[int]) -> int:
    """The exit code that wins among several."""
    given = set(codes)
    return next((code for code in _WORST_FIRST if code in given), DONE)


class SourceReport(Struct, frozen=True):
    """How one source fared. `skipped` counts unchanged fragments, `reasons` what was left out or rejected, and why."""

    name: str
    accepted: bool
    proof: str = ""
    read: int = 0
    skipped: int = 0
    rejected: int = 0
    repeat: bool = False
    refused: str = ""
    unavailable: bool = False
    digest: str = ""
    release: str = ""
    reasons: Mapping[str, int] = field(default_factory=dict)


class Entry(Struct, frozen=True):
    """One line of gate 2: how many changes of a kind and action at a school, against what limit (None = unlimited).

    `school` is an organisation number ("" = persons without a school, "*" = the whole owner). `recent` of `count` were
    delivered unapproved in the six days before.
    """

    digest: str
    target: str
    kind: Kind
    action: Action
    school: str
    school_name: str
    count: int
    of: int
    limit: int | None
    recent: int = 0
    held: bool = False
    approved: bool = False
    alarm: bool = False


class Removal(Struct, frozen=True):
    """The plan of permanent removals: its digest, what it counts, and whether somebody approved it."""

    digest: str = ""
    count: int = 0
    approved: bool = False


class RunReport(Struct, frozen=True):
    """Everything a person needs to know of one run."""

    sync: str
    run: str
    command: Literal["plan", "sync", "apply", "resync"]
    on: str
    digest: str
    sources: tuple[SourceReport, ...]
    changes: Counts
    entries: tuple[Entry, ...]
    removal: Removal = Removal()
    delivered: Counts = field(default_factory=dict)
    failed: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    parked: int = 0
    deliver: bool = True
    waiting: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    questions: int = 0
    pinned: int = 0
    restored_backup: bool = False

    @property
    def held(self) -> tuple[Entry, ...]:
        """The entries that wait for a person."""
        return tuple(entry for entry in self.entries if entry.held)

    @property
    def verdict(self) -> str:
        """`refused` when every source was; else `held` when anything is; else `cleared`."""
        if self.sources and not any(source.accepted for source in self.sources):
            return "refused"
        return "held" if self.held else "cleared"

    @property
    def code(self) -> int:
        """The exit code of this run."""
        return worst(self._codes())

    def _codes(self) -> Iterable[int]:
        refused = [source for source in self.sources if not source.accepted]
        if refused:
            yield FAILED if len(refused) == len(self.sources) else PARTLY
        if self.failed or self.parked:
            yield PARTLY
        if self.held or (self.removal.count and not self.removal.approved):
            yield HELD
        if any(self.changes.values()) and (self.command == "plan" or not self.deliver):
            yield CHANGES


def to_json(report: RunReport) -> dict[str, Any]:
    """The one document that `plan --json` and `sync --json` print; zero counts are left out."""
    document: dict[str, Any] = {
        "sync": report.sync,
        "run": report.run,
        "date": report.on,
        "digest": report.digest,
        "verdict": report.verdict,
        "sources": {source.name: _source_json(source) for source in report.sources},
        "changes": {kind: dict(actions) for kind, actions in report.changes.items()},
        "removal": {"digest": report.removal.digest, "person": {"remove": report.removal.count}},
        "held": [_held_json(entry) for entry in report.held],
        "alarms": [_held_json(entry) for entry in report.entries if entry.alarm],
        "waiting": dict(report.waiting),
        "questions": report.questions,
        "pinned": report.pinned,
        "notes": list(report.notes),
    }
    if report.command != "plan":
        document |= {
            "delivered": {kind: dict(actions) for kind, actions in report.delivered.items()},
            "failed": report.failed,
            "failures": dict(report.failures),
            "parked": report.parked,
        }
    return document


def _source_json(source: SourceReport) -> dict[str, Any]:
    document = {name: value for name, value in msgspec.to_builtins(source).items() if value not in ("", {}, False)}
    document.pop("name")
    return document | {"accepted": source.accepted, "rejected": source.rejected}


def _held_json(entry: Entry) -> dict[str, Any]:
    return {
        "digest": entry.digest,
        "target": entry.target,
        "kind": entry.kind,
        "action": entry.action,
        "school": entry.school,
        "count": entry.count,
        "of": entry.of,
        "limit": entry.limit,
        "release": release(entry),
    }


def release(entry: Entry) -> str:
    """The command that releases a held entry."""
    return f"rostersync approve {entry.digest[:12]} --reason ..." if entry.held else ""


def release_removal(removal: Removal) -> str:
    """The command that releases the plan of permanent removals."""
    return f"rostersync approve {removal.digest[:12]} --reason ..."


# -- as text --------------------------------------------------------------------------------------------------------


def to_text(report: RunReport) -> str:
    """The report as a person reads it on a terminal: sources, changes, what is held, and what to do next."""
    blocks = [
        f"{report.sync}: {report.command} for {report.on}",
        "\n".join(_source_lines(report.sources)),
        "\n".join(_change_lines(report)),
        "\n".join(_held_lines(report)),
        "\n".join(_closing_lines(report)),
    ]
    return "\n\n".join(block for block in blocks if block)


def _source_lines(sources: Iterable[SourceReport]) -> Iterable[str]:
    for source in sources:
        if not source.accepted:
            yield f"  {source.name}: {'unavailable' if source.unavailable else 'REFUSED'} - {source.refused}"
            if source.release:
                yield f"    release: {source.release}"
            continue
        if source.repeat:
            yield f"  {source.name}: the same file as last time; reading it was skipped"
            continue
        yield (
            f"  {source.name}: accepted ({source.proof}); {source.read:,} elements, {source.skipped:,} unchanged, "
            f"{source.rejected:,} rejected"
        )
        for reason, count in sorted(source.reasons.items(), key=lambda pair: -pair[1]):
            yield f"    {count:>7,} x {reason}"


def _change_lines(report: RunReport) -> Iterable[str]:
    if not any(report.changes.values()):
        refused = not all(source.accepted for source in report.sources)
        yield f"  Nothing to change: the LMS holds what {'was accepted before' if refused else 'it should'}."
        return
    actions = [action for action in ACTIONS if any(action in counts for counts in report.changes.values())]
    yield f"  {'':<14}" + "".join(f"{action:>10}" for action in actions)
    for kind in KINDS:
        counts = report.changes.get(kind, {})
        if counts:
            yield f"  {PLURALS[kind]:<14}" + "".join(f"{_figure(counts.get(action, 0)):>10}" for action in actions)


def _figure(count: int) -> str:
    return f"{count:,}" if count else "."


def _held_lines(report: RunReport) -> Iterable[str]:
    for entry in report.held:
        yield f"  HELD  {entry.count:,} x {entry.kind} {entry.action} at {place(entry)}, {measured(entry)}"
        yield f"        {release(entry)}"
    for entry in report.entries:
        if entry.alarm:
            yield (
                f"  ALARM {entry.count:,} x {entry.kind} {entry.action} at {place(entry)} of {entry.of:,}: "
                "not held, because it takes access away; find out why"
            )


def measured(entry: Entry) -> str:
    """An entry beside the size of its school and its limit."""
    recent = f", counting {entry.recent:,} from the six days before" if entry.recent else ""
    limit = f"the limit is {entry.limit:,}" if entry.limit is not None else "that takes an approval"
    return f"of {entry.of:,}{recent}; {limit}"


def numbered(count: int, one: str, many: str = "") -> str:
    """A count with its words, which are those of `one` with an s unless `many` says otherwise."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def place(entry: Entry) -> str:
    """Where an entry counts, as a person says it."""
    if entry.school == "*":
        return "the whole owner"
    return f"{entry.school_name} ({entry.school})" if entry.school else "no school"


def _closing_lines(report: RunReport) -> Iterable[str]:
    if report.restored_backup:
        yield "  The state is a restored backup: nothing ends until `rostersync state recover --reason ...`."
    for reason, count in report.waiting.items():
        yield f"  {numbered(count, 'change waits', 'changes wait')}: {reason}"
    for note in report.notes:
        yield f"  {note}"
    if report.questions:
        yield f"  {numbered(report.questions, 'open question')}: rostersync questions"
    if report.pinned:
        yield f"  {numbered(report.pinned, 'pinned person was', 'pinned persons were')} not touched: rostersync pin list"
    yield from _delivery_lines(report)
    yield from _removal_lines(report.removal)
    if report.digest and any(report.changes.values()):
        yield f"  Plan {report.digest[:12]}, {report.verdict}."


def _removal_lines(removal: Removal) -> Iterable[str]:
    due = f"{numbered(removal.count, 'user is', 'users are')} due for permanent removal"
    if removal.count and removal.approved:
        yield f"  {due}, which is approved."
    elif removal.count:
        yield f"  {due}, which takes an approval:"
        yield f"    {release_removal(removal)}"


def _delivery_lines(report: RunReport) -> Iterable[str]:
    if report.command == "plan":
        yield f"  Nothing was written to any LMS. To deliver what is cleared: rostersync sync {report.sync}"
        return
    if not report.deliver:
        yield "  Nothing was delivered: `deliver` is not true under [target] in the config."
        return
    delivered = sum(sum(counts.values()) for counts in report.delivered.values())
    yield f"  {numbered(delivered, 'change')} delivered, {numbered(report.failed, 'object')} failed."
    for reason, count in report.failures.items():
        yield f"    {count:>7,} x {reason}"
    if report.parked:
        parked = numbered(report.parked, "object is", "objects are")
        yield f"  {parked} parked, because the LMS has refused them again and again: rostersync status"
