"""init: a ready config, mappings, role model and secret to start from."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import click

from rostersync.cli.shell import Shell, common, pass_shell, written
from rostersync.errors import Usage
from rostersync.report import DONE

_CONFIG = """\
# What runs here. How a source's words are translated lives in mappings/. Check both: rostersync check
version = 1

[state]
url = "sqlite:///state.db"                  # beside this file; in production an absolute path on a local disk
secret = { file = "state.secret" }          # keep a copy apart from the database: without it the state is noise

[source.everyday]
type = "pifu"                               # PIFU-IMS, as IST Everyday exports it
mapping = "mappings/ist-everyday.yaml"
files = "in/*.xml"                          # where the export is dropped; the newest complete one is read
max_age = "26h"                             # an older export is refused, never synchronised
guardians = true                            # take the pupils' guardians from this source

[target.lms]
type = "oneroster_csv"
directory = "out"
deliver = false                             # first contact only plans; set to true when the plan is right

[sync.oslo]
from = ["everyday"]
to = ["lms"]
roles = "mappings/roles/oslo.yaml"
grants = "grants.yaml"                      # who is school leader or super user, where, and until when
consents = "consents.yaml"                  # grown-up pupils whose guardians keep access
schedule = "30 4 * * *"                     # when `rostersync serve` runs it: every night
schedule_full = "0 3 * * 0"                 # and in full, every Sunday
on_arrival = true                           # and when a new export is there
"""
_GRANTS = """\
# Roles that no school system gives: school_leader and super_user. Each lapses when the person no longer works there.
# person: our id, or the source key; never a national number.
version: 1
grants: []
#  - person: lab/12345
#    role: school_leader
#    school: "974589230"
#    reason: principal since August
#    from: 2026-08-01
#    to: 2027-07-31
"""
_CONSENTS = """\
# Pupils of 18 and over who have agreed that a guardian keeps access.
version: 1
consents: []
#  - pupil: lab/12345
#    guardian: lab/67890
#    reason: written consent, case 26/1234
#    to: 2027-06-30
"""


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@common
@pass_shell
def init(shell: Shell, directory: Path) -> int:
    """Write a ready config, mappings, role model and secret into DIRECTORY to start from."""
    if directory.exists() and any(directory.iterdir()):
        raise Usage([f"{directory} is not empty; name a new folder, so that nothing of yours is overwritten"])
    furnish(directory, _CONFIG, "in", "out")
    where = written(directory)
    shell.answer(
        f"Wrote {where}/rostersync.toml, its mappings and its secret.\n"
        f"Next: put an export into {where}/in/, then\n"
        f"  rostersync -c {where}/rostersync.toml check --online\n"
        f"  rostersync -c {where}/rostersync.toml plan oslo",
        {"directory": str(directory), "config": str(directory / "rostersync.toml")},
    )
    return DONE


def furnish(directory: Path, config: str, *folders: str) -> None:
    """Write a config, and what any config names, into a folder that is made where it is missing, with folders in it."""
    for folder in (directory, *(directory / name for name in folders)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copytree(shipped_mappings(), directory / "mappings", dirs_exist_ok=True)
    secret = directory / "state.secret"
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_urlsafe(48) + "\n", encoding="ascii")
    for name, text in (("rostersync.toml", config), ("grants.yaml", _GRANTS), ("consents.yaml", _CONSENTS)):
        (directory / name).write_text(text, encoding="utf-8")


def shipped_mappings() -> Path:
    """The mappings that come with rostersync: inside the installed package, or beside src/ in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "mappings"
    return inside if inside.is_dir() else package.parents[1] / "mappings"


COMMANDS = (init,)
