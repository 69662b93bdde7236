"""Every command is found where the table of commands says it lives."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from rostersync import cli


def test_the_table_of_commands_names_exactly_the_commands_there_are() -> None:
    found = {
        command.name: room.name
        for room in iter_modules(cli.__path__)
        for command in getattr(import_module(f"{cli.__name__}.{room.name}"), "COMMANDS", ())
    }
    assert found == dict(cli._ROOMS)
