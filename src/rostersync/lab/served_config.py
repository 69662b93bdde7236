"""The config that reads all of the lab's services, and the same config again when they have other addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rostersync.lab.adult_school import schools_table
from rostersync.lab.doubles import feide_groups, fint, sits
from rostersync.lab.ldif import PEOPLE
from rostersync.lab.services import LMS, PASSWORD, ROOT
from rostersync.lab.slapd import PASSWORD as DIRECTORY_PASSWORD
from rostersync.lab.slapd import READER

MARK: Final = "# The synthetic municipality, as `rostersync lab serve` has it on this machine. Nobody in it exists."
"""The first line, by which a folder of the lab's is known."""

AUTHORITY: Final = "lab/rostersync-lab.pem"
"""Where the lab's own certificate authority lies, from the config."""

_LINE: Final = (
    f'ca = "{AUTHORITY}"\ntimeout = "5s"\npatience = "5s"                             # a fault is told soon\n'
)

_BLOCKS: Final = {
    "everyday": """\
type = "isi"                                # IST Everyday's web service: the schools up to seventh grade
mapping = "mappings/ist-everyday.yaml"
endpoint = "{url}/isi/ws/ISIPartnerEndpoint"
partner = "LAB"
customer = "LYSVIK"
password = {{ file = "lab/secret" }}
params = ["datasource=ist@lysvik.example", "schoolyear={{from}}/{{to}}"]
poll = "1s"
guardians = true
"""
    + _LINE,
    "visma": """\
type = "fint"                               # Visma InSchool through FINT: the schools with a tenth grade
mapping = "mappings/visma-inschool.yaml"
url = "{url}"
token_url = "{url}/nidp/oauth/nam/token"
account = {{ file = "lab/fint-account.json" }}
guardians = true
"""
    + _LINE,
    "flyt": """\
type = "oneroster"                          # Visma Flyt Skole through OneRoster 1.2: the last school
mapping = "mappings/oneroster.yaml"
url = "{url}/ims/oneroster/rostering/v1p2"
token_url = "{url}/token"
client_id = "rostersync"
client_secret = {{ file = "lab/secret" }}
guardians = true
"""
    + _LINE,
    "sits": f"""\
type = "sits"                               # SITS: the school for adults
mapping = "mappings/sits.yaml"
layout = "mappings/layouts/sits-rws.yaml"
schools = "lab/sits-schools.csv"
files = "{{url}}{sits.SERVICES}"
password = {{{{ file = "lab/secret" }}}}
"""
    + _LINE,
    "feide": f"""\
type = "feide"                              # the Feide directory: everybody's login
mapping = "mappings/feide.yaml"
url = "{{url}}"
base = "{PEOPLE}"
bind_dn = "{READER}"
password = {{{{ file = "lab/directory-secret" }}}}
attempts = 1
""",
    "feide_groups": f"""\
type = "feide_groups"                       # Feide's Groups API: each school's choir, by Feide name
mapping = "mappings/feide-groups.yaml"
url = "{{url}}/groups/v1"
token_url = "{{url}}/oauth/token"
realm = "{feide_groups.REALM}"
client_id = "rostersync"
client_secret = {{{{ file = "lab/secret" }}}}
kinds = ["school", "u"]
"""
    + _LINE,
}
"""Source -> its keys. Where a value comes from several, the one named first counts."""

_HEAD: Final = f"""\
{MARK}
# Each start of it puts the servers' addresses right; everything else here is yours to change.
version = 1

[state]
url = "sqlite:///state.db"
secret = {{ file = "state.secret" }}
rehearsal = true                            # lets --as-of say which day it is

"""
_TAIL: Final = f"""\
[target.itslearning]
type = "itslearning"                        # the lab's own; open its address in a browser to see what it holds
url = "{{url}}"
user = "rostersync"
password = {{{{ file = "lab/secret" }}}}
root = "{ROOT}"
national_number = "CustomString1"
{_LINE}deliver = false                             # first contact only plans; set to true when the plan is right

[target.files]
type = "oneroster_csv"                      # OneRoster files, for whoever adds it to `to`
directory = "out"
deliver = false

[sync.oslo]
from = [{{sources}}]
to = ["itslearning"]
roles = "mappings/roles/oslo.yaml"
grants = "grants.yaml"
consents = "consents.yaml"
"""
_SECTION: Final = re.compile(r"^\[(?:source|target)\.(\w+)\]\n(?:(?!\[).*\n)*", re.MULTILINE)
_ADDRESS: Final = re.compile(r"\w+://(\w+@)?127\.0\.0\.1:\d+")


def config_text(addresses: Mapping[str, str]) -> str:
    """The config for the services at these addresses (source or target -> URL), in the order in which they count."""
    here = [name for name in _BLOCKS if name in addresses]
    blocks = (f"[source.{name}]\n{_BLOCKS[name].format(url=_address(name, addresses))}\n" for name in here)
    together = ", ".join(f'"{name}"' for name in here)
    return _HEAD + "".join(blocks) + _TAIL.format(sources=together, url=addresses[LMS.name])


def moved(text: str, addresses: Mapping[str, str]) -> str:
    """A config with the addresses of today in place of the last ones; sources without one stay as they are."""

    def section(found: re.Match[str]) -> str:
        name = found[1]
        return _ADDRESS.sub(_address(name, addresses), found[0]) if name in addresses else found[0]

    return _SECTION.sub(section, text)


def write_secrets(folder: Path) -> None:
    """Write what the config names, besides the addresses, into its folder `lab`."""
    account = json.dumps(fint.ACCOUNT)
    secrets = {"secret": PASSWORD, "directory-secret": DIRECTORY_PASSWORD, "fint-account.json": account}
    for name, text in secrets.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(f"{text}\n", encoding="utf-8")
    (folder / "sits-schools.csv").write_text(schools_table(), encoding="utf-8")


def _address(name: str, addresses: Mapping[str, str]) -> str:
    """An address as the config has it: that of files has the user in it."""
    return addresses[name].replace("://", "://rostersync@") if name == "sits" else addresses[name]
