"""Writes docs/reference/ from the code, so that what exists is documented and what is documented exists."""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from rostersync import connectors, targets
from rostersync.cli import rostersync
from rostersync.config import DEPARTED, SUMMER
from rostersync.errors import RostersyncError
from rostersync.limits import DEFAULT_LIMITS, FLOOR, Limit
from rostersync.mapping.transforms import TRANSFORMS

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code; edits here are lost. -->\n\n"


def pages() -> dict[str, str]:
    """File name -> its text, as it should be."""
    return {"commands.md": NOTE + commands(), "config.md": NOTE + config(), "transforms.md": NOTE + transforms()}


def commands() -> str:
    """Every command with its arguments and options."""
    lines = ["# Commands\n", "Global options work before and after the command.\n"]
    for path, command in walk("rostersync", rostersync):
        lines.append(f"## {path}\n\n{command.help}\n")
        lines += [f"- `{signature(parameter)}` {getattr(parameter, 'help', None) or ''}".rstrip() for parameter in command.params if shown(parameter, path)]
        lines.append("")
    return "\n".join(lines) + "\n" + codes()


def walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command and everything under it."""
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from walk(f"{path} {name}", command.commands[name])


def shown(parameter: click.Parameter, path: str) -> bool:
    """Global options are told once, at the top."""
    return path == "rostersync" or parameter.name not in ("config", "json", "quiet", "help")


def signature(parameter: click.Parameter) -> str:
    """How a parameter is typed."""
    if isinstance(parameter, click.Argument):
        return parameter.make_metavar(click.Context(click.Command("x")))
    flag = isinstance(parameter, click.Option) and parameter.is_flag
    return ", ".join(parameter.opts) + ("" if flag else f" {parameter.make_metavar(click.Context(click.Command('x')))}")


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
        "Unknown keys are refused with the nearest right name. Relative paths are relative to the file. Time spans are "
        'written "10s", "15m", "26h" or "30d".\n',
        "## [state]\n",
        table(
            [
                ("url", "text", "required", "`sqlite:///FILE`, relative to this file, or `sqlite:////ABSOLUTE/FILE`"),
                ("secret", "reference", "required", '`{ credential = "NAME" }`, `{ file = "PATH" }` or `{ env = "NAME" }`; 32 bytes or more'),
                ("rehearsal", "flag", "`false`", "allows `--as-of`; never in production"),
            ]
        ),
    ]
    for kind in connectors.types():
        parts += [f'## [source.NAME] with type = "{kind}"\n', table([*_SOURCE, *fields(connectors.settings_type(kind))])]
    for kind in targets.types():
        parts += [f'## [target.NAME] with type = "{kind}"\n', table([*_TARGET, *fields(targets.settings_type(kind))])]
    parts += ["## [sync.NAME]\n", table(_SYNC), "## [sync.NAME.guard]\n", guard(), "## [sync.NAME.departed.ROLE]\n", departed()]
    window = SUMMER.add_only[0]
    parts += [
        "## [sync.NAME.calendar]\n",
        table([("add_only", "list", f'`["{window[0][0]:02d}-{window[0][1]:02d}", "{window[1][0]:02d}-{window[1][1]:02d}"]`',
                "pairs of first day and the day after the last; nothing is taken away in between and clocks stand still; `[]` = none")]),
    ]  # fmt: skip
    return "\n".join(parts)


_SOURCE = [
    ("type", "text", "required", "the format, not the product"),
    ("mapping", "path", "required", "the mapping file"),
]
_TARGET = [
    ("type", "text", "required", "the format"),
    ("deliver", "flag", "`false`", "first contact only plans; true delivers"),
]
_SYNC = [
    ("from", "list", "required", "sources, in order of precedence where two give one value"),
    ("to", "list", "required", "targets"),
    ("roles", "path", "required", "the role model"),
    ("schedule", "text", "none", "when the daemon runs it (cron)"),
    ("zone", "text", "`Europe/Oslo`", "school dates are dates in this zone"),
    ("guardian_user", "`separate`, `same`", "`separate`", "whether a person who is staff or pupil has a user of her own as a guardian"),
    ("grants", "path", "none", "local list of school leaders and super users"),
    ("consents", "path", "none", "local list of grown-up pupils' consents"),
]


def fields(settings: type[Any] | None) -> list[tuple[str, str, str, str]]:
    """The keys of a settings dataclass."""
    assert settings is not None
    hints = typing.get_type_hints(settings)
    rows = []
    for one in dataclasses.fields(settings):
        default = "required" if one.default is dataclasses.MISSING else f"`{told(one.default)}`"
        rows.append((one.name, kind_of(hints[one.name]), default, str(one.metadata.get("help", ""))))
    return rows


def told(value: object) -> str:
    """A default as it is written in TOML."""
    if isinstance(value, timedelta):
        return f'"{int(value.total_seconds())}s"'
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "off"
    return '""' if value == "" else f'"{value}"' if isinstance(value, str) else "[]" if value == () else str(value)


def kind_of(hint: Any) -> str:
    """What a person writes for a type."""
    words = {str: "text", bool: "flag", int: "number", timedelta: "time span", Path: "path"}
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
        ("hold", "`class`, `all`", "`class`", "what is over its limit is held for that kind, action and school; or everything is"),
    ]
    rows += [(name, "limit", limit_text(limit), "") for name, limit in DEFAULT_LIMITS.items()]
    return table(rows)


def limit_text(limit: Limit) -> str:
    """A limit as it is written in TOML."""
    parts = [f"{name} = {value:g}" for name, value in (("share", limit.share), ("count", limit.count)) if value is not None]
    if limit.owner:
        parts.append(f"owner = {limit_text(limit.owner).strip('`')}")
    return "`{ " + ", ".join(parts) + " }`" if parts else "unlimited"


def departed() -> str:
    """The periods of departed users."""
    rows = [(f"{role}: suspend_after", "days", f'`"{policy.suspend_after}d"`', "") for role, policy in DEPARTED.items()]
    rows.append(("remove_after", "days", '`"off"`', "permanent removal, through its own approved plan"))
    return table(rows)


def transforms() -> str:
    """Every named transform of the mapping files."""
    rows = "\n".join(f"| `{name}` | {(transform.__doc__ or '').strip().splitlines()[0]} |" for name, transform in sorted(TRANSFORMS.items()))
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
