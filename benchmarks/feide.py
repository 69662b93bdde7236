"""A Feide directory of 100,000 persons read and parsed, from a real OpenLDAP on the same machine.

    python -m benchmarks.feide --persons 100000

The directory is the synthetic municipality's, so many times over. Every figure is a process of its own: fetching into the
private copy, reading it and parsing every record. `logins` asks for what mappings/feide.yaml does, `everything` for groups
and memberships too, `unchanged` digests without parsing, as a night does on which nothing has changed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.slapd import FOLLOWER, PASSWORD, READER, Slapd, program

from rostersync.lab.ldif import write_ldif
from rostersync.lab.world import START, World

_READER = """
import hashlib, sys, time
from datetime import datetime, timezone
from pathlib import Path
from rostersync.connectors.feide import Settings, make
from rostersync.credentials import Secret
from tests.memory import peak_kilobytes
url, ca, secret, account, what = sys.argv[1:]
connector = make("feide", Settings(
    url=url, ca=Path(ca), password=Secret("file", secret, ""), bind_dn=account, spool=Path(secret).parent,
    mode="syncrepl" if what == "followed" else "paged", page_size=1000))
wanted = connector.fields if what == "everything" else {
    "person": frozenset({"id", "eduPersonPrincipalName", "norEduPersonNIN", "norEduPersonLIN.localnin"})}
began, cpu = time.perf_counter(), time.process_time()
snapshot = connector.fetch(datetime.now(timezone.utc), wanted=wanted)
fetched = time.perf_counter() - began
persons = members = 0
key = b"a key"
for fragment in connector.read(snapshot, lambda raw: hashlib.blake2b(raw, key=key, digest_size=16).digest(), wanted):
    persons += fragment.kind == "person"
    if what != "unchanged":
        members += len(fragment.parse().parts)
took, cpu = time.perf_counter() - began, time.process_time() - cpu
size = Path(snapshot.path).stat().st_size
connector.discard(snapshot)
print(persons, members, fetched, took, cpu, size, peak_kilobytes())
"""


def many(ldif: Path, persons: int) -> Iterator[str]:
    """The entries of a directory, its persons over and over until there are so many."""
    entries = [entry for entry in ldif.read_text(encoding="ascii").split("\n\n") if entry.strip()]
    people = [entry for entry in entries if "\neduPersonPrincipalName: " in entry]
    yield from (f"{entry}\n\n" for entry in entries if entry not in set(people))
    for number in range(persons):
        entry = people[number % len(people)]
        uid = entry.partition("uid=")[2].partition(",")[0]
        own = entry.replace(uid, f"{uid}x{number // len(people)}")
        nin = own.partition("\nnorEduPersonNIN: ")[2][:11]
        yield (own.replace(nin, f"{number:06d}{nin[6:]}") if nin else own) + "\n\n"


def main() -> None:
    """Fill a server, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=100_000)
    persons = parser.parse_args().persons
    found = program()
    if found is None:
        sys.exit("OpenLDAP's server is not on this machine; Debian and Ubuntu: apt-get install slapd")
    with tempfile.TemporaryDirectory(prefix="rostersync-bench-") as folder:
        town, whole = Path(folder) / "town.ldif", Path(folder) / "whole.ldif"
        write_ldif(town, World(42, 2, START, START, 0.01, 0.001, 0.001))
        with whole.open("w", encoding="ascii") as file:
            file.writelines(many(town, persons))
        began = time.perf_counter()
        server = Slapd(found, page_cap="1000", ldif=whole)
        try:
            loaded, size = time.perf_counter() - began, whole.stat().st_size / 1e6
            print(f"{persons:,} persons, {size:.0f} MB of LDIF; loaded in {loaded:.0f} s")
            measure(server, Path(folder))
        finally:
            server.remove()


def measure(server: Slapd, folder: Path) -> None:
    """Read in every way, each in a process of its own."""
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    print(
        f"{'':<22}{'persons/s':>11}{'seconds':>9}{'fetch s':>9}{'our CPU s':>11}{'copy MB':>9}{'peak MB':>9}{'members':>10}"
    )
    for label, url, account, what in (
        ("logins", server.url, READER, "logins"),
        ("logins, encrypted", server.secure_url, READER, "logins"),
        ("unchanged", server.url, READER, "unchanged"),
        ("everything", server.url, READER, "everything"),
        ("logins by syncrepl", server.url, FOLLOWER, "followed"),
    ):
        command = [sys.executable, "-c", _READER, url, str(server.ca), str(secret), account, what]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        count, members = int(told[0]), int(told[1])
        fetched, took, cpu, size, peak = map(float, told[2:])
        print(
            f"{label:<22}{count / took:>11,.0f}{took:>9.1f}{fetched:>9.1f}{cpu:>11.1f}{size / 1e6:>9.0f}{peak / 1024:>9.0f}"
            f"{members:>10,}"
        )


if __name__ == "__main__":
    main()
