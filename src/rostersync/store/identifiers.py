"""What the state keeps of identifiers besides those of today: who had which one before.

An identifier holds as long as the claim that states it. Two kinds are remembered when a newer claim of the same key
states them no longer. A D-number led to one human all the time, and the source that is a month behind still uses it. A
login is somebody's until the LMS has taken it from her, which no source tells. Any other number that was replaced was
wrong, and leads to nobody.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

D_NUMBER: Final = "d_number"
"""The kind that stands beside a national number which is a D-number."""

LOGINS: Final = ("feide_id", "login")
"""The fields by which users log in; nobody else may have the same."""

_FORMERLY: Final = "old_"

HELD_LOGINS: Final = tuple((kind, f"{_FORMERLY}{kind}") for kind in LOGINS)
"""(kind of a login today, kind of the same one when it was somebody's before)."""

_SUCCESSORS: Final = """
      FROM gone CROSS JOIN identifier AS former CROSS JOIN claim AS past CROSS JOIN claim
     WHERE former.claim_no = gone.no AND past.no = gone.no AND past.kind = 'person'
       AND claim.source_no = past.source_no AND claim.kind = 'person' AND claim.key = past.key AND claim.present = TRUE
       AND claim.no NOT IN (SELECT no FROM gone)
"""

CARRY_ON: Final = (
    sa.text(f"""
    INSERT INTO identifier (kind, digest, claim_no)
    SELECT DISTINCT kept.kind, former.digest, claim.no {_SUCCESSORS.replace("WHERE", "CROSS JOIN identifier AS kept WHERE")}
       AND former.kind = '{D_NUMBER}' AND kept.claim_no = gone.no AND kept.digest = former.digest
       AND kept.kind IN ('{D_NUMBER}', 'national_number')
       AND NOT EXISTS (SELECT 1 FROM identifier AS newer WHERE newer.claim_no = claim.no AND newer.kind = '{D_NUMBER}'
                                                           AND newer.digest <> former.digest)
    ON CONFLICT DO NOTHING
    """),
    *(
        sa.text(f"""
    INSERT INTO identifier (kind, digest, claim_no)
    SELECT DISTINCT '{before}', former.digest, claim.no {_SUCCESSORS}
       AND former.kind IN ('{today}', '{before}')
       AND NOT EXISTS (SELECT 1 FROM identifier AS newer
                        WHERE newer.claim_no = claim.no AND newer.kind = '{today}' AND newer.digest = former.digest)
    ON CONFLICT DO NOTHING
    """)
        for today, before in HELD_LOGINS
    ),
)
"""Before claims that were replaced are deleted: what is remembered of them passes to the claims that replaced them."""
# ruff: noqa: S608 - the texts are put together from parts of this file; values are always bound
