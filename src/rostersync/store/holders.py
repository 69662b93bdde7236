"""Whom a source means that names its members by login: whoever holds that login today, and nobody who was made of it.

Owners give a login to somebody else one day, so it founds no person and joins no two. A login that exactly one person
holds, by what the sources last said of her, leads to her (a link of kind `login`); one that several hold leads to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa
from msgspec import Struct

from rostersync.store.desk import Desk
from rostersync.store.engine import Database
from rostersync.store.tables import Number, login_key

# ruff: noqa: S608 - the texts are put together from parts of this file; values are always bound

_KIND: Final = "feide_id"

_COLUMNS: Final = ("source_no", "key", "check", "digest", "sealed")

_holder: Final = sa.Table(
    "holder",
    sa.MetaData(),
    sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("check", sa.LargeBinary, nullable=False),
    sa.Column("person_no", Number, nullable=False),
    prefixes=["TEMPORARY"],
)
"""Logins that exactly one person holds, and who she is."""

# Of a mapping that once made persons of logins, their claims are left: sealed for people whom nobody finds by them now.
_FORGET: Final = tuple(
    sa.text(text)
    for text in (
        "DELETE FROM identifier WHERE claim_no IN (SELECT no FROM claim WHERE source_no = :source AND kind = 'person')",
        "DELETE FROM contact WHERE claim_no IN (SELECT no FROM claim WHERE source_no = :source AND kind = 'person')",
        "DELETE FROM claim WHERE source_no = :source AND kind = 'person'",
        """
        DELETE FROM login_key WHERE source_no = :source
           AND NOT EXISTS (SELECT 1 FROM tie WHERE tie.source_no = :source AND tie.person_key = login_key.key)
        """,
    )
)

_FROM: Final = f"""
      FROM login_key CROSS JOIN identifier CROSS JOIN claim CROSS JOIN link
     WHERE login_key.source_no = :source AND identifier.kind = '{_KIND}' AND identifier.digest = login_key.digest
       AND claim.no = identifier.claim_no AND claim.source_no <> :source
       AND link.source_no = claim.source_no AND link.key = claim.key AND link.kind IN ('own', 'old')
"""
_FROM_HOLDERS: Final = f"{_FROM} AND claim.present = TRUE"

# The directory has lost her, other sources have not, and nobody is listed with the login: it is hers for as long.
_FROM_LOST: Final = f"""{_FROM} AND claim.present = FALSE
       AND EXISTS (SELECT 1 FROM link AS own CROSS JOIN claim AS there
                    WHERE own.person_no = link.person_no AND own.kind IN ('own', 'old')
                      AND there.source_no = own.source_no AND there.kind = 'person' AND there.key = own.key
                      AND there.present = TRUE)
       AND NOT EXISTS (SELECT 1 FROM identifier AS listed CROSS JOIN claim AS live
                        WHERE listed.kind = '{_KIND}' AND listed.digest = login_key.digest
                          AND live.no = listed.claim_no AND live.present = TRUE)
"""

_HOLDING: Final = tuple(
    sa.text(f"""
    INSERT INTO holder (key, "check", person_no)
    SELECT login_key.key, login_key."check", min(link.person_no) {holders}
     GROUP BY login_key.key, login_key."check" HAVING count(DISTINCT link.person_no) = 1
    """)
    for holders in (_FROM_HOLDERS, _FROM_LOST)
)

_SAME: Final = "link.source_no = :source AND link.key = holder.key AND link.person_no = holder.person_no"

_MOVED: Final = sa.text(f"""
    SELECT person.id FROM link CROSS JOIN person
     WHERE link.source_no = :source AND person.no = link.person_no
       AND NOT EXISTS (SELECT 1 FROM holder WHERE {_SAME})
    UNION
    SELECT person.id FROM holder CROSS JOIN person
     WHERE person.no = holder.person_no AND NOT EXISTS (SELECT 1 FROM link WHERE {_SAME})
""")

_RELINK: Final = tuple(
    sa.text(text)
    for text in (
        f"DELETE FROM link WHERE source_no = :source AND NOT EXISTS (SELECT 1 FROM holder WHERE {_SAME})",
        f"""
        INSERT INTO link (source_no, key, "check", person_no, kind)
        SELECT :source, holder.key, holder."check", holder.person_no, 'login' FROM holder
         WHERE NOT EXISTS (SELECT 1 FROM link WHERE {_SAME})
        """,
    )
)

# Of a login that nobody holds, or several, in a group of today: how many hold it, and in which groups it is named.
_UNMATCHED: Final = sa.text(f"""
    SELECT login_key.key, login_key.sealed, coalesce(several.people, 0) AS people, "group".id
      FROM login_key
      JOIN tie ON tie.source_no = :source AND tie.person_key = login_key.key AND tie.standing
      LEFT JOIN "group" ON "group".source_no = :source AND "group".key = tie.group_key
      LEFT JOIN (SELECT login_key.key AS key, count(DISTINCT link.person_no) AS people {_FROM_HOLDERS}
                  GROUP BY login_key.key) AS several ON several.key = login_key.key
     WHERE login_key.source_no = :source
       AND NOT EXISTS (SELECT 1 FROM link WHERE link.source_no = :source AND link.key = login_key.key)
""")


class Unmatched(Struct, frozen=True):
    """A login in today's groups that leads to nobody. `people` is how many hold it; `groups` are group ids, sorted."""

    login: str
    people: int
    groups: tuple[str, ...]


class LoginKeys:
    """The logins that one intake's memberships name, written in batches."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._digest = desk.database.keyring.identifiers(_KIND)
        self._waiting: set[str] = set()

    def note(self, logins: Iterable[str]) -> None:
        """Remember that these person keys are logins; they may be written later."""
        self._waiting.update(logins)

    def flush(self) -> None:
        """Write what waits."""
        source_no, seal = self._desk.source_no, self._desk.database.keyring.seal_global
        rows = []
        for login in sorted(self._waiting):
            key, check = self._desk.surrogate(login)
            sealed = seal(login.encode(), _place(source_no, key))
            rows.append((source_no, key, check, self._digest(login.strip().lower()), sealed))
        self._desk.database.insert_many(login_key, _COLUMNS, rows, ignore=True)
        self._waiting.clear()


class Holders:
    """Leads logins to those who hold them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def settle(self, source: int) -> list[str]:
        """Let a source's logins lead to whoever holds each today. Gives the ids of those for whom that is new or over.

        For use inside `begin()`, once every other source has been read: their word decides.
        """
        execute, binds = self._database.conn.execute, {"source": source}
        self._database.temporary(_holder)
        for statement in (*_FORGET, *_HOLDING):
            execute(statement, binds)
        moved = sorted(execute(_MOVED, binds).scalars())
        for statement in _RELINK:
            execute(statement, binds)
        return moved

    def unmatched(self, source: int) -> list[Unmatched]:
        """The logins that lead to nobody though they are in a group today, in the order of the alphabet."""
        found: dict[int, tuple[str, int, set[str]]] = {}
        for key, sealed, people, group in self._database.tuples(_UNMATCHED, {"source": source}):
            if key not in found:
                login = self._database.keyring.open_global(sealed, _place(source, key)).decode()
                found[key] = (login, people, set())
            found[key][2].update((group,) if group else ())
        return sorted(
            (Unmatched(login, people, tuple(sorted(groups))) for login, people, groups in found.values()),
            key=lambda one: one.login,
        )


def _place(source_no: int, key: int) -> bytes:
    """What the seal of a login is bound to."""
    return f"login/{source_no}/{key}".encode()
