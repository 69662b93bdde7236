"""Writes docs/reference/ from the code, so that what exists is documented and what is documented exists."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import typing
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from rostersync import connectors, targets
from rostersync.cli import rostersync
from rostersync.config import DEPARTED, LOGIN_WAIT, SUMMER
from rostersync.credentials import Secret
from rostersync.errors import RostersyncError
from rostersync.limits import DEFAULT_LIMITS, FLOOR, Limit
from rostersync.mapping.transforms import TRANSFORMS
from rostersync.operating import CATCH_UP, LATE_AFTER, LISTEN

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code; edits here are lost. -->\n\n"


def pages() -> dict[str, str]:
    """File name -> its text, as it should be."""
    return {"commands.md": NOTE + commands(), "config.md": NOTE + config(), "transforms.md": NOTE + transforms()}


def commands() -> str:
    """Every command with its arguments and options."""
    lines = ["# Commands\n", KEYS]
    for path, command in walk("rostersync", rostersync):
        lines.append(f"## {path}\n\n{inspect.cleandoc(command.help or '')}\n")
        lines += [described(parameter) for parameter in command.params if shown(parameter, path)]
        lines.append("")
    return "\n".join(lines) + "\n" + codes()


KEYS = """\
Global options work before and after the command. With `--json` a command prints one JSON document on stdout, also when
it fails, and no personal value in it. KEY is one of our ids, a source key (`source/id`), a Feide id, or `-`: then the
key, or a national number, is asked for at a prompt or read as one line from stdin. A national number is never an
argument.
"""


def described(parameter: click.Parameter) -> str:
    """A parameter as a line of a list."""
    required = " (required)" if isinstance(parameter, click.Option) and parameter.required else ""
    return f"- `{signature(parameter)}`{required} {getattr(parameter, 'help', None) or ''}".rstrip()


def walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and everything under it."""
    yield path, command
    if isinstance(command, click.Group):
        within = click.Context(command)
        for name in sorted(command.list_commands(within)):
            if (inner := command.get_command(within, name)) is not None:
                yield from walk(f"{path} {name}", inner)


def shown(parameter: click.Parameter, path: str) -> bool:
    """Global options are told once, at the top."""
    return path == "rostersync" or parameter.name not in ("config", "json", "quiet", "help")


def signature(parameter: click.Parameter) -> str:
    """How a parameter is typed."""
    metavar = parameter.make_metavar(click.Context(click.Command("any")))
    if isinstance(parameter, click.Argument):
        return metavar
    flag = isinstance(parameter, click.Option) and parameter.is_flag
    return ", ".join(parameter.opts) + ("" if flag else f" {metavar}")


def codes() -> str:
    """The exit codes."""
    rows = (
        (78, "config or mapping wrong"),
        (64, "usage"),
        (1, "failed: try again later; also when every source was refused"),
        (4, "done in part: a source refused, or some deliveries failed"),
        (3, "something is held"),
        (2, "`plan` found changes, or `sync` with `deliver = false`"),
        (0, "done, nothing left to do"),
    )
    table = "\n".join(f"| {code} | {text} |" for code, text in rows)
    return f"## Exit codes\n\nThe worst one wins, in this order.\n\n| code | meaning |\n|---|---|\n{table}\n"


def config() -> str:
    """Every key of rostersync.toml with its type and default."""
    parts = [
        "# rostersync.toml\n",
        (
            "Unknown keys are refused with the nearest right name. Relative paths are relative to the file. Time spans "
            'are written "10s", "15m", "26h" or "30d".\n'
        ),
        "## [state]\n",
        table(_STATE),
        "## [daemon]\n",
        table(_DAEMON),
    ]
    for kind in connectors.types():
        keys = [*_SOURCE, *fields(connectors.settings_type(kind))]
        parts += [f'## [source.NAME] with type = "{kind}"\n', table(keys)]
    for kind in targets.types():
        keys = [*_TARGET, *fields(targets.settings_type(kind))]
        parts += [f'## [target.NAME] with type = "{kind}"\n', table(keys)]
    parts += ["## [sync.NAME]\n", table(_SYNC), "## [sync.NAME.guard]\n", guard()]
    parts += ["## [sync.NAME.departed.ROLE]\n", departed(), "## [sync.NAME.calendar]\n", calendar()]
    return "\n".join(parts)


