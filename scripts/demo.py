"""The main job on a synthetic municipality: two days into OneRoster CSV; itslearning's trash, and back; all sources."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rostersync.lab.doubles.itslearning import ItslearningDouble, Site
from rostersync.lab.doubles.server import Server

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "demo"
TOWN = DEMO / "town"
FOUR = DEMO / "four"
LOG = DEMO / "log.jsonl"
COMMAND = [sys.executable, "-m", "rostersync"]
DAYS = ("2026-10-05", "2026-10-06")
PASSWORD = "a pass phrase of the demo, of no use anywhere else"  # noqa: S105 - no secret of anybody
ITSLEARNING = """\
type = "itslearning"
url = "{}"
user = "rostersync"
password = {{ file = "itslearning.secret" }}
root = "lysvik"
"""
STORY = (
    ("2026-10-05", True, "Day 1: it is empty, and everybody arrives."),
    ("2026-10-06", False, "Day 2: Kari Lund is not in the export. She departs, and has 30 days: nothing is done yet."),
    ("2026-11-05", False, "Day 32: her days are over. She is put into the trash, with nothing of hers lost."),
    ("2026-11-06", True, "Day 33: the school lists her again. She is taken out of the trash, as the same user."),
)
"""What happens in a small town: on which day, whether Kari is in its export, and what that means."""
REASON = re.compile(r" {4,}[\d,]+ x ")


def main() -> None:
    """Run the demo; a step that fails ends it with that step's own message."""
    shutil.rmtree(DEMO, ignore_errors=True)
    config = new_config()
    with served() as servers:  # they start while the first part runs
        two_days(str(config))
        trash_and_back(TOWN)
        all_sources(json.loads(document(servers)))
    say("\nLook around (from this folder):")
    say("  . .venv/bin/activate; export ROSTERSYNC_CONFIG=demo/rostersync.toml")
    say("  rostersync status        rostersync trash list        rostersync runs")
    say(f"  rostersync plan oslo --as-of {DAYS[1]} --html demo/plan.html")
    say("  demo/log.jsonl           what the runs logged")
    say("  rostersync lab serve demo/four        the servers again, an LMS too; --faults lists what they can do wrong")


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


def trash_and_back(town: Path) -> None:
    """A town of seven, in a folder of its own, into a double of itslearning: somebody leaves, and comes back."""
    site = Site("lysvik")
    say("\nA town of seven, into itslearning: a double of it, spoken to over HTTP as the real one is.")
    with Server(ItslearningDouble(site, password=PASSWORD)) as server:
        config = town_config(town, server.url)
        for on, everybody, line in STORY:
            export(town / "in" / "export.xml", on, everybody=everybody)
            say(f"\n{line}\n$ rostersync sync town --as-of {on}")
            rostersync("-c", str(config), "sync", "town", "--as-of", on)
            say(f"  {held(site)}")


def town_config(town: Path, url: str) -> Path:
    """The small town of the examples, with itslearning as its LMS."""
    shutil.copytree(ROOT / "examples" / "small-town", town)
    for name, text in (("itslearning.secret", PASSWORD), ("state.secret", secrets.token_urlsafe(48))):
        (town / name).touch(mode=0o600)
        (town / name).write_text(text, encoding="ascii")
    config = town / "rostersync.toml"
    text = config.read_text(encoding="utf-8").replace(
        'type = "oneroster_csv"\ndirectory = "out"\n', ITSLEARNING.format(url)
    )
    config.write_text(
        text.replace('{ env = "ROSTERSYNC_EXAMPLE_SECRET" }', '{ file = "state.secret" }'), encoding="utf-8"
    )
    return config


def export(path: Path, on: str, *, everybody: bool) -> None:
    """The town's export of a day, with or without Kari."""
    text = (ROOT / "examples" / "small-town" / "in" / "export.xml").read_text(encoding="utf-8")
    text = text.replace("<datetime>2026-10-05T", f"<datetime>{on}T")
    if not everybody:
        kari = "<sourcedid><source>ist@lysvik.example</source><id>kari</id></sourcedid>"
        text = re.sub(f"<person>{kari}.*?</person>|<member>{kari}.*?</member>", "", text)
    path.write_text(text, encoding="utf-8")
    age(path)


def held(site: Site) -> str:
    """What the double holds."""
    active = site.active().values()
    links = sum(len(one.children) for one in active)
    trash = [f"{one.first} {one.last}" for one in site.persons.values() if one.trashed]
    again = ", each made once" if set(site.created.values()) == {1} else ""
    return (
        f"itslearning holds {len(active)} users{again}, {len(site.memberships)} memberships, {links} guardian links; "
        f"in its trash: {', '.join(trash) or 'nobody'}"
    )


def all_sources(served: dict[str, Any]) -> None:
    """One plan over everything that `lab serve` offers, and what is known of somebody whom several sources describe."""
    on, who, config = served["date"], served["person"], str(FOUR / "rostersync.toml")
    names = ", ".join(one.get("source") or one["target"] for one in served["servers"])
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
        servers = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8")  # noqa: S603 - our own command
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
