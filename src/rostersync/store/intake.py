"""One source's snapshot on its way into the state: knows, take, reject, close, accept.

Everything happens in one transaction that only `accept` commits, so a refused snapshot or a killed run leaves the last
accepted one as it was. Writing is in batches; nothing asks the database about one person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from rostersync.guard import Census
from rostersync.model import Claim, ClaimKind, GroupClaim, MembershipClaim, PersonClaim, Question, Rejected
from rostersync.store.desk import Desk, unusable
from rostersync.store.doubts import close_answered
from rostersync.store.engine import Database, Transaction
from rostersync.store.groups import Groups
from rostersync.store.linking import Linking
from rostersync.store.persons import Persons
from rostersync.store.questions import Questions
from rostersync.store.retiring import Retirement
from rostersync.store.rosters import Rosters
from rostersync.store.sources import Counts, Sources, SourceState
from rostersync.store.tables import group, link, person
from rostersync.store.touching import mark_touched

_EVERY_KIND: Final[tuple[ClaimKind, ...]] = ("person", "group", "membership")

_UNDESCRIBED: Final = """
    NOT EXISTS (SELECT 1 FROM claim WHERE claim.source_no = :source AND claim.kind = 'person' AND claim.key = named.key
                                      AND claim.present = TRUE)
    AND NOT EXISTS (SELECT 1 FROM link CROSS JOIN link AS own CROSS JOIN claim
                     WHERE link.source_no = :source AND link.key = named.key
                       AND own.person_no = link.person_no AND own.source_no = link.source_no
                       AND claim.source_no = own.source_no AND claim.kind = 'person' AND claim.key = own.key
                       AND claim.present = TRUE)
    AND NOT EXISTS (SELECT 1 FROM login_key WHERE login_key.source_no = :source AND login_key.key = named.key)
"""

_IN_A_GROUP: Final = """
    EXISTS (SELECT 1 FROM tie WHERE tie.source_no = :source AND tie.person_key = login_key.key AND tie.standing)
