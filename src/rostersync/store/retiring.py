"""When a snapshot is read to its end: what came again, what was replaced, and what is not there any more.

A claim whose key came with newer content is deleted. A claim whose key did not come keeps its last good values, but
counts as absent, and its ties end. A claim whose key came only as a rejected record stays as it was, marked so. Where a
record's key could not even be read, no absence of that kind counts: it might be hers.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import sqlalchemy as sa

from rostersync.model import ClaimKind
from rostersync.store.desk import Desk, unmet
from rostersync.store.identifiers import CARRY_ON
from rostersync.store.tables import claim

# ruff: noqa: S608 - the texts are put together from parts of this file; values are always bound


class Retirement:
    """Settles the claims of one intake. `unread` are the kinds of which no absence counts."""

    def __init__(self, desk: Desk, unread: Collection[ClaimKind]) -> None:
        self._desk = desk
        self._unread = {f"unread_{kind}": kind if kind in unread else "" for kind in ("person", "group", "membership")}

    def settle(self) -> None:
        """Do all of it, and note whose cards and which groups it can change."""
        desk = self._desk
        desk.run_sql(_NEW_GROUPS)
        if desk.is_new:
            return  # there is nothing that could come again or be missing
        desk.database.insert_many(unmet, ("no",), ((no,) for no in desk.seen.unmet()))
        desk.sized()
        self._run(_RETURNING)
        desk.ties += desk.run_sql(_TIES_RETURN).rowcount
        self._keep()
        self._run(_SORTING)
        desk.sized()
        self._run(_TOUCHING)
        desk.ties -= desk.run_sql(_TIES_END).rowcount
        self._run(CARRY_ON)
        self._run(_DELETING)
        self._run(_ENDING)
        desk.database.update_many(claim, ("digest",), ("no",), desk.disowned)

    def _run(self, statements: Collection[sa.TextClause]) -> None:
        for statement in statements:
            self._desk.run_sql(statement, nothing=b"", **self._unread)

    def _keep(self) -> None:
        """Claims whose content came again are present, under the digest they came with this time."""
        desk = self._desk
        desk.database.update_many(
            claim,
            ("digest", "present"),
            ("no",),
            # Where its own fragment is here as well, that digest stays the one to know it by.
            ((old if desk.seen.met(old) else new, True, no) for no, new, old in desk.rows(_KEPT)),
        )


def _statements(*texts: str) -> tuple[sa.TextClause, ...]:
    return tuple(sa.text(text) for text in texts)


_KEPT: Final = sa.text("SELECT kept.no, kept.digest, claim.digest FROM kept CROSS JOIN claim WHERE claim.no = kept.no")

_HELD_BACK: Final = "EXISTS (SELECT 1 FROM unusable WHERE unusable.kind = claim.kind AND unusable.key = claim.key)"

_NEW_GROUPS: Final = sa.text("""
    INSERT INTO regroup (key) SELECT DISTINCT key FROM claim WHERE no >= :first AND kind = 'group'
    ON CONFLICT DO NOTHING
""")

_RETURNING: Final = _statements(
    # Somebody, or something, is listed again after an absence, with the very same words.
    """
    INSERT INTO touched (key)
    SELECT DISTINCT claim.key FROM kept CROSS JOIN claim
     WHERE claim.no = kept.no AND claim.kind = 'person' AND NOT claim.present
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO touched (key)
    SELECT DISTINCT tie.person_key FROM kept CROSS JOIN claim CROSS JOIN tie
     WHERE claim.no = kept.no AND NOT claim.present AND tie.claim_no = claim.no
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO regroup (key)
    SELECT DISTINCT claim.key FROM kept CROSS JOIN claim
     WHERE claim.no = kept.no AND claim.kind = 'group' AND NOT claim.present
    ON CONFLICT DO NOTHING
    """,
)

_TIES_RETURN: Final = sa.text("""
    UPDATE tie SET standing = TRUE
     WHERE claim_no IN (SELECT claim.no FROM kept CROSS JOIN claim WHERE claim.no = kept.no AND NOT claim.present)
