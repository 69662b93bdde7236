"""Every mistake one can make in rostersync.toml, and the sentence it gets."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync import connectors
from rostersync.config import DEPARTED, SUMMER, Settings, load, locate
from rostersync.errors import Usage, UserMistake
from rostersync.limits import DEFAULT_LIMITS, Limit
from rostersync.schoolyear import Calendar, DepartedPolicy

TYPES = ", ".join(connectors.types())
"""The source types there are, as a message lists them."""

WHOLE = """\
version = 1
[state]
url = "sqlite:///state.db"
secret = { file = "state.secret" }

[source.everyday]
type = "pifu"
mapping = "mappings/ist-everyday.yaml"
files = "in/*.xml"

[target.lms]
type = "oneroster_csv"
directory = "out"

[sync.oslo]
from = ["everyday"]
to = ["lms"]
roles = "mappings/roles/oslo.yaml"
"""

CONTRACT = """\
version = 1
[state]
url = "sqlite:////var/lib/rostersync/state.db"        # sqlite:///state.db is beside the config
secret = { credential = "state-secret" }
rehearsal = false                                     # true allows --as-of

[source.everyday]
type = "pifu"
mapping = "mappings/ist-everyday.yaml"
files = "/srv/pifu/in/*.xml"
max_age = "26h"
settle = "10s"
after = "keep"

[target.lms]
type = "oneroster_csv"
directory = "/srv/oneroster/out"
deliver = true

[sync.oslo]
from = ["everyday"]

to = ["lms"]
roles = "mappings/roles/oslo.yaml"
schedule = "30 4 * * *"
zone = "Europe/Oslo"
guardian_user = "separate"
grants = "grants.yaml"
consents = "consents.yaml"

[sync.oslo.guard]
floor = 5
hold = "class"
person.depart = { share = 0.05, count = 100, owner = { share = 0.02, count = 500 } }
membership.end = { share = 0.20, count = 5000 }
rejected = { share = 0.01, count = 50 }

[sync.oslo.departed.pupil]
suspend_after = "30d"
remove_after = "off"

[sync.oslo.calendar]
add_only = ["06-15", "09-01"]
"""


def read(folder: Path, text: str) -> Settings:
    path = folder / "rostersync.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(UserMistake) as mistake:
        read(folder, text)
    return [str(problem) for problem in mistake.value.problems]


# -- what is right --------------------------------------------------------------------------------------------------


def test_every_key_of_the_contract_is_understood(tmp_path: Path) -> None:
    settings = read(tmp_path, CONTRACT)
    sync = settings.sync("oslo")
    assert (settings.state.url, settings.state.rehearsal) == ("sqlite:////var/lib/rostersync/state.db", False)
    assert (settings.state.secret.kind, settings.state.secret.name) == ("credential", "state-secret")
    everyday = settings.sources["everyday"]
    assert everyday.mapping == tmp_path / "mappings" / "ist-everyday.yaml"
    assert (everyday.settings.files, everyday.settings.max_age) == ("/srv/pifu/in/*.xml", timedelta(hours=26))
    assert (everyday.settings.settle, everyday.settings.after) == (timedelta(seconds=10), "keep")
    assert settings.targets["lms"].deliver
    assert settings.targets["lms"].settings.directory == Path("/srv/oneroster/out")
    assert (sync.sources, sync.targets, sync.zone.key) == (("everyday",), ("lms",), "Europe/Oslo")
    assert (sync.schedule, sync.guardian_user) == ("30 4 * * *", "separate")
    assert (sync.grants, sync.consents) == (tmp_path / "grants.yaml", tmp_path / "consents.yaml")
    assert (sync.guard.floor, sync.guard.hold) == (5, "class")
    assert sync.guard.limits["person.depart"] == Limit(100, 0.05, Limit(500, 0.02))
    assert sync.departed["pupil"] == DepartedPolicy(suspend_after=30, remove_after=None)
    assert sync.calendar == SUMMER


def test_whatever_is_left_out_has_a_safe_default(tmp_path: Path) -> None:
    settings = read(tmp_path, WHOLE)
    sync = settings.sync("oslo")
    assert not settings.targets["lms"].deliver, "first contact only plans"
    assert not settings.state.rehearsal
    assert dict(sync.departed) == dict(DEPARTED)
    assert all(policy.remove_after is None for policy in sync.departed.values()), "nobody is removed for good"
    assert dict(sync.guard.limits) == dict(DEFAULT_LIMITS)
    assert sync.calendar == SUMMER
    assert (sync.grants, sync.consents, sync.zone.key) == (None, None, "Europe/Oslo")


def test_relative_paths_and_patterns_begin_at_the_config(tmp_path: Path) -> None:
    settings = read(tmp_path, WHOLE)
    assert settings.sources["everyday"].settings.files == f"{tmp_path}/in/*.xml"
    assert settings.targets["lms"].settings.directory == tmp_path / "out"
    assert settings.state.secret.name == f"{tmp_path}/state.secret"


def test_a_limit_replaces_its_default_and_leaves_the_others(tmp_path: Path) -> None:
    guard = (
        read(tmp_path, WHOLE + "[sync.oslo.guard]\nperson.depart = { count = 3 }\nhold = 'all'\n").sync("oslo").guard
    )
    assert guard.limits["person.depart"] == Limit(count=3)
    assert guard.limits["person.suspend"] == DEFAULT_LIMITS["person.suspend"]
    assert guard.hold == "all"


def test_an_owner_may_have_no_summer_other_periods_or_removal_at_once(tmp_path: Path) -> None:
    more = """\
