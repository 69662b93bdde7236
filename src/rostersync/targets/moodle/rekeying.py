"""Gives adopted accounts our ids as their ID numbers, which Moodle has room for one of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from rostersync.targets.moodle.accounts import Account, Accounts
from rostersync.targets.moodle.form import Row
from rostersync.targets.moodle.site import Site
from rostersync.targets.rekeying import Rekeyed

GONE: Final = "Moodle has no account with that key any more; run adopt again"
HELD: Final = "another account in Moodle has our id as its ID number already; take it away from one of them"


def rekey(site: Site, accounts: Accounts, pairs: Iterable[tuple[str, str]]) -> Iterator[Rekeyed]:
    """Give accounts new ID numbers; each pair is the key it has, an ID number or `#` and a number, and the new one.

    Raises:
        TargetUnavailable: nothing more can be done now.
    """
    given = list(pairs)
    found = accounts.by_keys(old for old, _ in given)
    held = accounts.by_keys(new for _, new in given)
    reasons = {old: _trouble(found.get(old), held.get(new)) for old, new in given}
    going: list[tuple[str, Row]] = [
        (old, {"id": found[old].key, "idnumber": new}) for old, new in given if not reasons[old]
    ]
    for old, done in site.each("core_user_update_users", "users", going):
        reasons[old] = f"Moodle refuses it ({done.code})" if done.code else ""
    yield from (Rekeyed(old, reasons[old]) for old, _ in given)


def _trouble(account: Account | None, holder: Account | None) -> str:
    if account is None:
        return GONE
    return HELD if holder and holder.key != account.key else ""
