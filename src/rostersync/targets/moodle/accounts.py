"""Moodle's accounts: found by our id, which is their ID number, made, brought up to date, suspended and deleted.

The ID number is the id map, and Moodle keeps it: whatever is lost here, or happened without our learning of it, the next
look finds. Moodle does not make sure that nobody else has the same one, so we do.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Final, NamedTuple

from msgspec.structs import replace

from rostersync.model import Delivery, User
from rostersync.targets.leftout import LeftOut
from rostersync.targets.moodle import rows
from rostersync.targets.moodle.form import Row, Value
from rostersync.targets.moodle.jobs import Job, going
from rostersync.targets.moodle.settings import Settings
from rostersync.targets.moodle.site import Site
from rostersync.targets.moodle.taken import Taken

SEVERAL: Final = "several accounts in Moodle have our id as their ID number; take it away from all but one of them"
FOREIGN: Final = (
    "the adopted account has an ID number of its own, and Moodle has room for one; rekey = true replaces it by our id"
)
NOT_ADOPTED: Final = "Moodle has no account with the key of the one that was adopted; run adopt again"
ODD_LOGIN: Final = (
    "the login has letters that Moodle takes only with extendedusernamechars; correct it at its source, or switch that "
    "setting on"
)
NO_DELETING: Final = 'this target may delete no accounts for good; allow it by delete = ["user"], or do it in Moodle'
MADE_ANEW: Final = "an account was deleted in Moodle, and made anew; rostersync resync brings others' links to it"

BY_NUMBER: Final = "#"
"""Begins the key of an account without ID number: the rest is Moodle's own number."""


class Account(NamedTuple):
    """One account as Moodle tells it."""

    key: int
    idnumber: str
    login: str
    email: str


_NOBODY: Final = Account(0, "", "", "")


