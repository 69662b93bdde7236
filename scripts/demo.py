"""The main job on a synthetic municipality: day one in full, then day two, into OneRoster CSV; then all sources at once."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "demo"
FOUR = DEMO / "four"
LOG = DEMO / "log.jsonl"
COMMAND = [sys.executable, "-m", "rostersync"]
DAYS = ("2026-10-05", "2026-10-06")
REASON = re.compile(r" {4,}[\d,]+ x ")


def main() -> None:
    """Run the demo; a step that fails ends it with that step's own message."""
    shutil.rmtree(DEMO, ignore_errors=True)
    config = new_config()
    with served() as servers:  # they start while the first part runs
        two_days(str(config))
        all_sources(json.loads(document(servers)))
    say("\nLook around (from this folder):")
    say("  . .venv/bin/activate; export ROSTERSYNC_CONFIG=demo/rostersync.toml")
    say("  rostersync status        rostersync trash list        rostersync runs")
    say(f"  rostersync plan oslo --as-of {DAYS[1]} --html demo/plan.html")
    say("  demo/log.jsonl           what the runs logged")
    say("  rostersync lab serve demo/four        the servers again; --faults lists what they can do wrong")


def new_config() -> Path:
    """A config as `init` writes it, that delivers and may be told which day it is."""
    rostersync("init", str(DEMO), quiet=True)
    config = DEMO / "rostersync.toml"
    text = config.read_text(encoding="utf-8")
    text = text.replace("deliver = false", "deliver = true ").replace('max_age = "26h"', '# max_age = "26h"')
    config.write_text(text.replace("[state]", "[state]\nrehearsal = true"), encoding="utf-8")
    return config


def two_days(config: str) -> None:
    """One school system, day by day, until an LMS could import it."""
    say("A municipality of nobody: 2 schools, made up from a seed.")
    for day, on in enumerate(DAYS, 1):
        rostersync("lab", "generate", str(DEMO / "lab"), "--size", "S", "--day", str(day), quiet=True)
        shutil.copy(DEMO / "lab" / f"export-day{day}.xml", DEMO / "in" / f"export-day{day}.xml")
        age(DEMO / "in" / f"export-day{day}.xml")
        say(f"\nDay {day}: the school system's export lands in demo/in/.   $ rostersync sync oslo --as-of {on}")
        print_report(rostersync("-c", config, "sync", "oslo", "--as-of", on))
    say(f"\nWhat the LMS would now import, demo/out/oneroster.zip: {contents(DEMO / 'out' / 'oneroster.zip')}")


def all_sources(served: dict[str, Any]) -> None:
    """One plan over everything that `lab serve` offers, and what is known of somebody whom several sources describe."""
    on, who, config = served["date"], served["person"], str(FOUR / "rostersync.toml")
    names = ", ".join(one["source"] for one in served["servers"])
    say(f"\nA bigger municipality, {served['schools']} schools, behind real servers (rostersync lab serve): {names}.")
    for missing in served["missing"]:
        say(missing)
    say(f"One plan over them all.   $ rostersync plan oslo --as-of {on}")
    print_report(rostersync("-c", config, "plan", "oslo", "--as-of", on))
    say(f"\nSomebody whom most of them describe, and which gave what.   $ rostersync person {who}")
    card = rostersync("-c", config, "person", who, "--as-of", on)
    say(card[: card.index("\nGroups")].partition("\n\n")[2].rstrip())


def print_report(text: str) -> None:
    """A run's report without the counts of what it left out, which would fill a screen, and without its last lines."""
    lines = text.rstrip().splitlines()
    say("\n".join(line for line in lines[1:] if not REASON.match(line)).strip("\n"))


@contextmanager
def served() -> Iterator[subprocess.Popen[str]]:
    """All services of the municipality, from here to the end of the block."""
    command = [*COMMAND, "--json", "lab", "serve", str(FOUR)]
    with LOG.open("a", encoding="utf-8") as log:
        servers = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8")  # noqa: S603
    try:
        yield servers
    finally:
        servers.terminate()
        servers.communicate(timeout=20)


def document(servers: subprocess.Popen[str]) -> str:
    """The one JSON document that tells that all of them are there."""
    lines = []
    for line in servers.stdout or ():
        lines.append(line)
        if line == "}\n":
            return "".join(lines)
    sys.exit(f"rostersync lab serve has ended; {LOG.name} in {DEMO} tells why")


def rostersync(*arguments: str, quiet: bool = False) -> str:
    """What one command says; exit codes 2 to 4 (something to do, held, in part) are no failures here.

    What it logs is kept in demo/log.jsonl, as a service's journal would.
    """
    command = [*COMMAND, *(["--quiet"] if quiet else []), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8")  # noqa: S603 - ours
    events = [line for line in done.stderr.splitlines() if line.startswith("{")]
    if DEMO.is_dir():
        with LOG.open("a", encoding="utf-8") as log:
            log.writelines(f"{event}\n" for event in events)
    if done.returncode not in (0, 2, 3, 4):
        sys.stderr.writelines(f"{line}\n" for line in done.stderr.splitlines() if line not in events)
        sys.exit(done.returncode)
    return done.stdout


def age(path: Path) -> None:
    """Make a file look settled: a younger one would be waited for."""
    then = path.stat().st_mtime - 60
    os.utime(path, (then, then))


def contents(path: Path) -> str:
    """The set in one line."""
    with zipfile.ZipFile(path) as bundle:
        rows = {name: list(csv.DictReader(io.TextIOWrapper(bundle.open(name), "utf-8"))) for name in bundle.namelist()}
    roles = Counter(row["role"] for row in rows["users.csv"])
    users = ", ".join(f"{count:,} {role}s" for role, count in sorted(roles.items()))
    return f"{users}; {len(rows['classes.csv']):,} classes, {len(rows['enrollments.csv']):,} enrolments."


def say(text: str) -> None:
    """Print now, so that lines keep their order with those of the commands."""
    print(text, flush=True)  # noqa: T201 - a script that speaks to a person


if __name__ == "__main__":
    main()