""")

_SORTING: Final = _statements(
    # The key came again, with something newer to say.
    f"""
    INSERT INTO gone (no)
    SELECT claim.no FROM unmet CROSS JOIN claim
     WHERE claim.no = unmet.no AND NOT {_HELD_BACK}
       AND EXISTS (SELECT 1 FROM claim AS live
                    WHERE live.source_no = :source AND live.kind = claim.kind AND live.key = claim.key
                      AND live.present = TRUE AND NOT EXISTS (SELECT 1 FROM unmet AS other WHERE other.no = live.no))
    """,
    # The last good values of an earlier time, while the key is back.
    *(
        f"""
        INSERT INTO gone (no)
        SELECT DISTINCT claim.no FROM claim AS live CROSS JOIN claim
         WHERE {came_now} AND claim.source_no = :source AND claim.kind = live.kind AND claim.key = live.key
           AND claim.present = FALSE AND NOT {_HELD_BACK}
        ON CONFLICT DO NOTHING
        """
        for came_now in ("live.no >= :first", "live.no IN (SELECT no FROM kept)")
    ),
    f"""
    INSERT INTO vanished (no)
    SELECT claim.no FROM unmet CROSS JOIN claim
     WHERE claim.no = unmet.no AND NOT EXISTS (SELECT 1 FROM gone WHERE gone.no = claim.no)
       AND NOT {_HELD_BACK}
       AND claim.kind NOT IN (:unread_person, :unread_group, :unread_membership)
    """,
)

_STILL_REJECTED: Final = f"(claim.no IN (SELECT no FROM unmet) AND {_HELD_BACK})"

_TOUCHING: Final = _statements(
    """
    INSERT INTO touched (key) SELECT DISTINCT key FROM claim WHERE no >= :first AND kind = 'person'
    ON CONFLICT DO NOTHING
    """,
    *(
        f"""
        INSERT INTO {noted} (key) SELECT DISTINCT claim.key FROM {fate} CROSS JOIN claim
         WHERE claim.no = {fate}.no AND claim.kind = '{kind}'
        ON CONFLICT DO NOTHING
        """
        for fate in ("gone", "vanished")
        for kind, noted in (("person", "touched"), ("group", "regroup"))
    ),
    *(
        f"""
        INSERT INTO touched (key) SELECT DISTINCT tie.person_key FROM {fate} CROSS JOIN tie
         WHERE tie.claim_no = {fate}.no
        ON CONFLICT DO NOTHING
        """
        for fate in ("gone", "vanished")
    ),
    # Whom a pupil no longer names, and who was referred to by a national number that is no longer stated.
    """
    INSERT INTO touched (key) SELECT DISTINCT contact.contact_key FROM gone CROSS JOIN contact
     WHERE contact.claim_no = gone.no
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO touched (key) SELECT DISTINCT link.key FROM gone CROSS JOIN link
     WHERE link.claim_no = gone.no AND link.kind = 'number'
    ON CONFLICT DO NOTHING
    """,
    # A record that could be used cannot be any more, or the other way round. The few rejected have an index of their
    # own; joining the kind to nothing keeps SQLite from going through every person by another.
    f"""
    INSERT INTO touched (key) SELECT DISTINCT claim.key FROM claim
     WHERE claim.source_no = :source AND claim.kind || '' = 'person' AND claim.rejected AND NOT {_STILL_REJECTED}
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO touched (key) SELECT DISTINCT claim.key FROM unmet CROSS JOIN claim
     WHERE claim.no = unmet.no AND claim.kind = 'person' AND NOT claim.rejected AND {_HELD_BACK}
    ON CONFLICT DO NOTHING
    """,
)

_DELETING: Final = _statements(
    "DELETE FROM tie WHERE claim_no IN (SELECT no FROM gone)",
    "DELETE FROM contact WHERE claim_no IN (SELECT no FROM gone)",
    "DELETE FROM identifier WHERE claim_no IN (SELECT no FROM gone)",
    "DELETE FROM link WHERE kind = 'number' AND claim_no IN (SELECT no FROM gone)",
    "DELETE FROM claim WHERE no IN (SELECT no FROM gone)",
)

_TIES_END: Final = sa.text("""
    UPDATE tie SET standing = FALSE
     WHERE standing AND claim_no IN (SELECT no FROM vanished UNION ALL SELECT no FROM gone)
""")

_ENDING: Final = _statements(
    f"""
    UPDATE claim SET rejected = FALSE
     WHERE claim.source_no = :source AND claim.rejected AND NOT {_STILL_REJECTED}
    """,
    f"UPDATE claim SET rejected = TRUE WHERE claim.no IN (SELECT no FROM unmet) AND {_HELD_BACK}",
    "UPDATE claim SET present = FALSE, digest = :nothing WHERE no IN (SELECT no FROM vanished)",
)
