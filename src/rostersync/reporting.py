"""What a run found -> its report: scopes become schools with names, and counts of several targets are added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rostersync.assembly import Parts
from rostersync.booking import Delivered
from rostersync.guard import Judged
from rostersync.model import Organisation
from rostersync.planning import TargetPlan
from rostersync.report import Counts, Entry, Removal, RunReport, SourceReport
from rostersync.store import Store


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything one run found out."""

    store: Store
    parts: Parts
    command: Literal["plan", "sync", "apply"]
    run: str
    on: date
    sources: tuple[SourceReport, ...]
    plans: Sequence[TargetPlan]
    delivered: Sequence[Delivered]


def report_of(found: Findings) -> RunReport:
    """Write the report of a run."""
    organisations = {one.id: one for one in found.store.cards.organisations(found.parts.source_names)}
    verdicts = [plan.verdict for plan in found.plans if plan.verdict]
    delivering = [one for one in found.delivered if one.delivering]
    restored = found.store.generation.restored()
    return RunReport(
        sync=found.parts.settings.name,
        run=found.run,
        command=found.command,
        on=found.on.isoformat(),
        digest=combined(plan.entries.digest for plan in found.plans),
        sources=found.sources,
        changes=added(plan.entries.counts() for plan in found.plans),
        entries=tuple(_entry(one, organisations) for verdict in verdicts for one in verdict.entries),
        removal=_removal(found),
        delivered=nested(sum((one.counts for one in delivering), Counter())),
        failed=sum(one.failed for one in delivering),
        failures=dict(sum((one.failures for one in delivering), Counter())),
        parked=sum(len(one.parked) for one in delivering),
        deliver=any(part.settings.deliver for part in found.parts.targets),
        waiting={reason: count for reason, count in _waiting(found, restored) if count},
        notes=tuple(_notes(found)),
        questions=len(found.store.questions.open_ones()),
        pinned=max((plan.pinned for plan in found.plans), default=0),
        restored_backup=restored,
    )


def _waiting(found: Findings, restored: bool) -> Iterable[tuple[str, int]]:
    yield _why_waiting(restored), sum(plan.waiting for plan in found.plans)
    yield "new users have no login yet (login_wait)", sum(plan.awaiting for plan in found.plans)


def _why_waiting(restored: bool) -> str:
    if restored:
        return "the state came from a backup, so nothing is taken away until it is recovered"
    return "nothing is taken away before the summer is over (calendar.add_only)"


def combined(digests: Iterable[str]) -> str:
    """The digest of a run's plans: the plan's own when there is one target, else a digest of all."""
    from hashlib import blake2b

    told = sorted(digests)
    return told[0] if len(told) == 1 else blake2b(" ".join(told).encode(), digest_size=16).hexdigest()


def added(counts: Iterable[Counts]) -> dict[str, dict[str, int]]:
    """Counts of several targets in one."""
    total: Counter[tuple[str, str]] = Counter()
    for one in counts:
        for kind, actions in one.items():
            total.update({(kind, action): number for action, number in actions.items()})
    return nested(total)


def nested(counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    """(kind, action) -> number, as kind -> action -> number."""
    told: dict[str, dict[str, int]] = {}
    for (kind, action), number in sorted(counts.items()):
        told.setdefault(kind, {})[action] = number
    return told


def _entry(judged: Judged, organisations: Mapping[str, Organisation]) -> Entry:
    """An entry with its school's number and name. A scope that is no school (any more) is told as it stands."""
    school = organisations.get(judged.scope)
    return Entry(
        digest=judged.digest,
        target=judged.target,
        kind=judged.kind,
        action=judged.action,
        school=(school.number if school else "") or judged.scope,
        school_name=school.name if school else "",
        count=judged.count,
        of=judged.of,
        limit=judged.limit,
        recent=judged.recent,
        held=judged.held,
        approved=judged.approved,
        alarm=judged.alarm,
    )


def _removal(found: Findings) -> Removal:
    due = [plan for plan in found.plans if plan.removals_due]
    return Removal(
        digest=combined(plan.removals.digest for plan in due) if due else "",
        count=sum(plan.removals_due for plan in due),
        approved=bool(due) and all(plan.removal_approved for plan in due),
    )


def _notes(found: Findings) -> Iterable[str]:
    for plan in found.plans:
        name = plan.part.settings.name
        if plan.unknown_in_lists:
            yield (
                f"{plan.unknown_in_lists} entries of the local lists name nobody, or several people, among those the sources "
                "describe: rostersync person KEY"
            )
        if plan.without_login:
            yield (
                f"{plan.without_login:,} new users still have no login and are created without one: "
                f"rostersync runs --run {found.run} --only person.create lists them"
            )
        carried = {"membership", "guardianship", "person", "group", "organisation"} - plan.part.target.supports
        if carried:
            yield f"target {name} cannot hold {', '.join(sorted(carried))}s; they are left out there"
        for remark, count in plan.part.target.left_out.items():
            yield f"target {name}: {count:,} x {remark}"
