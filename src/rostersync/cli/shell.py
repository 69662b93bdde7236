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
from rostersync.errors import Usage
from rostersync.store import Store, open_store
from rostersync.store.lease import Lease, lease

F = TypeVar("F", bound=Callable[..., Any])


class Shell:
    """The global options of one command, and the settings and state they lead to. `wait` is in seconds."""

    def __init__(self) -> None:
        self.config: str | None = os.environ.get("ROSTERSYNC_CONFIG") or None
        self.json = False
        self.quiet = False
        self.as_of: date | None = None
        self.wait = 0
        self._settings: config.Settings | None = None
        self._parts: dict[str, Parts] = {}

    # -- what the options lead to -----------------------------------------------------------------------------------

    @property
    def settings(self) -> config.Settings:
        """The config, read once."""
        if self._settings is None:
            self._settings = config.load(config.locate(self.config))
        return self._settings

    def parts(self, sync: str) -> Parts:
        """The working parts of a sync, put together once."""
        if sync not in self._parts:
            self._parts[sync] = assemble(self.settings, sync)
        return self._parts[sync]

    @property
    def who(self) -> str:
        """Who is asking, for the journal: the person behind sudo, or the user of the process."""
        try:
            return os.environ.get("SUDO_USER") or getpass.getuser()
        except (KeyError, OSError):  # a service's user may have no name
            return f"user {os.getuid()}"

    def now(self) -> datetime:
        """The moment, with its zone; in a rehearsal with --as-of, 04:30 UTC on that date."""
        if self.as_of is None:
            return datetime.now(UTC)
        if not self.settings.state.rehearsal:
            raise Usage(
                ["--as-of is for rehearsals: it needs rehearsal = true under [state], of a state not in production"]
            )
        return datetime(self.as_of.year, self.as_of.month, self.as_of.day, 4, 30, tzinfo=UTC)

    def today(self, sync: str = "") -> date:
        """The date in the sync's zone (the first sync's when none is named)."""
        syncs = self.settings.syncs
        return self.now().astimezone((syncs[sync] if sync else next(iter(syncs.values()))).zone).date()

    def local(self, at: datetime | str | None) -> str:
        """A moment as the school's clock showed it; nothing for none."""
        if not at:
            return ""
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        return f"{moment.astimezone(next(iter(self.settings.syncs.values())).zone):%Y-%m-%d %H:%M}"

    @contextmanager
    def store(self, *, moved: bool = False) -> Iterator[Store]:
        """The state, held alone until the end of the block.

        `moved`: also one that was moved away, which is otherwise refused: two states would soon say different things.

        Raises:
            UserMistake: it was moved away.
        """
        settings = self.settings.state
        command = click.get_current_context().command_path
        with lease(settings.url, settings.base, self.wait, command, access=settings.access()) as held:
            yield from self._open(create=True, lease=held, moved=moved)

    @contextmanager
    def looking(self) -> Iterator[Store]:
        """The state as it is, to look at or to add one line to; a run may be writing meanwhile."""
        yield from self._open(create=False)

    def _open(self, *, create: bool, lease: Lease | None = None, moved: bool = True) -> Iterator[Store]:
        settings = self.settings.state
        secret, access = settings.secret.read(), settings.access()
        store = open_store(settings.url, secret, base=settings.base, access=access, create=create, lease=lease)
        try:
            if not moved:
                store.refuse_if_moved()
            yield store
        finally:
            store.close()

    # -- how it speaks ----------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Sentences for a person; silent with --json or --quiet."""
        if not self.json and not self.quiet:
            click.echo(text)

    def answer(self, text: str, document: Any) -> None:
        """The result of a command: sentences for a person, or its one JSON document for a program."""
        if self.json:
            self.document(document)
        else:
            self.say(text)

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

    def option(*names: str, keeps: str, **settings: Any) -> Callable[[F], F]:
        return click.option(*names, expose_value=False, callback=keep(keeps), **settings)

    options = [
        option("-c", "--config", keeps="config", metavar="FILE", help="The config file."),
        option("--json", keeps="json", is_flag=True, help="Print one JSON document."),
        option("--quiet", keeps="quiet", is_flag=True, help="Say only what is wrong."),
    ]

    @functools.wraps(command)
    def ready(*arguments: Any, **options: Any) -> Any:
        logs.set_up(least=_least(click.get_current_context().ensure_object(Shell)))
        return command(*arguments, **options)

    return functools.reduce(lambda inner, add: add(inner), options, ready)  # type: ignore[arg-type,return-value]  # click keeps the signature


def _least(shell: Shell) -> logs.Level:
    """Whoever sits at a terminal reads reports and tables, which tell all that the events tell."""
    if sys.stderr.isatty():
        return "error"
    return "warning" if shell.quiet else "info"


def as_of(command: F) -> F:
    """Give a command --as-of, for rehearsals."""

    def callback(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
        context.ensure_object(Shell).as_of = day(context, parameter, value)

    return click.option(
        "--as-of", metavar="DATE", expose_value=False, callback=callback, help="Rehearsal: act as if it were this date."
    )(command)


def waits(command: F) -> F:
    """Give a command --wait: it needs the state for itself."""

    def callback(context: click.Context, _parameter: click.Parameter, value: str) -> None:
        units = {"s": 1, "m": 60, "h": 3600}
        if value[-1:] not in units or not value[:-1].isdecimal():
            raise click.BadParameter(f'"{value}" is no time; write it as 60s or 5m')
        context.ensure_object(Shell).wait = int(value[:-1]) * units[value[-1]]

    return click.option(
        "--wait",
        default="0s",
        metavar="TIME",
        expose_value=False,
        callback=callback,
        help="How long to wait for another command to end, such as 60s.",
    )(command)


def reason_option(command: F) -> F:
    """Give a command its mandatory --reason."""

    def callback(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        if not value.strip():
            raise click.BadParameter("it is empty; whoever reads the journal must understand why")
        return value.strip()

    return click.option(
        "--reason", required=True, callback=callback, metavar="TEXT", help="Why; it is kept in the journal."
    )(command)


def decides(command: F) -> F:
    """Give a command what every decision that is written down needs: a reason, patience, and the global options."""
    return reason_option(waits(as_of(common(pass_shell(command)))))  # type: ignore[return-value]  # click keeps the signature


def day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date | None:
    """The callback of an option that takes a date."""
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise click.BadParameter(f'"{value}" is no date; write it as YYYY-MM-DD') from None


def written(path: Path) -> str:
    """A path as a person would type it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