[sync.oslo.calendar]
add_only = []
[sync.oslo.departed.staff]
suspend_after = "0d"
remove_after = "365d"
"""
    sync = read(tmp_path, WHOLE + more).sync("oslo")
    assert sync.calendar == Calendar()
    assert sync.departed["staff"] == DepartedPolicy(suspend_after=0, remove_after=365)
    assert sync.departed["pupil"] == DEPARTED["pupil"]


# -- what is wrong --------------------------------------------------------------------------------------------------

WRONG = [
    ("version = 1", "version = 2", '1: the config must say "version = 1"; this rostersync knows no other version'),
    ("version = 1\n", "", '1: the config must say "version = 1"; this rostersync knows no other version'),
    (
        "sqlite:///state.db",
        "mysql://x",
        (
            '3: "url" mysql is not supported; write for example sqlite:///state.db or '
            "postgresql://rostersync@db.example.no/rostersync"
        ),
    ),
    (
        "sqlite:///state.db",
        "postgresql://rostersync:hunter2@db/state",
        (
            '3: "url" holds a password, which logs and process lists would show; keep it in a file of its own and write '
            'password = { credential = "NAME" } or { file = "PATH" } under [state], or use libpq\'s passfile'
        ),
    ),
    ("[state]", '[state]\nschema = "oslo"', '3: "schema" is for a state in PostgreSQL; with SQLite, leave it out'),
    (
        'secret = { file = "state.secret" }',
        'secret = "in the clear"',
        (
            '4: "secret" must say where the secret is kept, never the secret itself: '
            '{ credential = "NAME" }, { file = "PATH" } or { env = "VARIABLE" }'
        ),
    ),
    ("[state]", "[state]\nrehersal = true", '3: unknown key "rehersal" in [state] (did you mean "rehearsal"?)'),
    ("[state]", '[state]\nrehearsal = "yes"', '3: "rehearsal" must be true or false, without quotes'),
    ('"pifu"', '"pifo"', f'7: unknown source type "pifo"; there is: {TYPES} (did you mean "pifu"?)'),
    ('"pifu"', '"kolibri"', f'7: unknown source type "kolibri"; there is: {TYPES}'),
    ('type = "pifu"\n', "", '6: "type" is missing in [source.everyday]'),
    (
        '"oneroster_csv"',
        '"oneroster"',
        '12: unknown target type "oneroster"; there is: canvas, ims_enterprise, itslearning, memory, moodle, oneroster_csv (did you mean "oneroster_csv"?)',
    ),
    ('files = "in/*.xml"', 'file = "in/*.xml"', '9: unknown key "file" in [source.everyday] (did you mean "files"?)'),
    ("files =", "max_age = 26\nfiles =", '9: "max_age" must be a time span such as "10s", "15m", "26h" or "30d"'),
    ("files =", 'after = "move"\nfiles =', '9: "after" must be "keep" or "delete"'),
    ("files =", "guardians = 1\nfiles =", '9: "guardians" must be true or false, without quotes'),
    ('directory = "out"\n', "", '11: "directory" is missing in [target.lms]'),
    ('directory = "out"', 'directory = true', '13: "directory" must be a text in quotes'),
    ('directory = "out"', 'directory = "out"\nlayout = "tar"', '14: "layout" must be "zip" or "directory"'),
    ('["everyday"]', '["evryday"]', '16: there is no [source.evryday] (did you mean "everyday"?)'),
    ('["everyday"]', '"everyday"', '16: "from" must be a list of texts, such as ["one", "two"]'),
    ('["everyday"]', "[]", '16: "from" names no source'),
    ('["lms"]', '["itslearning"]', "17: there is no [target.itslearning]"),
    ('roles = "mappings/roles/oslo.yaml"\n', "", '15: "roles" is missing in [sync.oslo]'),
    ("[sync.oslo]", "[syncs.oslo]", '15: unknown key "syncs" (did you mean "sync"?)'),
    ("to = [", 'zone = "Oslo"\nto = [', '17: "Oslo" is no time zone; use a name such as "Europe/Oslo"'),
    ("to = [", 'guardian_user = "one"\nto = [', '17: "guardian_user" must be "separate" or "same"'),
    ("[target.lms]", "[target]\nlms = 3\n[target.moodle]", '12: "lms" must be a table'),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "sentence"), WRONG, ids=lambda text: text[:30])
def test_a_mistake_is_told_with_its_line_and_the_nearest_right_word(
    tmp_path: Path, right: str, wrong: str, sentence: str
) -> None:
    assert right in WHOLE
    assert f"rostersync.toml:{sentence}" in problems(tmp_path, WHOLE.replace(right, wrong, 1))


WRONG_IN_SYNC = [
    ("[sync.oslo.guard]\nflor = 5", 'unknown key "flor" in [sync.oslo.guard] (did you mean "floor"?)'),
    ("[sync.oslo.guard]\nfloor = -1", '"floor" must be a whole number, 0 or more'),
    ("[sync.oslo.guard]\nhold = 'some'", '"hold" must be "class" or "all"'),
    ("[sync.oslo.guard]\nperson.leave = { count = 1 }", 'there is no limit "person.leave" (did you mean "person.release"?)'),
    ("[sync.oslo.guard]\npersn.depart = { count = 1 }", 'unknown key "persn" in [sync.oslo.guard] (did you mean "person"?)'),
    ("[sync.oslo.guard]\nperson.depart = 5", '"depart" must be a table'),
    ("[sync.oslo.guard]\nrejected = { share = 2 }", '"share" must be a share between 0 and 1, such as 0.05 for 5 %'),
    ("[sync.oslo.guard]\nrejected = { most = 2 }", 'unknown key "most" in [sync.oslo.guard.rejected]'),
    (
        "[sync.oslo.guard]\nperson.depart = { owner = { shares = 0.1 } }",
        'unknown key "shares" in [sync.oslo.guard.person.depart.owner] (did you mean "share"?)',
    ),
    ("[sync.oslo.departed.pupils]\nsuspend_after = '30d'", 'there is no departed role "pupils" (did you mean "pupil"?)'),
    (
        "[sync.oslo.departed.pupil]\nsuspend_after = 'off'",
        '"suspend_after" cannot be off: write whole days, such as "30d" ("0d" = at once)',
    ),
    ("[sync.oslo.departed.pupil]\nremove_after = '36h'", '"remove_after" must be whole days, such as "30d"'),
    ("[sync.oslo.departed.pupil]\nremove_afer = '36d'", 'unknown key "remove_afer" in [sync.oslo.departed.pupil] (did you mean "remove_after"?)'),
    ("[sync.oslo.calendar]\nadd_only = ['06-15']", '"add_only" takes pairs of a first day and the day after a last one; [] = none'),
    ("[sync.oslo.calendar]\nadd_only = ['15.06', '09-01']", '"15.06" is no day of the year; write MM-DD, such as "06-15"'),
    ("[sync.oslo.calendar]\nall_year = ['everyday', 'sits']", '"sits" is no source of this sync'),
    ("[sync.oslo.calendar]\nadd_onli = []", 'unknown key "add_onli" in [sync.oslo.calendar] (did you mean "add_only"?)'),
]  # fmt: skip


@pytest.mark.parametrize(("more", "sentence"), WRONG_IN_SYNC, ids=lambda text: text.splitlines()[-1][:40])
def test_a_mistake_in_the_rules_of_a_sync_is_told_too(tmp_path: Path, more: str, sentence: str) -> None:
    line = len((WHOLE + more).splitlines())
    found = problems(tmp_path, WHOLE + more + "\n")
    assert [re.sub(r":\d+:", ":", problem, count=1) for problem in found] == [f"rostersync.toml: {sentence}"]
    assert found[0].startswith((f"rostersync.toml:{line}: ", f"rostersync.toml:{line - 1}: "))


def test_all_mistakes_come_at_once_and_in_file_order(tmp_path: Path) -> None:
    text = (
        WHOLE.replace("[state]", "[state]\nrehersal = true").replace('"pifu"', '"pifo"').replace('["lms"]', '["lsm"]')
    )
    assert problems(tmp_path, "typo = 1\n" + text) == [
        'rostersync.toml:1: unknown key "typo"',
        'rostersync.toml:4: unknown key "rehersal" in [state] (did you mean "rehearsal"?)',
        f'rostersync.toml:9: unknown source type "pifo"; there is: {TYPES} (did you mean "pifu"?)',
        'rostersync.toml:19: there is no [target.lsm] (did you mean "lms"?)',
    ]


def test_an_empty_config_says_everything_that_is_missing(tmp_path: Path) -> None:
    told = " ".join(problems(tmp_path, ""))
    assert all(part in told for part in ("version = 1", "[state] is missing", "no [sync.NAME]"))


def test_a_file_that_is_no_toml_says_where(tmp_path: Path) -> None:
    assert problems(tmp_path, "version = 1\n[state\n") == [
        "rostersync.toml:2: not valid TOML: Expected ']' at the end of a table declaration"
    ]
    assert problems(tmp_path, 'version = 1\nurl = """open\n')[0].startswith("rostersync.toml:2: not valid TOML: ")


