"""A directory of any size is read in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rostersync.lab.ldif import PEOPLE, SUFFIX, entry
from tests import slapd as openldap
from tests.connectors.directory import PERSON

_PROGRAM = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from rostersync.connectors.feide import Settings, make
from rostersync.credentials import Secret
from tests.memory import peak_kilobytes
url, account, secret, filter = sys.argv[1:]
connector = make("feide", Settings(
    url=url, bind_dn=account, password=Secret("file", secret, ""), filter=filter, page_size=50, spool=Path(secret).parent))
wanted = {"person": frozenset({"id", "uid", "eduPersonPrincipalName", "norEduPersonLIN"})}
snapshot = connector.fetch(datetime.now(timezone.utc), wanted=wanted)
read = 0
for fragment in connector.read(snapshot, lambda content: content[-16:], wanted):
    read += bool(fragment.parse().fields)
connector.discard(snapshot)
print(read, peak_kilobytes() // 1024)
"""


@pytest.mark.proof
def test_twenty_times_the_people_take_no_more_memory(tmp_path: Path) -> None:
    program = openldap.program()
    if program is None:
        pytest.skip("OpenLDAP's server is not on this machine; Debian and Ubuntu: apt-get install slapd")
    classes = [("objectClass", one) for one in PERSON]
    with (tmp_path / "many.ldif").open("w") as file:
        file.write(entry(SUFFIX, (("objectClass", "dcObject"), ("objectClass", "organization"), ("o", "x"))))
        file.write(entry(PEOPLE, (("objectClass", "organizationalUnit"),)))
        for number in range(8_000):
            told = [("cn", "x"), ("sn", "x"), ("norEduPersonLIN", "x" * 500)] + [("ou", "few")] * (number < 400)
            file.write(
                entry(f"uid=e{number:05},{PEOPLE}", (*classes, *told, ("eduPersonPrincipalName", f"e{number}@x")))
            )
    server = openldap.Slapd(program, ldif=tmp_path / "many.ldif")
    secret = tmp_path / "password"
    secret.write_text(openldap.PASSWORD)
    secret.chmod(0o600)

    def megabytes(persons: int, filter_: str) -> int:
        command = [sys.executable, "-c", _PROGRAM, server.url, openldap.READER, str(secret), filter_]
        read, peak = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
        assert int(read) == persons
        return int(peak)

    try:
        assert megabytes(8_000, "(objectClass=norEduPerson)") - megabytes(400, "(ou=few)") < 4
    finally:
        server.remove()
