"""The command line: commands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import os
import sys

import click

from rostersync import __version__
from rostersync.cli import (
    adopting,
    checking,
    decisions,
    failing,
    history,
    labs,
    mappings,
    people,
    setup,
    sources,
    state,
    status,
    syncs,
    trash,
)
from rostersync.cli.shell import Shell, common
from rostersync.errors import RostersyncError
from rostersync.report import FAILED


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="rostersync")
@common
def rostersync() -> None:
    """Keep a learning platform's users in step with the school's own systems."""


for module in (
    setup,
    checking,
    syncs,
    adopting,
    sources,
    history,
    status,
    people,
    decisions,
    trash,
    mappings,
    state,
    labs,
):
    for command in module.COMMANDS:
        rostersync.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    shell = Shell()
    # a command that cannot even be read must still answer in JSON where that was asked for
    shell.json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    sys.exit(_code(arguments, shell))


def _code(arguments: list[str] | None, shell: Shell) -> int:
    try:
        code = rostersync.main(arguments, obj=shell, standalone_mode=False, prog_name="rostersync")
        sys.stdout.flush()
    except RostersyncError as error:
        return failing.explain(error, shell)
    except click.ClickException as error:
        return failing.misused(error, shell)
    except (click.Abort, KeyboardInterrupt):
        return failing.stopped(shell)
    except BrokenPipeError:
        # whoever read our output has seen enough; what is still to be flushed must not complain at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return failing.obstructed(error, shell)
    return code if isinstance(code, int) else 0