def told(value: object) -> str:
    """A default as it is written in TOML; what may be left out and then is nothing has none."""
    if isinstance(value, timedelta):
        return f'`"{int(value.total_seconds())}s"`'
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value in (None, "", ()):
        return "none"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


_STATE = [
    (
        "url",
        "text",
        "required",
        "`sqlite:///FILE`, relative to this file; `sqlite:////ABSOLUTE/FILE`; `postgresql://USER@HOST/DATABASE?OPTIONS`",
    ),
    (
        "secret",
        "reference",
        "required",
        '`{ credential = "NAME" }`, `{ file = "PATH" }` or `{ env = "NAME" }`; 32 bytes or more',
    ),
    (
        "schema",
        "text",
        "`rostersync`",
        "PostgreSQL: the owner's own schema; small letters, digits and _; made by the first run where it may",
    ),
    (
        "password",
        "reference",
        "none",
        "PostgreSQL: as `secret`; left out when libpq finds it by itself (passfile, peer, certificate)",
    ),
    (
        "directory",
        "path",
        "this file's folder",
        "PostgreSQL: where SCHEMA.generation lies, the file by which a restored backup is noticed; writable",
    ),
    ("rehearsal", "flag", "`false`", "allows `--as-of`; never in production"),
]
_DAEMON = [
    ("socket", "path", "beside the state", "the socket of `trigger`; under systemd in its runtime directory"),
    ("group", "text", "none", "a Unix group whose members may use it, beside root and the daemon's own user"),
    (
        "listen",
        "text",
        f'`"{LISTEN}"`',
        'address and port of /healthz, /readyz and /metrics, on the loopback; `""` = none',
    ),
    (
        "late_after",
        "time span",
        told(LATE_AFTER),
        "how long after its time a run that has not ended well makes /readyz say so",
    ),
    ("redact", "list", "none", "further fields whose values no log line tells"),
]
_SOURCE = [
    ("type", "text", "required", "the format, not the product"),
    ("mapping", "path", "required", "the mapping file"),
    (
        "departs",
        "flag",
        "`true`; `false` for feide",
        "whether somebody has gone whom this source, and every other such one, lists no more; `false` = it only adds values",
    ),
]
_TARGET = [
    ("type", "text", "required", "the format"),
    ("deliver", "flag", "`false`", "first contact only plans; true delivers"),
    ("per_minute", "number", "0", "how many objects it is told of in a minute; 0 for as many as it takes"),
]
_SYNC = [
    ("from", "list", "required", "sources, in order of precedence where two give one value"),
    ("to", "list", "required", "targets"),
    ("roles", "path", "required", "the role model"),
    ("schedule", "text", "none", "when the daemon runs it: minute hour day month weekday, in `zone`, as in a crontab"),
    ("schedule_full", "text", "none", "when it reads and compares everything anew; once a week is right"),
    ("on_arrival", "flag", "`false`", "whether a new file at rest, in a folder that a source reads, starts a run"),
    ("catch_up", "time span", told(CATCH_UP), "how late a run that was missed is made up for, once; `off` = never"),
    ("zone", "text", "`Europe/Oslo`", "school dates are dates in this zone"),
    (
        "processes",
        "a number",
        "0",
        "processes that work out a large plan; 0 = as many as there are cores, when it pays",
    ),
    ("guardian_user", "`separate`, `same`", "`separate`", "whether staff and pupils have another user as guardians"),
    (
        "login_wait",
        "days",
        f"`off`; `{LOGIN_WAIT}d` with a source of type feide",
        "how long a new user whose role carries a login waits for one, before being created without",
    ),
    ("grants", "path", "none", "local list of school leaders and super users"),
    ("consents", "path", "none", "local list of grown-up pupils' consents"),
]


