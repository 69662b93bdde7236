"""check: everything that can be found wrong before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from rostersync.cli.shell import Shell, common, pass_shell
from rostersync.cli.show import table
from rostersync.errors import NoState, Problem, RostersyncError, StateUnavailable, UserMistake
from rostersync.report import DONE, FAILED
from rostersync.store import open_store


@click.command()
@click.option("--online", is_flag=True, help="Also look at every source and target as it stands now.")
@click.option("--released", is_flag=True, help="List what is released to whom, and on what basis.")
@common
@pass_shell
def check(shell: Shell, online: bool, released: bool) -> int:
    """Check the config, the mappings with their tests, the lists and the secret; change nothing."""
    problems = list(_config(shell))
    try:
        problems += _state(shell)
    except StateUnavailable:  # time mends that, and nothing else
        if not problems:
            raise
    if problems:
        raise UserMistake(list(dict.fromkeys(problems)))
    tests = sum(part.mapping.tests for name in shell.settings.syncs for part in shell.parts(name).sources)
    outside = list(dict.fromkeys(_outside(shell))) if online else []
    rows = list(_released(shell)) if released else []
    if shell.json:
        shell.document({"tests": tests, "outside": outside, "released": rows})
        return FAILED if outside else DONE
    shell.say(
        f"{shell.settings.path.name}, its mappings, lists, schedules and secret are in order; {tests} mapping tests passed."
    )
    if online:
        shell.say("\n".join(f"  {sentence}" for sentence in outside) or "Every source and target is in order too.")
    if released:
        shell.say("")
        lines: list[Sequence[object]] = [(row["role"], row["field"], row["source"], row["basis"]) for row in rows]
        table(["Role", "Field", "From", "Basis"], lines, empty="Nothing beyond the names is released.")
    return FAILED if outside else DONE


def _config(shell: Shell) -> Iterator[Problem]:
    """What is wrong with the mappings, the role model, the lists, the schedules and the secret."""
    from rostersync.daemon.checkup import check as checked_whole  # it brings the scheduler along

    try:
        checked_whole(shell.settings, shell.parts)
    except UserMistake as mistake:
        yield from mistake.problems


def _state(shell: Shell) -> Iterator[Problem]:
    """What is wrong with the secret, or with the state where there is one already."""
    settings = shell.settings.state
    try:
        secret, access = settings.secret.read(), settings.access()
        open_store(settings.url, secret, base=settings.base, access=access, create=False).close()
    except NoState:
        return  # the first run makes it
    except UserMistake as mistake:
        yield from mistake.problems
    except StateUnavailable:
        raise
    except RostersyncError as error:
        yield Problem("", str(error))


def _outside(shell: Shell) -> Iterator[str]:
    for name in shell.settings.syncs:
        parts = shell.parts(name)
        for source in parts.sources:
            yield from (f"source {source.settings.name}: {sentence}" for sentence in source.connector.check())
        for target in parts.targets:
            yield from (f"target {target.settings.name}: {sentence}" for sentence in target.target.check())


def _released(shell: Shell) -> Iterator[dict[str, str]]:
    """What reaches whom: each role's fields, the sources whose mapping gives them, and the owner's words for why."""
    for name in shell.settings.syncs:
        parts = shell.parts(name)
        for role, fields in parts.rules.roles.release.items():
            for field in fields:
                for source in parts.sources:
                    basis = dict(source.mapping.sensitive).get(field, "")
                    if source.mapping.line_of("person", field) and field not in source.mapping.matching:
                        yield {
                            "sync": name,
                            "role": role,
                            "field": field,
                            "source": source.settings.name,
                            "basis": basis,
                        }


COMMANDS = (check,)
