"""One source of one run: fetch, read, map, gate 1, accept. A refused source keeps its last claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from msgspec.structs import replace

from rostersync.assembly import SourcePart
from rostersync.config import GuardSettings
from rostersync.connectors import Fragment, Snapshot, Unsure
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.guard import judge_snapshot
from rostersync.report import SourceReport
from rostersync.store import Store
from rostersync.store.intake import Intake
from rostersync.store.sources import SourceState

log = structlog.get_logger()


@dataclass(slots=True)
class _Tally:
    """What one reading met, for the report."""

    read: int = 0
    skipped: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Taking:
    """Takes in the sources of one run. `targets` are those whose persons become dirty."""

    store: Store
    run: str
    now: datetime
    guard: GuardSettings
    targets: tuple[str, ...]
    full: bool
    progress: Callable[[str, int], None]

    def take_all(self, parts: Sequence[SourcePart]) -> tuple[SourceReport, ...]:
        """Take in every source, and then lead logins to whoever holds them, by what all of them say now."""
        reports = {part.settings.name: self.take(part) for part in parts}
        for part in parts:
            name = part.settings.name
            # What could not be read tonight tells of the logins of an earlier day, so whoever had them then keeps them.
            if part.mapping.by_login and reports[name].accepted:
                reports[name] = self._led(reports[name])
        return tuple(reports.values())

    def _led(self, report: SourceReport) -> SourceReport:
        """Let the logins that a source names lead to those who hold them today; its report then counts the others."""
        store, number = self.store, self.store.sources.number(report.name)
        with store.begin():
            reached = store.cards.neighbourhood(store.holders.settle(number))
            for target in self.targets:
                store.cards.mark_dirty(target, reached, self.now)
        unmatched = Counter(
            "member whose login several persons have" if one.people else "member whose login nobody has"
            for one in store.holders.unmatched(number)
        )
        advice = f"list them: rostersync source unmatched {report.name}"
        told = {f"{reason} ({advice})": count for reason, count in unmatched.items()}
        return replace(report, reasons={**report.reasons, **told})

    def take(self, part: SourcePart) -> SourceReport:
        """Take in one source. Never raises for what is wrong with the source: the report tells."""
        name = part.settings.name
        state = self.store.sources.state(name)
        cursor = state.cursor if part.versions == state.versions and not self.full else ""
        try:
            releases = self.store.sources.releases(name)
            snapshot = part.connector.fetch(self.now, releases, cursor, part.mapping.wanted)
        except SourceUnavailable as error:
            return _unavailable(name, error)
        except SnapshotRefused as error:
            return self._refused(name, error, error.digest)
        try:
            report = self._read(part, snapshot, state)
        except SourceUnavailable as error:
            part.connector.discard(snapshot)
            return _unavailable(name, error)
        except SnapshotRefused as error:
            part.connector.discard(snapshot)
            return self._refused(name, error, snapshot.digest)
        except BaseException:
            part.connector.discard(snapshot)
            raise
        part.connector.accepted(snapshot)
        return report

    def _refused(self, name: str, error: SnapshotRefused, digest: str) -> SourceReport:
        # What has no readable header has no digest either; it is remembered all the same, for people ask `status`.
        self.store.sources.refused(name, digest, error.reason, str(error), error.releasable, self.now)
        release = f"rostersync source accept {name} {digest[:12]} --reason ..." if digest and error.releasable else ""
        log.warning("source.snapshot_refused", source=name, reason=error.reason, snapshot=digest[:12])
        return SourceReport(name, accepted=False, refused=str(error), digest=digest, release=release)

    def _read(self, part: SourcePart, snapshot: Snapshot, state: SourceState) -> SourceReport:
        name = part.settings.name
        if snapshot.digest == state.accepted_digest and part.versions == state.versions and not self.full:
            log.info("source.snapshot_repeated", source=name)
            self.store.sources.go_on_from(name, snapshot.cursor)
            return SourceReport(name, accepted=True, proof=state.proof, repeat=True, digest=snapshot.digest)
        if snapshot.digest not in self.store.sources.releases(name):
            refuse_older(snapshot, state)
        anew = self.full or part.versions != state.versions
        try:
            return self._accept(part, snapshot, anew=anew, careful=self.full)
        except Unsure as reason:
            log.info("source.read_carefully", source=name, reason=str(reason))
        return self._accept(part, snapshot, anew=anew, careful=True)

    def _accept(self, part: SourcePart, snapshot: Snapshot, *, anew: bool, careful: bool) -> SourceReport:
        """Read to the end, judge, and make it the source's last good snapshot: all of it or nothing.

        `anew`: fragments that are known are read all the same, for what is read in them may differ.
        """
        name = part.settings.name
        with self.store.intake(name, self.run, self.now) as intake:
            tally, proof = self._fragments(part, snapshot, intake, anew=anew, careful=careful)
            census = intake.close(partial=snapshot.partial)
            refusal = judge_snapshot(census, self.guard.limits, self.guard.floor)
            if refusal and snapshot.digest not in self.store.sources.releases(name):
                raise SnapshotRefused(refusal.reason, refusal.text, releasable=True)
            intake.accept(snapshot.digest, part.versions, snapshot.taken_at, proof, self.targets, snapshot.cursor)
        log.info(
            "source.snapshot_accepted", source=name, read=tally.read, skipped=tally.skipped, rejected=tally.rejected
        )
        reasons = tally.reasons + Counter(_dangling(census.dangling_persons, census.dangling_groups))
        return SourceReport(
            name,
            accepted=True,
            proof=proof,
            read=tally.read,
            skipped=tally.skipped,
            rejected=tally.rejected,
            digest=snapshot.digest,
            reasons=dict(reasons),
        )

    def _fragments(
        self, part: SourcePart, snapshot: Snapshot, intake: Intake, *, anew: bool, careful: bool
    ) -> tuple[_Tally, str]:
        tally = _Tally()
        reading = part.connector.read(snapshot, self.store.keyed, part.mapping.wanted, careful=careful)
        for fragment in reading:
            tally.read += 1
            if tally.read % 1000 == 0:
                self.progress(part.settings.name, tally.read)
            if not anew and intake.knows(fragment.digest):
                tally.skipped += 1
            else:
                _take(part, fragment, intake, tally)
        return tally, reading.proof


def refuse_older(snapshot: Snapshot, state: SourceState) -> None:
    """Refuse a snapshot that was made before the one accepted last.

    Raises:
        SnapshotRefused: releasable, with both dates.
    """
    if snapshot.taken_at and state.taken_at and snapshot.taken_at < state.taken_at:
        raise SnapshotRefused(
            "stale",
            f"the file was made {snapshot.taken_at:%Y-%m-%d %H:%M}, before the one accepted last "
            f"({state.taken_at:%Y-%m-%d %H:%M}); check that the export still runs",
            releasable=True,
        )


def _unavailable(name: str, error: SourceUnavailable) -> SourceReport:
    log.warning("source.unavailable", source=name, reason=str(error))
    return SourceReport(name, accepted=False, refused=str(error), unavailable=True)


def _take(part: SourcePart, fragment: Fragment, intake: Intake, tally: _Tally) -> None:
    mapped = part.mapping.read(fragment.parse())
    tally.reasons.update(skipped.because for skipped in mapped.skipped)
    if mapped.rejected or mapped.unread:
        tally.rejected += len(mapped.rejected)
        tally.reasons.update(f"rejected {one.kind}: {one.because}" for one in mapped.rejected)
        intake.reject(fragment.digest, mapped.rejected, mapped.claim, mapped.unread)
    elif mapped.claim is not None:
        intake.take(fragment.digest, mapped.claim)


def _dangling(persons: int, groups: int) -> dict[str, int]:
    found = {
        "person named by a member or contact but not described": persons,
        "group with members but not described": groups,
    }
    return {reason: count for reason, count in found.items() if count}