"""

_COUNTS: Final = {
    # A source that names its members by login describes nobody: there, they are its persons.
    "persons": f"""
        SELECT (SELECT count(DISTINCT key) FROM claim WHERE source_no = :source AND kind = 'person' AND present = TRUE)
             + (SELECT count(*) FROM login_key WHERE source_no = :source AND {_IN_A_GROUP})
    """,  # noqa: S608 - the parts are above
    "groups": "SELECT count(DISTINCT key) FROM claim WHERE source_no = :source AND kind = 'group' AND present = TRUE",
    # Members and contacts of whom this snapshot says nothing, under whatever key. Nearly everyone is described, so that
    # is asked first, and only then whether the tie still stands.
    "dangling_persons": f"""
        SELECT count(*) FROM (
            SELECT key FROM (SELECT DISTINCT person_key AS key FROM tie WHERE source_no = :source) AS named
             WHERE {_UNDESCRIBED}
               AND EXISTS (SELECT 1 FROM tie WHERE source_no = :source AND person_key = named.key AND standing)
            UNION
            SELECT key FROM (SELECT DISTINCT contact_key AS key FROM contact WHERE source_no = :source) AS named
             WHERE {_UNDESCRIBED}
               AND EXISTS (SELECT 1 FROM contact CROSS JOIN claim
                            WHERE contact.source_no = :source AND contact.contact_key = named.key
                              AND claim.no = contact.claim_no AND claim.present)) AS dangling
    """,  # noqa: S608 - the parts are above
    "dangling_groups": """
        SELECT count(DISTINCT claim.key) FROM claim
          LEFT JOIN "group" ON "group".source_no = claim.source_no AND "group".key = claim.key AND "group".standing
         WHERE claim.source_no = :source AND claim.kind = 'membership' AND claim.present = TRUE AND "group".key IS NULL
    """,
}


class Intake:
    """The intake of one snapshot. Made by `intake`, and of no use after its block."""

    def __init__(self, database: Database, transaction: Transaction, source: str, run: str, at: datetime) -> None:
        self._database = database
        self._transaction = transaction
        self._sources = Sources(database)
        self._before = self._sources.state(source)
        self._run = run
        self._at = at
        self._desk = Desk(database, self._sources.number(source), source, run)
        self._persons = Persons(self._desk)
        self._groups = Groups(self._desk)
        self._rosters = Rosters(self._desk)
        self._rejected_digest = database.keyring.digest("rejected fragment")
        self._unread: set[ClaimKind] = set()
        self._fragments = 0
        self._rejected = 0
        self._counts = self._before.counts
        self._questions: list[Question] = []

    def knows(self, digest: bytes) -> bool:
        """Whether the last accepted snapshot had this very fragment; then it is there again, and need not be parsed."""
        known = self._desk.seen.meet(digest)
        self._fragments += known
        return known

    def take(self, digest: bytes, claim: Claim) -> None:
        """Take in what a new fragment says."""
        self._fragments += 1
        if isinstance(claim, PersonClaim):
            self._persons.take(digest, claim)
        elif isinstance(claim, GroupClaim):
            self._groups.take(digest, claim)
        else:
            self._rosters.take(digest, claim)

    def reject(
        self, digest: bytes, rejected: Sequence[Rejected], claim: Claim | None = None, unread: Sequence[str] = ()
    ) -> None:
        """Note a fragment that cannot be used, or only in part: `claim` is then what could be used of a membership.

        `unread` are persons of whom it says nothing, because their own records were rejected: their last ties stay.
        Its digest is not remembered, so it is counted every night. What its key said last stays.
        """
        self._fragments += 1
        self._rejected += len(rejected)
        if claim_no := self._desk.seen.claim(digest):
            self._desk.disowned.append((self._rejected_digest(digest), claim_no))
        if isinstance(claim, MembershipClaim):
            parts = [*(one.part for one in rejected), *unread]
            self._rosters.take(self._rejected_digest(digest), claim, parts if all(parts) else None)
            return
        self._unread |= {one.kind for one in rejected if not one.key}
        keys = [(one.kind, self._desk.surrogate(one.key)[0]) for one in rejected if one.key]
        self._database.insert_many(unusable, ("kind", "key"), keys, ignore=True)

    def close(self, *, partial: bool = False) -> Census:
        """Everything is read: replace, retire and link, and tell what the snapshot comes to.

        What a `partial` snapshot does not mention is there all the same.

        Raises:
            StateBroken: two keys share a surrogate.
        """
        for taken in (self._persons, self._groups, self._rosters):
            taken.flush()
        desk = self._desk
        if desk.is_new:
            self._database.sized()
        Retirement(desk, _EVERY_KIND if partial else self._unread).settle()
        linking = Linking(desk)
        linking.link()
        self._questions = linking.questions
        self._groups.work_out()
        if desk.is_new:
            self._database.sized(group, link, person)
        desk.refuse_collisions()
        if desk.changed():
            counted = {name: desk.run_sql(sa.text(query)).scalar_one() for name, query in _COUNTS.items()}
            self._counts = Counts(ties=self._before.counts.ties + desk.ties, **counted)
        return self._census()

    def _census(self) -> Census:
        before, now = self._before.counts, self._counts
        return Census(
            persons_before=before.persons,
            persons_now=now.persons,
            groups_before=before.groups,
            groups_now=now.groups,
            ties_before=before.ties,
            ties_now=now.ties,
            records=self._fragments,
            rejected=self._rejected,
            dangling_persons=now.dangling_persons,
            dangling_groups=now.dangling_groups,
            unkeyed=tuple(sorted(self._unread)),
        )

    def accept(
        self,
        snapshot_digest: str,
        versions: str,
        taken_at: datetime | None,
        proof: str,
        targets: Sequence[str],
        cursor: str = "",
    ) -> None:
        """Make the snapshot the source's last good one, durably; everyone it can change is dirty for `targets`."""
        mark_touched(self._desk, targets, self._at)
        questions = Questions(self._database)
        for question in self._questions:
            questions.open(question, self._at)
        close_answered(self._database, self._at)
        self._sources.remember_key_spaces(self._before.name, self._persons.key_spaces)
        self._sources.accepted(
            SourceState(
                name=self._before.name,
                accepted_digest=snapshot_digest,
                versions=versions,
                taken_at=taken_at,
                accepted_at=self._at,
                run=self._run,
                proof=proof,
                counts=self._counts,
                cursor=cursor,
            )
        )
        self._desk.clear()
        self._transaction.commit()


@contextmanager
def intake(database: Database, source: str, run: str, at: datetime) -> Iterator[Intake]:
    """Take in one snapshot of a source. Leaving the block without `accept` leaves everything as it was before.

    Not for use inside another transaction: `accept` could not make anything durable.
    """
    if database.in_transaction:
        raise RuntimeError("an intake needs a transaction of its own")
    with database.begin() as transaction:
        try:
            yield Intake(database, transaction, source, run, at)
        finally:
            transaction.rollback()
