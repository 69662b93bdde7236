"""drift: what an LMS has that we did not write, what it lost and what others changed; repair it, or let it be."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click
import msgspec

from rostersync import logs
from rostersync.assembly import Parts
from rostersync.cli.keys import one_person
from rostersync.cli.shell import Shell, as_of, common, day, decides, waits
from rostersync.cli.show import steps, table
from rostersync.drift import MENDED
from rostersync.errors import Usage
from rostersync.model import What
from rostersync.reconciling import Looked, Looking, let_be, repair
from rostersync.report import CHANGES, DONE
from rostersync.store import Store
from rostersync.store.drifting import Drifted, Ignored

LetBe = Mapping[tuple[str, ...], Ignored]
"""What people let be, by the row of the finding."""
CALLS = 500
"""Calls to each LMS that is walked, when nobody says how many."""
_SHORTEST = 8
"""Digits of an id that are enough to name a finding."""


class _Sync(click.Group):
    """A group whose argument SYNC stands before its commands; without one of them, options may follow SYNC."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave what follows a command to that command."""
        ctx.allow_interspersed_args = not any(one in self.commands for one in args)
        return super().parse_args(ctx, args)


@click.group(cls=_Sync, invoke_without_command=True)
@click.argument("sync")
@click.option("--list", "listed", is_flag=True, help="Also list everything that differs, by our ids.")
@click.option("--last", is_flag=True, help="Show what was found last, and read no LMS.")
@click.option(
    "--calls",
    type=click.IntRange(0),
    default=CALLS,
    show_default=True,
    metavar="N",
    help="At most so many calls to each LMS that cannot list everything; the next look goes on from there.",
)
@click.option("--strangers", is_flag=True, help="Also go through the list of users of such an LMS.")
@click.option(
    "--foreign",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the LMS's keys of users who are not ours into a new private file, as `adopt --keys` reads them.",
)
@waits
@as_of
@common
@click.pass_context
def drift(
    context: click.Context, sync: str, listed: bool, last: bool, calls: int, strangers: bool, foreign: Path | None
) -> int:
    """Compare the LMSs of SYNC with what was delivered to them: what is not ours, what is lost, what others changed."""
    if context.invoked_subcommand:
        return DONE
    shell = context.ensure_object(Shell)
    if last and foreign:
        raise Usage(["--foreign needs to read the LMS: leave --last out"])
    parts = shell.parts(sync)
    with shell.store() as store:
        looked = [] if last else _look(shell, store, parts, calls, listing=strangers or foreign is not None)
        if foreign:
            _write_keys(foreign, (key for one in looked for key in one.strangers))
        found = store.drift.found(*(part.settings.name for part in parts.targets))
        ignored = let_be(store, shell.today(sync))
    if shell.json:
        shell.document(_document(sync, looked, found, ignored))
    else:
        _show(shell, sync, looked, found, ignored, listed=listed)
    return CHANGES if any(one.row not in ignored for one in found) else DONE


def _look(shell: Shell, store: Store, parts: Parts, calls: int, *, listing: bool) -> list[Looked]:
    with steps(shell) as progress:
        return Looking(store, shell.now(), calls, listing, progress).look(parts)


def _write_keys(path: Path, keys: Iterable[str]) -> None:
    with open(path, "x", encoding="utf-8", newline="", opener=_private) as out:
        rows = csv.writer(out)
        rows.writerow(("target_key", "key"))
        rows.writerows((key, "") for key in keys)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


# -- how it is shown --------------------------------------------------------------------------------------------------


def _show(
    shell: Shell,
    sync: str,
    looked: Iterable[Looked],
    found: Collection[Drifted],
    ignored: LetBe,
    *,
    listed: bool,
) -> None:
    for one in looked:
        shell.say(_told(shell, sync, one))
    counts = _counts(found, ignored)
    rows = [(*where, f"{counts[where]:,}") for where in sorted(counts)]
    table(["Target", "What", "Kind", "", ">Things"], rows, empty="Nothing differs from what was delivered.")
    if listed:
        shell.say("")
        each = [(*one.row, shell.local(one.since), *_decided(ignored.get(one.row))) for one in found]
        table(["Target", "Kind", "Our id", "What", "Differs in", "Since", "Let be until", "Reason"], each, empty="")
    shell.say("\n".join(_advice(sync, counts, listed=listed)))


def _decided(ignored: Ignored | None) -> tuple[str, str]:
    return (str(ignored.until), ignored.reason) if ignored else ("", "")


def _told(shell: Shell, sync: str, looked: Looked) -> str:
    name = looked.target
    if looked.silent:
        return (
            f"{name}: the LMS shows nothing at all. Either it cannot be read back, or it lost everything; nothing was "
            f"concluded. If it did: rostersync resync {sync} --all"
        )
    told = f"{name}: compared {looked.compared:,} of {looked.held:,} things"
    if looked.place is None:
        return f"{told}."
    if looked.place.object_kind:
        begun = shell.local(looked.place.begun_at)
        return f"{told}, in {looked.calls:,} calls. The next look goes on there; this round began {begun}."
    return f"{told}, in {looked.calls:,} calls. That ends a round: the next look begins anew."


