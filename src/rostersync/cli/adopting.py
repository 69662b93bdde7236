"""adopt: take over the users an LMS already has. A plan first; `apply` confirms it."""

from __future__ import annotations

from pathlib import Path

import click

from rostersync.adoption import adoption, confirm_adoption
from rostersync.assembly import Parts
from rostersync.cli.shell import Shell, as_of, common, pass_shell, waits
from rostersync.errors import Problem, UserMistake
from rostersync.report import CHANGES, DONE
from rostersync.store import Store
from rostersync.store.approvals import PlanRow

ADOPTION = "adoption"
REKEYED = "adoption with rekey"
"""What the digest of an adoption is for: taking users over, or also giving them our ids as keys."""


@click.command()
@click.argument("sync")
@click.option(
    "--keys",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A CSV file, target_key,key: whose each LMS user is.",
)
@click.option(
    "--rekey", is_flag=True, help="Also give each user our id as her key there; who knows the old key loses her."
)
@waits
@as_of
@common
@pass_shell
def adopt(shell: Shell, sync: str, keys: Path | None, rekey: bool) -> int:
    """Take over the users an LMS already has: show who would be matched, to be confirmed with `apply`."""
    parts = shell.parts(sync)
    with shell.store() as store:
        made = adoption(store, parts, shell.today(sync), _list(keys), keys.name if keys else "", rekey=rekey)
        if made.matched:
            where = str(keys.resolve()) if keys else ""
            purpose = REKEYED if rekey else ADOPTION
            store.approvals.remember_plan(made.digest, sync, purpose, "", shell.now(), where)
    shell.answer(made.to_text(), made.to_json())
    return CHANGES if made.matched else DONE


def confirm(shell: Shell, store: Store, parts: Parts, found: PlanRow) -> int:
    """Adopt what `adopt` showed; the list of keys is read again from where it was."""
    keys = Path(found.text) if found.text else None
    name = keys.name if keys else ""
    rekey = found.purpose == REKEYED
    taken = confirm_adoption(store, parts, shell.today(found.sync), found.digest, _list(keys), name, rekey=rekey)
    rekeyed = f", {taken.rekeyed} of them with our id as their key" if rekey else ""
    store.journal.write(shell.now(), shell.who, "adopt", found.digest, f"{taken.adopted} users taken over{rekeyed}")
    kept = "".join(f"\n{count:>7,} kept their key: {reason}" for reason, count in taken.kept.items())
    shell.answer(
        f"Took over {taken.adopted:,} users{rekeyed}. What would change now: rostersync plan {found.sync}{kept}",
        {"adopted": taken.adopted} | ({"rekeyed": taken.rekeyed, "kept": dict(taken.kept)} if rekey else {}),
    )
    return DONE


def _list(keys: Path | None) -> str | None:
    try:
        return keys.read_text(encoding="utf-8-sig") if keys else None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text; save it as CSV UTF-8"
        raise UserMistake([Problem(str(keys), f"cannot be read: {reason}")]) from None


COMMANDS = (adopt,)
