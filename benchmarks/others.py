"""The importers beside us, each of which reads the first day's export twice into a database of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks import with_dlt
from benchmarks.databases import Database, Missing
from benchmarks.exports import Exports
from benchmarks.measure import Ended, measured, python


class Importer:
    """One of them, in a folder."""

    def __init__(self, folder: Path, exports: Exports, database: Database) -> None:
        self._folder, self._exports, self._database = folder, exports, database
        self.export = folder / "export.xml"

    def prepare(self, name: str) -> None:
        """Begin anew for the first load.

        Raises:
            Missing: it is not installed.
        """
        who, _, which = name.partition("-")
        if who == "dlt" and not with_dlt.installed():
            raise Missing(with_dlt.INSTALL)
        if which == "first":
            shutil.rmtree(self._folder, ignore_errors=True)
            self._database.create(who)
        self._exports.place("day1", self.export)

    def run(self, name: str) -> Ended:
        """Measure one load."""
        return measured(self._command(name.partition("-")[0]), server=self._database.cpu)

    def _command(self, who: str) -> list[str]:
        url = self._database.url(who)
        in_file = url.startswith("sqlite:")
        if who == "dlt":
            return python("benchmarks.with_dlt", self.export, self._folder, *([] if in_file else [url]))
        here = f"sqlite:///{self._folder}/naive.db" if in_file else url.replace("postgresql:", "postgresql+psycopg:")
        return python("benchmarks.naive", self.export, here)