def _counts(found: Iterable[Drifted], ignored: LetBe) -> Counter[tuple[str, ...]]:
    return Counter((one.target, one.what, one.object_kind, "let be" if one.row in ignored else "") for one in found)


def _advice(sync: str, counts: Iterable[tuple[str, ...]], *, listed: bool) -> Iterator[str]:
    standing = {what for _, what, _, let_be in counts if not let_be}
    if standing and not listed:
        yield f"Each of them: rostersync drift {sync} --last --list"
    if standing & set(MENDED):
        yield f"Send again what is lost or changed: rostersync drift {sync} repair --reason ..."
    if "foreign" in standing:
        yield f"Who is not ours is never touched. Take users over: rostersync adopt {sync}"
    if standing:
        yield f"Let one of them be: rostersync drift {sync} ignore KEY --until DATE --reason ..."


def _document(sync: str, looked: Iterable[Looked], found: Iterable[Drifted], ignored: LetBe) -> dict[str, Any]:
    """Our ids and the names of what differs; nobody is named, and no key of an LMS's own."""
    targets = [
        {"target": one.target, "compared": one.compared, "held": one.held, "calls": one.calls, "silent": one.silent}
        | ({"round": msgspec.to_builtins(one.place)} if one.place else {})
        for one in looked
    ]
    # what people write as a reason may name somebody by number or e-mail
    decided = [(until, logs.masked(reason)) for until, reason in (_decided(ignored.get(one.row)) for one in found)]
    drifted = [
        msgspec.to_builtins(one) | {"ignored_until": until or None, "because": reason}
        for one, (until, reason) in zip(found, decided, strict=True)
    ]
    return {"sync": sync, "targets": targets, "drift": drifted}


# -- what is done about it --------------------------------------------------------------------------------------------


@drift.command("repair")
@click.option("--what", "whats", type=click.Choice(MENDED), multiple=True, help="Only this; may be given again.")
@decides
def mend(shell: Shell, whats: tuple[What, ...], reason: str) -> int:
    """Mark what was last found lost or changed to be sent again: `plan` then shows it, and `sync` delivers it."""
    sync = _sync()
    parts, now = shell.parts(sync), shell.now()
    with shell.store() as store, store.begin():
        marked = repair(store, parts, whats or MENDED, shell.today(sync), now)
        if marked.marked:
            released = f", {marked.released} of them refused before" if marked.released else ""
            told = f"{marked.marked.total()} things{released}: {reason}"
            store.journal.write(now, shell.who, "drift repair", sync, told)
    tried = f"\n{marked.released:>7,} of them refused before, and tried again" if marked.released else ""
    left = "".join(f"\n{count:>7,} left alone: {why}" for why, count in sorted(marked.left.items()))
    going = f"Look at it: rostersync plan {sync}\nDeliver it: rostersync sync {sync}" if marked.marked else ""
    shell.answer(
        f"Marked to be sent again: {marked.marked.total():,} things.{tried}{left}\n{going}".rstrip(),
        {
            "sync": sync,
            "marked": [{"target": at, "kind": kind, "count": n} for (at, kind), n in sorted(marked.marked.items())],
            "released": marked.released,
            "left": dict(marked.left),
        },
    )
    return DONE


@drift.command()
@click.argument("key")
@click.option("--until", required=True, callback=day, metavar="DATE", help="The last day on which it is let be.")
@decides
def ignore(shell: Shell, key: str, until: date, reason: str) -> int:
    """Let be what was last found of KEY (an id from the list, or a person), until a date or until it is something else."""
    sync, now = _sync(), shell.now()
    if until < shell.today(sync):
        raise Usage([f"--until {until} has passed already; give today or a later date"])
    with shell.store() as store, store.begin():
        chosen = _chosen(store, shell.parts(sync), key)
        for one in chosen:
            store.drift.ignore(one, until, reason, shell.who, now)
            store.journal.write(now, shell.who, "drift ignore", one.id, reason)
    shell.answer(
        f"Let be until {until}: {len(chosen):,} of what was found. It is listed in `rostersync status`.",
        {"sync": sync, "ignored": [one.id for one in chosen], "until": until},
    )
    return DONE


def _sync() -> str:
    """The SYNC before the subcommand."""
    parent = click.get_current_context().parent
    return str(parent.params["sync"]) if parent else ""


def _chosen(store: Store, parts: Parts, key: str) -> list[Drifted]:
    """What was found of an id (or its first digits), or of all users of a person.

    Raises:
        Usage: nothing was.
    """
    targets = [part.settings.name for part in parts.targets]
    found = store.drift.found(*targets)
    ids = {one.id for one in found if len(key) >= _SHORTEST and one.id.startswith(key)}
    if len(ids) > 1:
        raise Usage([f"{len(ids)} ids in the list begin with {key}; give more of it"])
    if not ids:
        person = one_person(store, key)
        ids = {id_ for target in targets for id_ in store.known.for_persons(target, [person])}
    chosen = [one for one in found if one.id in ids]
    if not chosen:
        raise Usage([f"nothing was found of that: rostersync drift {parts.settings.name} --last --list"])
    return chosen


COMMANDS = (drift,)