class Accounts:
    """The accounts of one site. Thread-safe. `chance` makes the passwords, which nobody ever learns."""

    def __init__(
        self,
        site: Site,
        settings: Settings,
        left_out: LeftOut,
        chance: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        self._site = site
        self._settings = settings
        self._left_out = left_out
        self._chance = chance
        self._lock = Lock()
        self._keys: dict[str, int] = {}

    def forget(self) -> None:
        """What was found before may not be there any more."""
        with self._lock:
            self._keys.clear()

    def keys(self, ids: Iterable[str]) -> dict[str, int]:
        """Our ids -> Moodle's numbers, of those it holds."""
        wanted = set(ids)
        with self._lock:
            known = {one: self._keys[one] for one in wanted if one in self._keys}
        return known | {one.idnumber: one.key for one in self._remembered(self._by("idnumber", wanted - known.keys()))}

    def find(self, jobs: Sequence[Job]) -> dict[str, Account]:
        """The accounts of the deliveries' users, by our id; adopted ones by the key they had before us, too."""
        found = self._remembered(self._by("idnumber", {job.delivery.id for job in jobs}))
        counts = Counter(one.idnumber for one in found)
        accounts = {one.idnumber: one for one in found}
        for job in jobs:
            if counts[job.delivery.id] > 1:
                job.fail(SEVERAL)
        accounts |= self._adopted([job for job in jobs if job.delivery.target_key and job.delivery.id not in accounts])
        for job in jobs:
            job.key = accounts[job.delivery.id].key if job.delivery.id in accounts else 0
        return accounts

    def _adopted(self, jobs: Sequence[Job]) -> dict[str, Account]:
        there = self.by_keys(job.delivery.target_key for job in jobs)
        found = {}
        for job in jobs:
            account = there.get(job.delivery.target_key)
            if account is None and job.delivery.after is not None:
                job.fail(NOT_ADOPTED)
            elif account is not None:
                found[job.delivery.id] = account
                if account.idnumber and not self._settings.rekey:
                    job.fail(FOREIGN)
        return found

    def by_keys(self, keys: Iterable[str]) -> dict[str, Account]:
        """Accounts by the keys that `existing` tells: their ID numbers, or `#` and their numbers."""
        sought = set(keys)
        by_number = {key[1:] for key in sought if key.startswith(BY_NUMBER)}
        there = {f"{BY_NUMBER}{one.key}": one for one in self._by("id", by_number)}
        return there | {one.idnumber: one for one in self._by("idnumber", sought - there.keys())}

    def _by(self, field: str, values: Iterable[str]) -> list[Account]:
        asked = sorted(value for value in values if value)
        given = ("field", field)
        return [_account(told) for told in self._site.lookup("core_user_get_users_by_field", "values", asked, given)]

    def _remembered(self, found: list[Account]) -> list[Account]:
        with self._lock:
            self._keys.update({one.idnumber: one.key for one in found})
        return found

    # -- making it so -------------------------------------------------------------------------------------------------

    def bring_up_to_date(self, jobs: Sequence[Job], found: dict[str, Account]) -> None:
        """Make the missing accounts and change the others; `job.key` and `job.new` tell what became of each."""
        wanted = [(job, job.delivery.after) for job in jobs if isinstance(job.delivery.after, User)]
        taken = self._taken([user for _, user in wanted], found)
        making: list[tuple[Job, Row]] = []
        changing: list[tuple[Job, Row]] = []
        for job, user in wanted:
            account = found.get(user.id)
            if account and _is_about_ties(job.delivery, user):
                continue
            if account is None and not user.enabled:
                continue  # deleted by hand, and now to be suspended: there is nothing to suspend
            row = self._row(job, user, account, taken)
            if not job.reason:
                (changing if account else making).append((job, row))
        self._make(making)
        for job, done in self._site.each("core_user_update_users", "users", changing):
            job.told(done)

    def _make(self, making: Sequence[tuple[Job, Row]]) -> None:
        for job, done in self._site.each("core_user_create_users", "users", making, repeatable=False):
            user = job.delivery.after
            if done.code == "invalidparameter" and isinstance(user, User) and _is_odd(rows.login_of(user)):
                job.fail(ODD_LOGIN)
            job.told(done)
            if done.row:
                job.key, job.new = int(done.row["id"]), True
                with self._lock:
                    self._keys[job.delivery.id] = job.key
                if job.delivery.before is not None:
                    self._left_out.add(MADE_ANEW)

    def _row(self, job: Job, user: User, account: Account | None, taken: Taken) -> Row:
        before = job.delivery.before if account and isinstance(job.delivery.before, User) else None
        row: dict[str, Value] = {**rows.names(user, self._left_out.add), **rows.profile(user, before, self._settings)}
        if login := taken.login(job, user, before):
            row["username"] = login
        if email := taken.email(job, user, before):
            row["email"] = email
        if account:
            return {"id": account.key, "suspended": int(not user.enabled), **row}
        return {"auth": self._settings.auth_of(user.face), "password": f"Aa1-{self._chance()}", **row}

    def _taken(self, users: Sequence[User], found: dict[str, Account]) -> Taken:
        """Who has the logins and addresses that are to be given; those that stay where they are need no look."""
        logins = {login for user in users if (login := rows.login_of(user)) != _of(found, user).login}
        emails = {email for user in users if (email := rows.email_of(user)) != _of(found, user).email}
        return Taken(
            self._settings,
            self._left_out,
            [(one.login, one.key) for one in self._by("username", filter(rows.is_plain, logins))],
            [(one.email, one.key) for one in self._by("email", emails)],
        )

    def delete(self, jobs: Sequence[Job], found: dict[str, Account]) -> None:
        """Delete accounts for good. Those that are not there are gone already."""
        there = [job for job in jobs if job.delivery.id in found]
        if "user" not in self._settings.delete:
            for job in there:
                job.fail(NO_DELETING)
        keyed = [(job, found[job.delivery.id].key) for job in going(there)]
        for job, done in self._site.each("core_user_delete_users", "userids", keyed, repeatable=False):
            job.told(done)
        self.forget()


def _account(told: dict[str, object]) -> Account:
    return Account(
        int(str(told["id"])), str(told.get("idnumber", "")), str(told.get("username", "")), str(told.get("email", ""))
    )


def _of(found: dict[str, Account], user: User) -> Account:
    return found.get(user.id, _NOBODY)


def _is_odd(login: str) -> bool:
    return bool(login) and not rows.is_plain(login)


def _is_about_ties(delivery: Delivery, after: User) -> bool:
    """Whether nothing but her ties changes, so that the account itself may stay as it is.

    Whoever was just adopted, or was changed by others, is told as changed herself, though her values are those we know.
    """
    before = delivery.before
    told = any(change.kind == "person" for change in delivery.changes)
    if told or not isinstance(before, User) or before == after:
        return False
    ties = {"memberships": after.memberships, "guardians": after.guardians, "schools": after.schools}
    return replace(before, **ties, role=after.role) == after