def fields(settings: type[Any] | None) -> list[tuple[str, str, str, str]]:
    """The keys of a settings dataclass."""
    hints = typing.get_type_hints(settings)
    rows = []
    for one in dataclasses.fields(settings) if settings else ():
        default = "required" if one.default is dataclasses.MISSING else told(one.default)
        kind = "path" if one.metadata.get("path") else kind_of(hints[one.name])
        rows.append((one.name, kind, default, str(one.metadata.get("help", ""))))
    return sorted(rows, key=lambda row: row[2] != "required")


def kind_of(hint: Any) -> str:
    """What a person writes for a type."""
    words = {str: "text", bool: "flag", int: "number", timedelta: "time span", Path: "path", Secret: "reference"}
    arguments = [one for one in typing.get_args(hint) if one is not type(None)]
    if typing.get_origin(hint) is typing.Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if typing.get_origin(hint) is tuple:
        return "list"
    return words.get(hint) or (kind_of(arguments[0]) if arguments else "text")


def guard() -> str:
    """Every limit with its default."""
    rows = [
        ("floor", "number", f"`{FLOOR}`", "a share of a small school never means fewer than this"),
        (
            "hold",
            "`class`, `all`",
            "`class`",
            "what is over its limit waits for that kind, action and school; or all does",
        ),
    ]
    rows += [(name, "limit", limit_text(limit), "") for name, limit in DEFAULT_LIMITS.items()]
    return table(rows)


def limit_text(limit: Limit) -> str:
    """A limit as it is written in TOML."""
    figures = (("share", limit.share), ("count", limit.count))
    parts = [f"{name} = {value:g}" for name, value in figures if value is not None]
    if limit.owner:
        parts.append(f"owner = {limit_text(limit.owner).strip('`')}")
    return "`{ " + ", ".join(parts) + " }`" if parts else "unlimited"


def departed() -> str:
    """The periods of departed users."""
    defaults = ", ".join(f'`"{policy.suspend_after}d"` ({role})' for role, policy in DEPARTED.items())
    rows = [
        ("suspend_after", "days", defaults, "from the day a user has departed; `0d` suspends in the same run"),
        ("remove_after", "days", '`"off"`', "from the suspension; permanent, through its own approved plan"),
    ]
    return f"ROLE is one of {', '.join(f'`{role}`' for role in DEPARTED)}.\n\n{table(rows)}"


def calendar() -> str:
    """The windows in which nothing is taken away."""
    days = ", ".join(f'"{month:02d}-{day:02d}"' for window in SUMMER.add_only for month, day in window)
    meaning = "pairs of a first day and the day after a last one; nothing is taken away in between; `[]` = none"
    all_year = (
        "sources that take people in all the year round: there is no such window for those whom nothing else ties to a "
        "school"
    )
    return table(
        [
            ("add_only", "list", f"`[{days}]`", meaning),
            ("all_year", "list", 'those of type "sits"', all_year),
        ]
    )


def transforms() -> str:
    """Every named transform of the mapping files."""
    told = {name: (transform.__doc__ or "").strip().splitlines()[0] for name, transform in sorted(TRANSFORMS.items())}
    rows = "\n".join(f"| `{name}` | {sentence} |" for name, sentence in told.items())
    return f"# Transforms\n\nWhat may stand after `as:` in a mapping.\n\n| name | what it does |\n|---|---|\n{rows}\n"


def table(rows: list[tuple[str, str, str, str]]) -> str:
    """Rows as a Markdown table."""
    body = "\n".join(f"| `{name}` | {kind} | {default} | {text} |" for name, kind, default, text in rows)
    return f"| key | type | default | meaning |\n|---|---|---|---|\n{body}\n"


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except RostersyncError as error:
        sys.exit(str(error))
