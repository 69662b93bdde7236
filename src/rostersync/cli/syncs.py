"""plan, sync, apply, approve, resync and adopt: what changes an LMS, and what lets it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from rostersync import run as runs
from rostersync.adoption import adoption, confirm_adoption
from rostersync.assembly import Parts
from rostersync.cli.keys import one_person
from rostersync.cli.shell import Shell, as_of, common, pass_shell, reason_option, written
from rostersync.cli.show import steps
from rostersync.errors import Problem, Usage, UserMistake
from rostersync.page import to_html
from rostersync.report import CHANGES, DONE, HELD, PARTLY, RunReport, to_json, to_text
from rostersync.resyncing import resync as send_again
from rostersync.resyncing import scope_of
from rostersync.store import Store
from rostersync.store.approvals import PlanRow

APPROVAL_LASTS = timedelta(days=7)
_WAIT = click.option("--wait", default="0s", metavar="TIME", help="How long to wait for another run to end, such as 60s.")
_FULL = click.option("--full", is_flag=True, help="Read and compare everything, not only what changed.")


def seconds(text: str) -> float:
    """"60s" or "5m" as seconds."""
    units = {"s": 1, "m": 60}
    if text[-1:] in units and text[:-1].isdigit():
        return int(text[:-1]) * units[text[-1]]
    raise Usage([f'--wait {text}: write a time such as 60s or 5m'])


@click.command()
@click.argument("sync")
@_FULL
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Also write the plan as one HTML page.")
@_WAIT
@as_of
@common
@pass_shell
def plan(shell: Shell, sync: str, full: bool, page: Path | None, wait: str) -> int:
    """Read the sources of SYNC and show what would change; write nothing to any LMS."""
    report = _run(shell, sync, runs.Order("plan", full=full), wait)
    if page:
        page.write_text(to_html(report), encoding="utf-8")
        shell.say(f"\n  As a page: {written(page)}")
    return report.code


@click.command()
@click.argument("sync")
@_FULL
@click.option("--new-site", is_flag=True, help="Deliver into an LMS that holds users rostersync did not create; they are replaced.")
@_WAIT
@as_of
@common
@pass_shell
def sync(shell: Shell, sync: str, full: bool, new_site: bool, wait: str) -> int:
    """Plan SYNC, hold what is over its limit, and deliver what is cleared."""
    return _run(shell, sync, runs.Order("sync", full=full, new_site=new_site), wait).code


def _run(shell: Shell, sync: str, order: runs.Order, wait: str) -> RunReport:
    parts = shell.parts(sync)
    with shell.store(seconds(wait)) as store, steps(shell) as progress:
        report = runs.start(store, parts, order, shell.now(), progress)
    if shell.json:
        shell.document(to_json(report))
    else:
        shell.say(to_text(report))
    return report


@click.command()
@click.argument("digest")
@reason_option
@as_of
@common
@pass_shell
def approve(shell: Shell, digest: str, reason: str) -> int:
    """Release a held entry, a whole plan or a removal by its DIGEST (8 digits or more). Void when the plan changes."""
    with shell.store() as store:
        found = store.approvals.find_plan(digest)
        now = shell.now()
        with store.begin():
            store.approvals.approve(found.digest, found.sync, reason, shell.who, now, now + APPROVAL_LASTS)
            store.journal.write(now, shell.who, f"approve {found.purpose}", found.digest, reason)
    shell.say(f"Approved for 7 days: {found.text or found.purpose}.\nDeliver it now: rostersync apply {found.digest[:12]}")
    if shell.json:
        shell.document({"approved": found.digest, "purpose": found.purpose, "sync": found.sync})
    return DONE


@click.command()
@click.argument("digest")
@as_of
@common
@pass_shell
def apply(shell: Shell, digest: str) -> int:
    """Deliver the plan that DIGEST belongs to, if it is still the plan today; no source is read."""
    with shell.store() as store:
        found = store.approvals.find_plan(digest)
        parts = shell.parts(found.sync)
        if found.purpose == "adoption":
            return _confirm(shell, store, parts, found)
        with steps(shell) as progress:
            report = runs.start(store, parts, runs.Order("apply", expected=found.digest), shell.now(), progress)
    moved = not report.delivered and found.digest not in (report.digest, *(entry.digest for entry in report.entries))
    if shell.json:
        shell.document(to_json(report) | {"moved": moved})
    elif moved:
        shell.say(f"The world has moved: this is no longer the plan. Look again: rostersync plan {found.sync}")
    else:
        shell.say(to_text(report))
    return HELD if moved else report.code


@click.command()
@click.argument("sync")
@click.option("--person", metavar="KEY", help="Everything about one person; - asks for the key.")
@click.option("--group", metavar="KEY", help="One group and its members.")
@click.option("--school", metavar="ORGNR", help="One school, its groups and its people.")
@click.option("--all", "everything", is_flag=True, help="Everything.")
@as_of
@common
@pass_shell
def resync(shell: Shell, sync: str, person: str | None, group: str | None, school: str | None, everything: bool) -> int:
    """Deliver again what is already known, to mend an LMS that lost it. Reads no source and changes no plan."""
    if sum(map(bool, (person, group, school, everything))) != 1:
        raise Usage(["say what to send again: one of --person KEY, --group KEY, --school ORGNR, --all"])
    parts = shell.parts(sync)
    with shell.store() as store, steps(shell) as progress:
        typed = one_person(store, person) if person else ""
        sent = send_again(store, parts, scope_of(store, parts, person=typed, group=group or "", school=school or ""), progress)
        store.journal.write(shell.now(), shell.who, "resync", sync, "asked for at the command line")
    if shell.json:
        shell.document({"sync": sync, "sent": sent.delivered, "failed": sent.failed})
    shell.say(f"Sent again: {sent.delivered:,} objects; {sent.failed:,} failed.")
    return PARTLY if sent.failed else DONE


@click.command()
@click.argument("sync")
@click.option("--keys", type=click.Path(path_type=Path, dir_okay=False), help="A CSV file, target_key,key: whose each LMS user is.")
@as_of
@common
@pass_shell
def adopt(shell: Shell, sync: str, keys: Path | None) -> int:
    """Take over the users an LMS already has: show who would be matched, to be confirmed with `apply`."""
    parts = shell.parts(sync)
    with shell.store() as store:
        made = adoption(store, parts, shell.today(sync), _list(keys), keys.name if keys else "")
        with store.begin():
            where = str(keys.resolve()) if keys else ""
            store.approvals.remember_plan(made.digest, sync, "adoption", "", shell.now(), where)
    if shell.json:
        shell.document(made.to_json())
    shell.say(made.to_text())
    return CHANGES if made.matched else DONE


def _list(keys: Path | None) -> str | None:
    try:
        return keys.read_text(encoding="utf-8-sig") if keys else None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text; save it as CSV UTF-8"
        raise UserMistake([Problem(str(keys), f"cannot be read: {reason}")]) from None


def _confirm(shell: Shell, store: Store, parts: Parts, found: PlanRow) -> int:
    """Adopt what `adopt` showed; the list of keys is read again from where it was."""
    keys = Path(found.text) if found.text else None
    sync = parts.settings.name
    taken = confirm_adoption(store, parts, shell.today(sync), found.digest, _list(keys), keys.name if keys else "")
    store.journal.write(shell.now(), shell.who, "adopt", found.digest, f"{taken} users taken over")
    shell.say(f"Took over {taken:,} users. What would change now: rostersync plan {sync}")
    if shell.json:
        shell.document({"adopted": taken})
    return DONE


COMMANDS = (plan, sync, approve, apply, resync, adopt)