def test_a_config_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(UserMistake, match=re.escape(f"{path}: there is no such config; make one: rostersync init DIR")):
        load(path)


def test_a_config_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes("# på norsk".encode("latin-1"))
    with pytest.raises(UserMistake, match="cannot read the config: it is not UTF-8 text"):
        load(tmp_path / "latin.toml")
    with pytest.raises(UserMistake, match="cannot read the config: Is a directory"):
        load(tmp_path)


def test_a_config_is_looked_for_beside_the_user_when_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserMistake, match="name one with -c FILE, or make one: rostersync init DIR"):
        locate(None)
    (tmp_path / "rostersync.toml").write_text(WHOLE)
    assert locate(None) == Path("rostersync.toml")
    assert locate("other.toml") == Path("other.toml")


def test_a_sync_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(Usage, match=re.escape("rostersync.toml has no [sync.bergen]; its syncs are: oslo")):
        read(tmp_path, WHOLE).sync("bergen")


# -- secrets --------------------------------------------------------------------------------------------------------


def secret_problem(settings: Settings) -> str:
    with pytest.raises(UserMistake) as mistake:
        settings.state.secret.read()
    return str(mistake.value)


def test_a_secret_is_read_from_where_the_config_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(tmp_path, WHOLE)
    place = tmp_path / "state.secret"
    place.write_text("the text\n")
    place.chmod(0o600)
    assert settings.state.secret.read() == "the text"
    monkeypatch.setenv("STATE_SECRET", "another")
    assert replace(settings.state.secret, kind="env", name="STATE_SECRET").read() == "another"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert replace(settings.state.secret, kind="credential", name="state.secret").read() == "the text"


