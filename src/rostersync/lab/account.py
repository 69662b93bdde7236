"""The account's lines: what the LMS should hold on a day, as other programs read it.

An account is a file of JSON lines, told apart by `kind`: one header, then every school, group and LMS user.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from rostersync.model import Face


class Header(Struct, frozen=True, tag_field="kind", tag="account"):
    """The first line: which world and day, what the export holds, and what is to be made of it.

    `verdict` tells what a careful sync does with the export: "accepted"; "refused", so that the state stays as it was;
    "held", where all or part of what it would end waits for a human. What is refused or held is not in the account's
    body, which then shows what the LMS held before. `as_of` is the day whose export was last taken whole (0: none yet).
    """

    day: int
    date: str
    seed: int
    size: str
    source: str
    datasource: str
    verdict: Literal["accepted", "refused", "held"]
    as_of: int
    synced: tuple[int, ...]
    quirks: tuple[str, ...]
    schools: int
    persons: int
    groups: int
    memberships: int


class AccountSchool(Struct, frozen=True, tag_field="kind", tag="school"):
    """A school as an organisation: its number (nine digits), name and source key."""

    number: str
    name: str
    key: str


class AccountGroup(Struct, frozen=True, tag_field="kind", tag="group"):
    """An LMS group. `name` is the short name, `title` the long one; `revealing` where the name must not be shown."""

    key: str
    type: str
    name: str
    title: str
    school: str
    revealing: bool = False


class AccountUser(Struct, frozen=True, tag_field="kind", tag="user"):
    """An LMS user. `schools` are organisation numbers: of a school face the home school first, of a guardian sorted.

    `groups` are (group key, role), `samlegrupper` (kind, organisation number), both sorted. `children` and `guardians`
    are source keys, sorted; `old_keys` are those by which earlier exports called her.
    """

    key: str
    face: Face
    role: Literal["pupil", "staff", "guardian"]
    given: str
    family: str
    email: str
    national_number: str
    schools: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]
    samlegrupper: tuple[tuple[str, str], ...]
    children: tuple[str, ...]
    guardians: tuple[str, ...]
    enabled: bool
    state: Literal["active", "departed", "suspended"]
    old_keys: tuple[str, ...] = ()


Line = Header | AccountSchool | AccountGroup | AccountUser


class Account(Struct, frozen=True):
    """A whole account. Schools by organisation number, groups by key, users by (key, face)."""

    header: Header
    schools: dict[str, AccountSchool]
    groups: dict[str, AccountGroup]
    users: dict[tuple[str, Face], AccountUser]


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of an account, one at a time, for accounts too big to hold.

    Raises:
        msgspec.ValidationError: a line is no account line.
    """
    decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
    with path.open("rb") as lines:
        for line in lines:
            yield decoder.decode(line)


def read_account(path: Path) -> Account:
    """A whole account.

    Raises:
        ValueError: the file does not begin with an account's header.
        msgspec.ValidationError: a line is no account line.
    """
    lines = read_lines(path)
    header = next(lines, None)
    if not isinstance(header, Header):
        raise ValueError(f"{path}: an account begins with its header; generate it again")
    account = Account(header, {}, {}, {})
    for line in lines:
        if isinstance(line, AccountSchool):
            account.schools[line.number] = line
        elif isinstance(line, AccountGroup):
            account.groups[line.key] = line
        elif isinstance(line, AccountUser):
            account.users[line.key, line.face] = line
    return account
