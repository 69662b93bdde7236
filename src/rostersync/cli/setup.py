"""init and check: a first config, and everything that can be found wrong before anything runs."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from rostersync.cli.shell import Shell, common, pass_shell, written
from rostersync.config import Settings
from rostersync.errors import Problem, RostersyncError, Usage, UserMistake
from rostersync.report import DONE, MISTAKE
from rostersync.store import open_store

_CONFIG = """\
# What runs here. How a source's words are translated lives in mappings/. Check both: rostersync check
version = 1

[state]
url = "sqlite:///state.db"                  # beside this file; in production an absolute path on a local disk
secret = { file = "state.secret" }          # keep a copy of that file apart from the database: without it the state is noise

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
    for folder in (directory, directory / "in", directory / "out"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copytree(shipped_mappings(), directory / "mappings", dirs_exist_ok=True)
    secret = directory / "state.secret"
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_urlsafe(48) + "\n", encoding="ascii")
    for name, text in (("rostersync.toml", _CONFIG), ("grants.yaml", _GRANTS), ("consents.yaml", _CONSENTS)):
        (directory / name).write_text(text, encoding="utf-8")
    where = written(directory)
    shell.say(
        f"Wrote {where}/rostersync.toml, its mappings and its secret.\n"
        f"Next: put an export into {where}/in/, then\n"
        f"  rostersync -c {where}/rostersync.toml check\n"
        f"  rostersync -c {where}/rostersync.toml plan oslo"
    )
    if shell.json:
        shell.document({"directory": str(directory), "config": str(directory / "rostersync.toml")})
    return DONE


def shipped_mappings() -> Path:
    """The mappings that come with rostersync: inside the installed package, or beside src/ in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "mappings"
    return inside if inside.is_dir() else package.parents[1] / "mappings"


@click.command()
@click.option("--online", is_flag=True, help="Also look at every source and target as it stands now.")
@click.option("--released", is_flag=True, help="List what is released to whom, and on what basis.")
@common
@pass_shell
def check(shell: Shell, online: bool, released: bool) -> int:
    """Check the config, the mappings with their tests, the lists and the secret; change nothing."""
    settings = shell.settings
    problems = [problem for one in _problems(shell, settings) for problem in one]
    notes = list(_outside(shell, settings)) if online and not problems else []
    rows = list(_released(shell, settings)) if released and not problems else []
    if shell.json:
        shell.document({"problems": [str(p) for p in problems], "notes": notes, "released": rows})
    elif problems:
        raise UserMistake(problems)
    else:
        tests = sum(part.mapping.tests for name in settings.syncs for part in shell.parts(name).sources)
        shell.say(f"{settings.path.name}: all well; {tests} mapping tests passed.")
        for note in notes:
            shell.say(f"  {note}")
        for row in rows:
            shell.say(f"  {row['role']:<22}{row['field']:<18}{row['source']:<12}{row['basis']}")
    return MISTAKE if problems or notes else DONE


def _problems(shell: Shell, settings: Settings) -> Iterator[list[Problem]]:
    for name in settings.syncs:
        try:
            shell.parts(name)
        except UserMistake as mistake:
            yield list(mistake.problems)
    try:
        settings.state.secret.read()
        if (settings.state.base / settings.state.url.removeprefix("sqlite:///")).exists():
            open_store(settings.state.url, settings.state.secret.read(), base=settings.state.base, create=False).close()
    except UserMistake as mistake:
        yield list(mistake.problems)
    except RostersyncError as error:
        yield [Problem(settings.path.name, str(error))]


def _outside(shell: Shell, settings: Settings) -> Iterator[str]:
    for name in settings.syncs:
        parts = shell.parts(name)
        for source in parts.sources:
            yield from (f"source {source.settings.name}: {note}" for note in source.connector.check())
        for target in parts.targets:
            yield from (f"target {target.settings.name}: {note}" for note in target.target.check())


def _released(shell: Shell, settings: Settings) -> Iterator[dict[str, str]]:
    """What reaches whom: each role's fields, the sources whose mapping gives them, and the owner's words for why."""
    for name in settings.syncs:
        parts = shell.parts(name)
        for role, fields in parts.rules.roles.release.items():
            for field in fields:
                for source in parts.sources:
                    basis = dict(source.mapping.sensitive).get(field, "")
                    if source.mapping.line_of("person", field):
                        yield {"sync": name, "role": role, "field": field, "source": source.settings.name, "basis": basis}


COMMANDS = (init, check)