def test_a_secret_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    settings = read(tmp_path, WHOLE)
    place = tmp_path / "state.secret"
    place.write_text("the text\n")
    place.chmod(0o644)
    assert secret_problem(settings) == (
        f"rostersync.toml:4: {place} may be read by everybody on this machine; run: chmod 600 {place}"
    )


def test_a_secret_that_is_missing_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(tmp_path, WHOLE)
    assert secret_problem(settings) == (
        f"rostersync.toml:4: the secret in {tmp_path}/state.secret cannot be read: No such file or directory"
    )
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    elsewhere = replace(
        settings, state=replace(settings.state, secret=replace(settings.state.secret, kind="env", name="NO_SUCH"))
    )
    assert secret_problem(elsewhere) == "rostersync.toml:4: the environment variable NO_SUCH is not set"
    unit = replace(
        settings, state=replace(settings.state, secret=replace(settings.state.secret, kind="credential", name="x"))
    )
    assert "LoadCredential=x:FILE" in secret_problem(unit)
    assert 'run by hand, use { file = "..." }' in secret_problem(unit)


FEIDE = """
[source.feide]
type = "feide"
mapping = "mappings/feide.yaml"
url = "ldaps://ldap.example.no"
bind_dn = "cn=rostersync,ou=services,dc=example,dc=no"
password = { credential = "feide-bind" }
"""


def test_a_new_user_waits_for_a_login_where_a_directory_gives_them_unless_the_config_says_otherwise(
    tmp_path: Path,
) -> None:
    text = WHOLE.replace('from = ["everyday"]', 'from = ["everyday", "feide"]')
    assert read(tmp_path, WHOLE).syncs["oslo"].login_wait == 0
    assert read(tmp_path, text + FEIDE).syncs["oslo"].login_wait == 3
    assert read(tmp_path, text.replace("from = ", 'login_wait = "off"\nfrom = ') + FEIDE).syncs["oslo"].login_wait == 0


def test_a_source_of_type_feide_only_adds_unless_the_config_says_otherwise(tmp_path: Path) -> None:
    text = WHOLE.replace('from = ["everyday"]', 'from = ["everyday", "feide"]')
    assert not read(tmp_path, text + FEIDE).sources["feide"].departs
    assert read(tmp_path, text + FEIDE + "departs = true\n").sources["feide"].departs
    assert read(tmp_path, text + FEIDE).sources["everyday"].departs


def test_a_sync_of_sources_that_only_add_would_have_nobody(tmp_path: Path) -> None:
    text = WHOLE.replace('from = ["everyday"]', 'from = ["feide"]') + FEIDE
    with pytest.raises(UserMistake, match='"from" names only sources that add to what others say'):
        read(tmp_path, text)
    assert read(tmp_path, text + "departs = true\n").syncs["oslo"].sources == ("feide",)
