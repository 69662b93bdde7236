"""The command line: commands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import sys

import click

from rostersync import __version__
from rostersync.cli import history, labs, mappings, people, setup, sources, state, syncs, trash
from rostersync.cli.shell import Shell, common, fail
from rostersync.errors import RostersyncError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="rostersync")
@common
def rostersync() -> None:
    """Keep a learning platform's users in step with the school's own systems."""


for module in (setup, syncs, sources, history, people, trash, mappings, state, labs):
    for command in module.COMMANDS:
        rostersync.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    shell = Shell()
    try:
        code = rostersync.main(arguments, obj=shell, standalone_mode=False, prog_name="rostersync")
    except RostersyncError as error:
        sys.exit(fail(error, shell))
    except click.ClickException as error:
        error.show()
        sys.exit(64)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. What was delivered is recorded; run the same command again to go on.", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
