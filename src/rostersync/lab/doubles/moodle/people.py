"""Moodle's functions about accounts, as its user/externallib.php does them.

Making and deleting are all or nothing; a change is refused row by row, with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Any, Final

from msgspec.structs import replace

from rostersync.lab.doubles.moodle.form import Row, checked, number, rows, text, texts
from rostersync.lab.doubles.moodle.refusal import Refusal
from rostersync.lab.doubles.moodle.site import Site
from rostersync.lab.doubles.moodle.tables import GUEST, SERVICE, SITE, Account, Tables

AUTHS: Final = {"manual": True, "oauth2": False, "nologin": True, "ldap": False, "shibboleth": False}
"""The installed ways to log in, and whether Moodle keeps the passwords."""

_USERNAME: Final = re.compile(r"[-.@_a-z0-9]+")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PASSWORD: Final = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^A-Za-z0-9]).{8,}")
_LONGEST: Final = 100
_OPTIONAL: Final = "createpassword auth password idnumber customfields city country lang department institution"


def create_users(site: Site, told: Row) -> Any:
    """`core_user_create_users`: the numbers and logins of the new accounts."""
    made = []
    logins = {one.username for one in site.tables.living()}
    emails = set() if site.shares_email else {one.email.lower() for one in site.tables.living()}
    for row in rows(told, "users"):
        account = _new(site, checked(row, "username firstname lastname email", _OPTIONAL), logins, emails)
        site.tables.accounts[account.id] = account
        logins.add(account.username)
        emails |= set() if site.shares_email else {account.email.lower()}
        made.append({"id": account.id, "username": account.username})
        if text(row, "createpassword", "0") not in ("", "0"):
            site.mails.append(account.id)
    return made


def _new(site: Site, row: Row, logins: Container[str], emails: Container[str]) -> Account:
    username, email, auth = text(row, "username"), text(row, "email"), text(row, "auth", "manual")
    wrong = (
        ("blank", not all(text(row, one).strip() for one in ("username", "firstname", "lastname"))),
        ("username", not _USERNAME.fullmatch(username)),
        ("Username already exists", username in logins),
        ("auth", auth not in AUTHS),
        ("password", AUTHS.get(auth, False) and not (text(row, "password") or text(row, "createpassword"))),
        ("Email address is invalid", not _EMAIL.fullmatch(email)),
        ("Email address already exists", email.lower() in emails),
    )
    for what, is_so in wrong:
        if is_so:
            raise Refusal("invalidparameter", f"{what}: {username} {email}")
    if AUTHS[auth] and text(row, "password") and not _PASSWORD.fullmatch(text(row, "password")):
        raise Refusal("errorpasswordpolicy")
    return _written(Account(site.tables.number(), username, email, auth=auth), row, site)


def _written(account: Account, row: Row, site: Site) -> Account:
    """The account with the values of a row, if the database takes them."""
    given = {
        name: text(row, name) for name in ("username", "firstname", "lastname", "email", "idnumber") if name in row
    }
    if any(len(value) > _LONGEST for name, value in given.items() if name != "idnumber"):
        raise Refusal("dmlwriteexception", f"value too long: {given}")
    fields = dict(account.fields)
    if "customfields" in row:
        for one in rows(row, "customfields"):
            if text(one, "type") in site.profile_fields:
                fields[text(one, "type")] = text(one, "value")
    return replace(account, **given, fields=tuple(fields.items()))


def update_users(site: Site, told: Row) -> Any:
    """`core_user_update_users`: warnings about the rows that were not taken."""
    changes = [
        checked(row, "id", f"{_OPTIONAL} suspended username firstname lastname email") for row in rows(told, "users")
    ]
    if any("username" in row and not _USERNAME.fullmatch(text(row, "username")) for row in changes):
        raise Refusal("invalidparameter", "Invalid parameter value detected: username")
    warnings = []
    for row in changes:
        try:
            _change(site, row)
        except Refusal as refusal:
            quoting = refusal.quoting or refusal.code
            warnings.append(
                {"item": "user", "itemid": number(row, "id"), "warningcode": refusal.code, "message": quoting}
            )
    return {"warnings": warnings}


def _change(site: Site, row: Row) -> None:
    account = site.tables.accounts.get(number(row, "id"))
    if account is None:
        raise Refusal("invaliduserid")
    if account.deleted:
        raise Refusal("usernotupdateddeleted")
    if account.id in site.admins - {SERVICE}:
        raise Refusal("usernotupdatedadmin")
    email, username = text(row, "email", account.email), text(row, "username", account.username)
    if email != account.email and not _EMAIL.fullmatch(email):
        raise Refusal("useremailinvalid", f"Invalid email address {email}")
    if email.lower() != account.email.lower() and site.has_email(email):
        raise Refusal("useremailduplicate", f"Duplicate email address {email}")
    if username != account.username and any(one.username == username for one in site.tables.living()):
        raise Refusal("dmlwriteexception", f"Duplicate entry {username}")
    suspended = bool(number(row, "suspended", int(account.suspended)))
    site.tables.accounts[account.id] = replace(_written(account, row, site), suspended=suspended)


def delete_users(site: Site, told: Row) -> Any:
    """`core_user_delete_users`: the account can never come back, and all its ties go."""
    for key in map(int, texts(told, "userids")):
        account = site.tables.account(key)
        if account is None:
            raise Refusal("invaliduser")
        if key in site.admins:
            raise Refusal("useradminodelete")
        delete(site.tables, account)


def delete(tables: Tables, account: Account) -> None:
    """What deleting does: the login is freed, the ID number blanked, the ties dropped."""
    gone = replace(
        account, deleted=True, username=f"{account.email}.1", idnumber="", email=f"gone-{account.id}", fields=()
    )
    tables.accounts[account.id] = gone
    for course, user in [pair for pair in tables.enrolments if pair[1] == account.id]:
        tables.unenrol(course, user)
    for pair in [pair for pair in tables.members if pair[1] == account.id]:
        del tables.members[pair]
    for one in [one for one in tables.assigned if account.id in (one.user, one.level == "user" and one.instance)]:
        del tables.assigned[one]


def get_users_by_field(site: Site, told: Row) -> Any:
    """`core_user_get_users_by_field`: whoever has one of the values."""
    name, values = text(told, "field"), set(texts(told, "values"))
    if name not in ("id", "idnumber", "username", "email"):
        raise Refusal("codingerror")
    if name == "username" and not all(_USERNAME.fullmatch(value) for value in values):
        raise Refusal("invalidparameter", "The field 'username' value is invalid")
    found = [one for one in site.tables.living() if str(getattr(one, name)) in values]
    return [_told(one) for one in found]


def get_enrolled_users(site: Site, told: Row) -> Any:
    """`core_enrol_get_enrolled_users`: of a course, or of the whole site, a page at a time."""
    options = {text(one, "name"): text(one, "value") for one in rows(told, "options")} if "options" in told else {}
    course = number(told, "courseid")
    everybody = sorted(
        one.id for one in site.tables.living() if course == SITE or (course, one.id) in site.tables.enrolments
    )
    start, most = int(options.get("limitfrom", "0")), int(options.get("limitnumber", "0"))
    page = everybody[start : start + most if most else None]
    return [{"id": key, "fullname": "", "roles": _roles(site.tables, key, course)} for key in page]


def get_users_courses(site: Site, told: Row) -> Any:
    """`core_enrol_get_users_courses`: the courses that somebody is enrolled in, hidden ones too for who may see them."""
    checked(told, "userid", "returnusercount")
    key = number(told, "userid")
    if site.tables.account(key) is None:
        raise Refusal("invaliduser")
    return [
        {"id": one.id, "shortname": one.shortname, "idnumber": one.idnumber, "visible": int(one.visible)}
        for one in site.tables.courses.values()
        if (one.id, key) in site.tables.enrolments
    ]


def _roles(tables: Tables, user: int, course: int) -> list[dict[str, int]]:
    held = [one.role for one in tables.assigned if (one.user, one.level, one.instance) == (user, "course", course)]
    return [{"roleid": role} for role in held]


def _told(account: Account) -> dict[str, Any]:
    """An account as Moodle tells it: empty values are left out."""
    told = {
        "id": account.id,
        "username": account.username,
        "firstname": account.firstname,
        "lastname": account.lastname,
        "email": account.email,
        "idnumber": account.idnumber,
        "auth": account.auth,
        "suspended": account.suspended,
        "confirmed": True,
    }
    fields = [{"type": "text", "shortname": name, "value": value} for name, value in account.fields if value]
    return {name: value for name, value in told.items() if value != ""} | ({"customfields": fields} if fields else {})


def first_accounts() -> dict[int, Account]:
    """Those that every site has: the guest's, and the one that the token belongs to."""
    return {
        GUEST: Account(GUEST, "guest", "root@localhost"),
        SERVICE: Account(SERVICE, "rostersync-service", "service@example.no"),
    }
