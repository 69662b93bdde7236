"""Who has to be looked at again after an intake: persons whose card can have changed, their neighbours, and groups.

Neighbours over a group are those tied to it, when a fact of the group changed that can change a person. Neighbours over
a guardianship are both: the adult follows her pupil's classes, and the pupil's link hangs on the adult's being there.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from rostersync.store.desk import Desk
from rostersync.store.tables import dirty

_OWN: Final = sa.text("""
    INSERT INTO hit (person_no)
    SELECT DISTINCT link.person_no FROM touched CROSS JOIN link
     WHERE link.source_no = :source AND link.key = touched.key
    ON CONFLICT DO NOTHING
""")

_OF_A_NEW_SOURCE: Final = sa.text(
    "INSERT INTO hit (person_no) SELECT DISTINCT person_no FROM link WHERE source_no = :source"
)

# A school that ended, or got another number, reaches everyone in the groups below it. One level at a time: of a whole
# tree in one query, PostgreSQL expects so much that it goes through everybody.
_BELOW: Final = sa.text("""
    INSERT INTO touched_group (key)
    SELECT DISTINCT "group".key FROM touched_group CROSS JOIN "group"
     WHERE "group".source_no = :source AND "group".parent_key = touched_group.key
    ON CONFLICT DO NOTHING
""")

_OVER_GROUPS: Final = sa.text("""
    INSERT INTO hit (person_no)
    SELECT DISTINCT link.person_no FROM touched_group CROSS JOIN claim CROSS JOIN tie CROSS JOIN link
     WHERE claim.source_no = :source AND claim.kind IN ('group', 'membership') AND claim.key = touched_group.key
       AND tie.claim_no = claim.no AND link.source_no = :source AND link.key = tie.person_key
    ON CONFLICT DO NOTHING
""")

# The touched keys themselves are asked too: some lead to nobody any more, such as a number that was corrected. Over the
# guardianships that a new source itself claims, nobody is reached who is not hit already.
_OVER_GUARDIANSHIPS: Final = tuple(
    sa.text(f"""
    INSERT INTO near (person_no)
    SELECT DISTINCT neighbour.person_no
      FROM (SELECT link.source_no, link.key FROM hit CROSS JOIN link
             WHERE link.person_no = hit.person_no AND link.source_no <> :left_out
            UNION SELECT :source, key FROM touched) AS reached
     CROSS JOIN contact CROSS JOIN link AS neighbour
     WHERE contact.source_no = reached.source_no AND contact.{own} = reached.key
       AND neighbour.source_no = contact.source_no AND neighbour.key = contact.{other}
    ON CONFLICT DO NOTHING
    """)  # noqa: S608 - column names only
    for own, other in (("pupil_key", "contact_key"), ("contact_key", "pupil_key"))
)

_MARK: Final = sa.text("""
    INSERT INTO dirty (target, person_no, since)
    SELECT :target, person_no, :at FROM (SELECT person_no FROM hit UNION SELECT person_no FROM near) AS everyone
     WHERE TRUE ORDER BY person_no
    ON CONFLICT DO NOTHING
""")

_MARK_GROUPS: Final = tuple(
    sa.text(f"""
    INSERT INTO dirty_group (target, source_no, key, whole)
    SELECT :target, :source, key, {whole} FROM {which} WHERE TRUE ORDER BY key
    ON CONFLICT (target, source_no, key) DO UPDATE SET whole = dirty_group.whole OR excluded.whole
    """)  # noqa: S608 - names only
    for which, whole in (("stirred", "whole"), ("touched_group", "FALSE"))
)


def mark_touched(desk: Desk, targets: Iterable[str], at: datetime) -> None:
    """Mark everyone and every group that this intake can change as dirty for each target."""
    if not desk.is_new:
        while desk.run_sql(_BELOW).rowcount:
            pass
    desk.sized()
    for statement in (_OF_A_NEW_SOURCE,) if desk.is_new else (_OWN, _OVER_GROUPS):
        desk.run_sql(statement)
    for statement in _OVER_GUARDIANSHIPS:
        desk.run_sql(statement, left_out=desk.source_no if desk.is_new else 0)
    for target in targets:
        desk.run_sql(_MARK, target=target, at=at.isoformat())
        for statement in _MARK_GROUPS:
            desk.run_sql(statement, target=target)
    if desk.is_new:
        desk.database.sized(dirty)
