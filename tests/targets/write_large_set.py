"""Writes a synthetic owner the size of Oslo (times SIZE) and prints what it took: write_large_set.py FOLDER [SIZE]."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import date
from hashlib import blake2b
from pathlib import Path

from rostersync.model import Change, Delivery, Group, Life, Membership, Organisation, Role, SchoolRole, User
from rostersync.targets import Placed
from rostersync.targets.oneroster_csv import OneRosterCsv, Settings
from tests.memory import peak_kilobytes

SCHOOLS, GROUPS, PUPILS, STAFF, GUARDIANS = 190, 100, 474, 105, 842
"""Schools of the owner, and what each of them has."""
USERS = PUPILS + STAFF + GUARDIANS
SCATTER = 1_000_003
"""A prime larger than any number of users, so that neighbours at a school lie far apart in the roster."""


def made_up_id(*parts: object) -> str:
    """An id as ours are: 32 random-looking hexadecimal digits."""
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def roster(schools: int) -> Iterator[Placed]:
    """270,000 users with 1.8 million memberships at 190 schools, users in id order and made one by one."""
    yield Placed(Organisation("owner", "owner", "Måne kommune"))
    for school in range(schools):
        number = f"{900000000 + school}"
        yield Placed(Organisation(made_up_id("s", school), "school", f"Skole {school}", number, "owner"))
    begin, end = date(2026, 8, 17), date(2027, 6, 18)
    for school in range(schools):
        for place in range(GROUPS):
            group = made_up_id("g", school, place)
            kind = "base_class" if place < 20 else "teaching_group"
            yield Placed(Group(group, kind, f"G{place}", f"Gruppe {place}", made_up_id("s", school), begin, end))
    number_of_users = schools * USERS
    back = pow(SCATTER, -1, number_of_users)
    for rank in range(number_of_users):
        yield Placed(_user(rank * back % number_of_users, number_of_users))


def user_id(person: int, users: int) -> str:
    """The id of a person: its rank among all ids is scattered, but known without sorting them."""
    rank = person * SCATTER % users
    return f"{rank * (2**32 // users):08x}" + made_up_id(rank)[8:]


def _user(person: int, users: int) -> User:
    school, number = divmod(person, USERS)
    role: Role = "pupil" if number < PUPILS else "staff" if number < PUPILS + STAFF else "guardian"
    ties = {"pupil": 16, "staff": 18, "guardian": 0}[role]
    groups = (made_up_id("g", school, (number + step * 7) % GROUPS) for step in range(ties))
    guardians: tuple[str, ...] = ()
    if role == "pupil":
        adults = ((number * 2 + step) % GUARDIANS + PUPILS + STAFF for step in (0, 1))
        guardians = tuple(user_id(school * USERS + adult, users) for adult in adults)
    id_ = user_id(person, users)
    return User(
        id_,
        id_,
        "guardian" if role == "guardian" else "school",
        role,
        f"Åse {number}",
        f"Bråten-{school}",
        fields=(("login", f"u{school}x{number}"),),
        schools=(SchoolRole(made_up_id("s", school), role),),
        memberships=tuple(sorted(Membership(group, role) for group in groups)),
        guardians=tuple(sorted(guardians)),
    )


def main(folder: str, size: str = "1") -> None:
    """Write the set once and print seconds, peak memory and counts as JSON."""
    schools = max(1, round(SCHOOLS * float(size)))
    users = schools * USERS
    made_in = time.process_time()
    for _ in roster(schools):
        pass
    made_in = time.process_time() - made_in
    base = peak_kilobytes()
    change = Change("organisation", "create", "owner", "a first load")
    delivery = Delivery("organisation", "owner", 1, None, Organisation("owner", "owner", "Måne"), Life(), (change,))
    wall, cpu = time.perf_counter(), time.process_time()
    target = OneRosterCsv(Settings(Path(folder)))
    list(target.deliver([delivery], lambda: roster(schools)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = peak_kilobytes()
    numbers = {"users": users, "wall_s": wall, "cpu_s": cpu, "of_it_roster_s": made_in, "peak_mb": peak / 1024}
    numbers |= {"roster_mb": base / 1024, "zip_mb": (Path(folder) / "oneroster.zip").stat().st_size / 1e6}
    print(json.dumps({name: round(number, 2) for name, number in numbers.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
