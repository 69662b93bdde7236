"""rostersync as a user runs it: `sync` and `plan`, PIFU-IMS into OneRoster CSV, each row from the same loaded state."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.databases import Database
from benchmarks.exports import NEXT, ON, Exports
from benchmarks.measure import Ended, measured, python

_STATE, _LOADED = "current", "loaded"
_ENDED_WELL = (0, 2, 3)  # done, `plan` found something to do, something is held


class Step(NamedTuple):
    """What one row does: which export is there, what is done, and the date it is done as of."""

    export: str
    command: tuple[str, ...]
    on: str = ON


STEPS = {
    "first": Step("day1", ("sync", "oslo")),
    "again": Step("again", ("sync", "oslo")),
    "reordered": Step("reordered", ("sync", "oslo")),
    "next-plan": Step("day2", ("plan", "oslo"), NEXT),
    "next": Step("day2", ("sync", "oslo"), NEXT),
    "scattered": Step("scattered", ("plan", "oslo")),
    "mapping": Step("again", ("sync", "oslo")),
    "full": Step("again", ("sync", "oslo", "--full")),
}


class Deployment:
    """A config, its mappings and its state in a folder. The state after the first load is kept, for every other row."""

    def __init__(self, folder: Path, exports: Exports, database: Database) -> None:
        self._folder, self._exports, self._database = folder, exports, database
        self.home, self._kept = folder / "home", folder / _LOADED
        self.export = self.home / "in" / "export.xml"
        if not database.lasts:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def is_loaded(self) -> bool:
        """Whether a state after a first load is there, from this run or, in SQLite, from one before it."""
        return self._kept.exists()

    def prepare(self, name: str) -> None:
        """Bring everything to where it stands just before a row is measured."""
        shutil.rmtree(self.home, ignore_errors=True)
        if name == "first":
            self._begin()
        else:
            shutil.copytree(self._kept, self.home)
            self._database.create(_STATE, like=_LOADED)
        if name == "mapping":
            self._edit_mapping()
        self._exports.place(STEPS[name].export, self.export)

    def run(self, name: str) -> Ended:
        """Measure one row; the first load is kept."""
        step = STEPS[name]
        config = ("--config", self.home / "rostersync.toml", "--json")
        command = python("rostersync", *step.command, *config, "--as-of", step.on)
        ended = measured(command, _ENDED_WELL, self._database.cpu)
        if name == "first":
            self._keep()
        return ended

    def _begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(python("rostersync", "--quiet", "init", self.home), check=True)
        config = self.home / "rostersync.toml"
        text = config.read_text(encoding="utf-8").replace("deliver = false", "deliver = true")
        text = text.replace("max_age", "# max_age").replace("[state]", "[state]\nrehearsal = true")
        config.write_text(text.replace("sqlite:///state.db", self._database.url(_STATE)), encoding="utf-8")
        self._database.create(_STATE)

    def _keep(self) -> None:
        self.export.unlink()
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self.home, self._kept)
        self._database.create(_LOADED, like=_STATE)

    def _edit_mapping(self) -> None:
        """A remark is an edit too: what the new text gives is only known when everything has been read with it."""
        with (self.home / "mappings" / "ist-everyday.yaml").open("a", encoding="utf-8") as mapping:
            mapping.write("# edited\n")


def changes(printed: bytes) -> int:
    """How many changes a run's own report counts."""
    report: dict[str, Any] = msgspec.json.decode(printed)
    return sum(count for actions in report["changes"].values() for count in actions.values())
