"""plan, sync, apply, approve and resync: what changes an LMS, and what lets it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from rostersync import run as runs
from rostersync.cli.adopting import ADOPTION, REKEYED, confirm
from rostersync.cli.keys import one_person, typed_key
from rostersync.cli.shell import Shell, as_of, common, pass_shell, reason_option, waits, written
from rostersync.cli.show import steps
from rostersync.errors import Usage
from rostersync.page import to_html
from rostersync.report import DONE, HELD, RunReport, to_json, to_text
from rostersync.resyncing import resync as send_again
from rostersync.resyncing import scope_of

APPROVAL_LASTS = timedelta(days=7)
_FULL = click.option("--full", is_flag=True, help="Read and compare everything, not only what changed.")


@click.command()
@click.argument("sync")
@_FULL
@click.option(
    "--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Also write the plan as one HTML page."
)
@waits
@as_of
@common
@pass_shell
def plan(shell: Shell, sync: str, full: bool, page: Path | None) -> int:
    """Read the sources of SYNC and show what would change; write nothing to any LMS."""
    report = _run(shell, sync, runs.Order("plan", full=full))
    text = to_text(report)
    if page:
        page.write_text(to_html(report), encoding="utf-8")
        text += f"\n\n  As a page: {written(page)}"
    shell.answer(text, to_json(report))
    return report.code


@click.command()
@click.argument("sync")
@_FULL
@click.option(
    "--new-site", is_flag=True, help="Deliver into an LMS with users that rostersync did not create; they are replaced."
)
@waits
@as_of
@common
@pass_shell
def sync(shell: Shell, sync: str, full: bool, new_site: bool) -> int:
    """Plan SYNC, hold what is over its limit, and deliver what is cleared."""
    report = _run(shell, sync, runs.Order("sync", full=full, new_site=new_site))
    shell.answer(to_text(report), to_json(report))
    return report.code


def _run(shell: Shell, sync: str, order: runs.Order) -> RunReport:
    parts = shell.parts(sync)
    with shell.store() as store, steps(shell) as progress:
        if order.new_site:
            store.journal.write(shell.now(), shell.who, "sync --new-site", sync, "what the LMS holds may be replaced")
        return runs.start(store, parts, order, shell.now(), progress)


@click.command()
@click.argument("digest")
@reason_option
@waits
@as_of
@common
@pass_shell
def approve(shell: Shell, digest: str, reason: str) -> int:
    """Release a held entry, a whole plan or a removal by its DIGEST (8 digits or more). Void when the plan changes."""
    with shell.store() as store:
        found = store.approvals.find_plan(digest)
        if found.purpose in (ADOPTION, REKEYED):
            raise Usage([f"an adoption needs no approval: rostersync apply {found.digest[:12]}"])
        now = shell.now()
        with store.begin():
            store.approvals.approve(found.digest, found.sync, reason, shell.who, now, now + APPROVAL_LASTS)
            store.journal.write(now, shell.who, f"approve {found.purpose}", found.digest, reason)
    shell.answer(
        f"Approved for 7 days: {found.text}.\nDeliver it now: rostersync apply {found.digest[:12]}",
        {"approved": found.digest, "purpose": found.purpose, "sync": found.sync, "expires": now + APPROVAL_LASTS},
    )
    return DONE


@click.command()
@click.argument("digest")
@waits
@as_of
@common
@pass_shell
def apply(shell: Shell, digest: str) -> int:
    """Deliver the plan that DIGEST belongs to, if it is still the plan today; no source is read."""
    with shell.store() as store:
        found = store.approvals.find_plan(digest)
        parts = shell.parts(found.sync)
        if found.purpose in (ADOPTION, REKEYED):
            return confirm(shell, store, parts, found)
        store.journal.write(
            shell.now(), shell.who, f"apply {found.purpose}", found.digest, "asked for at the command line"
        )
        with steps(shell) as progress:
            report = runs.start(store, parts, runs.Order("apply", expected=found.digest), shell.now(), progress)
        # every run remembers the digests of its plan: a plan that has moved is still remembered from an earlier run
        moved = store.approvals.find_plan(found.digest).run != report.run
    text = f"Nothing was delivered: this is no longer the plan. Look again: rostersync plan {found.sync}"
    shell.answer(text if moved else to_text(report), to_json(report) | {"moved": moved})
    return HELD if moved else report.code


@click.command()
@click.argument("sync")
@click.option("--person", metavar="KEY", help="Everything about one person; - asks for the key.")
@click.option("--group", metavar="KEY", help="One group and its members; - asks for the key.")
@click.option("--school", metavar="ORGNR", help="One school, its groups and its people.")
@click.option("--all", "everything", is_flag=True, help="Everything.")
@waits
@as_of
@common
@pass_shell
def resync(shell: Shell, sync: str, person: str | None, group: str | None, school: str | None, everything: bool) -> int:
    """Deliver again what is already known, to mend an LMS that lost it. Reads no source and changes no plan."""
    if sum(map(bool, (person, group, school, everything))) != 1:
        raise Usage(["say what to send again: one of --person KEY, --group KEY, --school ORGNR, --all"])
    parts = shell.parts(sync)
    with shell.store() as store:
        scope = scope_of(
            store,
            parts,
            person=one_person(store, person) if person else "",
            group=typed_key(group, "Key of the group") if group else "",
            school=school or "",
        )
        store.journal.write(shell.now(), shell.who, f"resync {scope.kind}", scope.id or sync, f"sync {sync}")
        with steps(shell) as progress:
            sent = send_again(store, parts, scope, progress)
    shell.answer(sent.to_text(), sent.to_json(sync, scope))
    return sent.code


COMMANDS = (plan, sync, approve, apply, resync)
