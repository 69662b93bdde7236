"""What went wrong -> sentences on stderr, a document with --json, and the exit code."""

from __future__ import annotations

import errno
from collections.abc import Sequence

import click

from rostersync.cli.shell import Shell
from rostersync.errors import RostersyncError, Usage, UserMistake
from rostersync.report import FAILED, MISTAKE, USAGE

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)


def explain(error: RostersyncError, shell: Shell) -> int:
    """What rostersync itself found wrong."""
    code = USAGE if isinstance(error, Usage) else MISTAKE if isinstance(error, UserMistake) else FAILED
    problems = [str(problem) for problem in error.problems] if isinstance(error, UserMistake) else [str(error)]
    return _told(shell, type(error).__name__, problems, code)


def misused(error: click.ClickException, shell: Shell) -> int:
    """What is wrong with the command as it was typed."""
    problem = error.format_message()
    if not shell.json:
        error.show()
        return USAGE
    return _told(shell, "Usage", [problem], USAGE)


def obstructed(error: OSError, shell: Shell) -> int:
    """What the machine would not do: a full disk, a folder that is closed to this user."""
    what = f"{error.filename}: {error.strerror}" if error.filename else f"a file could not be written: {error.strerror}"
    if error.errno in _NO_ROOM:
        what += "; make room on that disk, then give the same command again"
    elif error.errno in _NO_RIGHT:
        what += "; give this user the right to it, or name another place"
    return _told(shell, "Obstructed", [what], FAILED)


def stopped(shell: Shell) -> int:
    """Somebody pressed Ctrl-C."""
    text = "Stopped. What was delivered is recorded; give the same command again to go on."
    return _told(shell, "Stopped", [text], FAILED)


def _told(shell: Shell, kind: str, problems: Sequence[str], code: int) -> int:
    if shell.json:
        shell.document({"error": kind, "problems": list(problems), "code": code})
    for problem in problems:
        click.echo(problem, err=True)
    return code
