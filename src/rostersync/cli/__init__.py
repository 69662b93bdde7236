"""The command line: commands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Final

import click

from rostersync import __version__
from rostersync.cli import failing
from rostersync.cli.shell import Shell, common
from rostersync.errors import RostersyncError
from rostersync.report import FAILED

_ROOMS: Final = {
    "init": "setup",
    "check": "checking",
    "plan": "syncs",
    "sync": "syncs",
    "approve": "syncs",
    "apply": "syncs",
    "resync": "syncs",
    "adopt": "adopting",
    "drift": "drifting",
    "source": "sources",
    "runs": "history",
    "journal": "history",
    "status": "status",
    "person": "people",
    "questions": "identity",
    "group": "people",
    "guardian": "decisions",
    "protect": "decisions",
    "unprotect": "decisions",
    "pin": "decisions",
    "trash": "trash",
    "mapping": "mappings",
    "state": "state",
    "serve": "serving",
    "trigger": "serving",
    "lab": "labs",
}
"""Command -> the module it lives in. A nightly sync need not wait until everything else is imported."""


class _House(click.Group):
    """The commands, each fetched from its module when somebody asks for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click asks so
        """Every command."""
        return sorted(_ROOMS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the protocol has it
        """One command; None when there is none of that name."""
        if cmd_name not in _ROOMS:
            return None
        commands: tuple[click.Command, ...] = import_module(f"{__name__}.{_ROOMS[cmd_name]}").COMMANDS
        return next(command for command in commands if command.name == cmd_name)


@click.group(cls=_House, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="rostersync")
@common
def rostersync() -> None:
    """Keep a learning platform's users in step with the school's own systems."""


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
