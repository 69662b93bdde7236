"""What every command needs: the global options, settings, state, dates, and how to speak to a person or a program."""

from __future__ import annotations

import functools
import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from rostersync import config, logs
from rostersync.assembly import Parts, assemble
from rostersync.errors import RostersyncError, Usage, UserMistake
from rostersync.report import FAILED, MISTAKE, USAGE
from rostersync.store import Store, open_store
from rostersync.store.lease import lease

F = TypeVar("F", bound=Callable[..., Any])


class Shell:
    """The global options of one command, and the settings and state they lead to."""

    def __init__(self) -> None:
        self.config: str | None = os.environ.get("ROSTERSYNC_CONFIG") or None
        self.json = False
        self.quiet = False
        self.as_of: date | None = None
        self._settings: config.Settings | None = None

    @property
    def settings(self) -> config.Settings:
        """The config, read once."""
        if self._settings is None:
            self._settings = config.load(config.locate(self.config))
        return self._settings

    @property
    def who(self) -> str:
        """Who is asking, for the journal: the person behind sudo, or the user of the process."""
        return os.environ.get("SUDO_USER") or getpass.getuser()

    def parts(self, sync: str) -> Parts:
        """The working parts of a sync."""
        return assemble(self.settings, sync)

    def now(self) -> datetime:
        """The moment, with its zone; in a rehearsal with --as-of, 04:30 UTC on that date."""
        if self.as_of is None:
            return datetime.now(UTC)
        if not self.settings.state.rehearsal:
            raise Usage(["--as-of is for rehearsals only: set rehearsal = true under [state] of a state that is not in production"])
        return datetime(self.as_of.year, self.as_of.month, self.as_of.day, 4, 30, tzinfo=UTC)

    def today(self, sync: str | None = None) -> date:
        """The date in the sync's zone (the first sync's when none is named)."""
        syncs = self.settings.syncs
        chosen = syncs.get(sync or "") or next(iter(syncs.values()), None)
        return self.now().astimezone(chosen.zone if chosen else None).date()

    @contextmanager
    def store(self, wait: float = 0) -> Iterator[Store]:
        """The state, held alone until the end of the block."""
        settings = self.settings.state
        secret = settings.secret.read()
        with lease(settings.url, settings.base, wait, f"rostersync {' '.join(sys.argv[1:2])}"):
            store = open_store(settings.url, secret, base=settings.base)
            try:
                yield store
            finally:
                store.close()

    @contextmanager
    def looking(self) -> Iterator[Store]:
        """The state for reading only; another run may be writing meanwhile."""
        settings = self.settings.state
        store = open_store(settings.url, settings.secret.read(), base=settings.base)
        try:
            yield store
        finally:
            store.close()

    def say(self, text: str) -> None:
        """A sentence for a person; silent with --json or --quiet."""
        if not self.json and not self.quiet:
            click.echo(text)

    def document(self, value: Any) -> None:
        """The one JSON document of this command."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


pass_shell = click.make_pass_decorator(Shell)


def common(command: F) -> F:
    """Give a command the global options; they work before and after the command's name."""

    def keep(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
        def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
            if value:
                setattr(context.ensure_object(Shell), name, value)
            return value

        return callback

    options = [
        click.option("-c", "--config", metavar="FILE", expose_value=False, callback=keep("config"), help="The config file."),
        click.option("--json", is_flag=True, expose_value=False, callback=keep("json"), help="Print one JSON document."),
        click.option("--quiet", is_flag=True, expose_value=False, callback=keep("quiet"), help="Say only what is wrong."),
    ]

    @functools.wraps(command)
    def ready(*arguments: Any, **options: Any) -> Any:
        logs.set_up(quiet=click.get_current_context().ensure_object(Shell).quiet or sys.stderr.isatty())
        return command(*arguments, **options)

    return functools.reduce(lambda inner, option: option(inner), options, ready)  # type: ignore[return-value]  # click's options keep the signature


def as_of(command: F) -> F:
    """Give a command --as-of, for rehearsals."""

    def callback(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value:
            try:
                context.ensure_object(Shell).as_of = date.fromisoformat(value)
            except ValueError:
                raise click.BadParameter("write a date as YYYY-MM-DD") from None

    return click.option(
        "--as-of", metavar="DATE", expose_value=False, callback=callback, help="Rehearsal: act as if it were this date."
    )(command)


def reason_option(command: F) -> F:
    """Give a command its mandatory --reason."""
    return click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept in the journal.")(command)


def fail(error: RostersyncError, shell: Shell) -> int:
    """Tell a person, or a program, what went wrong and what to do; gives the exit code."""
    code = USAGE if isinstance(error, Usage) else MISTAKE if isinstance(error, UserMistake) else FAILED
    lines = [str(problem) for problem in error.problems] if isinstance(error, UserMistake) else [str(error)]
    if shell.json:
        shell.document({"error": type(error).__name__, "problems": lines, "code": code})
    for line in lines:
        click.echo(line, err=True)
    return code


def written(path: Path) -> str:
    """A path as a person would type it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
