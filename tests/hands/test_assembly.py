"""From the config to working parts: every mistake at once, and what makes everybody be looked at again."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from rostersync import run, targets
from rostersync.assembly import Parts, assemble
from rostersync.errors import Usage, UserMistake
from rostersync.mapping import parse_roles
from rostersync.report import SourceReport
from rostersync.targets.moodle import Settings as MoodleSettings
from tests.conftest import ROOT
from tests.scenarios.town import AUTUMN, SOURCE, Town

ROLES, MAPPING = ROOT / "mappings" / "roles" / "oslo.yaml", ROOT / "mappings" / "ist-everyday.yaml"
GRANT = f"""\
version: 1
grants:
  - {{person: {SOURCE}/eva, role: school_leader, school: "974589230", reason: decided, to: 2027-06-30}}
"""
CONSENT = f"""\
version: 1
consents:
  - {{pupil: {SOURCE}/ola, reason: she said yes, to: 2027-06-30}}
"""


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A config whose role model lies beside it."""
    town = Town(tmp_path)
    (tmp_path / "roles.yaml").write_text(ROLES.read_text(encoding="utf-8"), encoding="utf-8")
    text = town.config.read_text()
    town.config.write_text(text.replace(str(ROLES), "roles.yaml"))
    return town


def parts(town: Town) -> Parts:
    """The parts as the config and its files stand now."""
    return assemble(town.settings(), "oslo")


def write(town: Town, name: str, text: str) -> None:
    (town.home / name).write_text(text, encoding="utf-8")


def configure(town: Town, old: str, new: str) -> None:
    text = town.config.read_text()
    assert old in text
    town.config.write_text(text.replace(old, new))


def taken_in_again(town: Town) -> SourceReport:
    """The source of a run with the config as it stands now."""
    store = town.store()
    try:
        now = datetime.combine(AUTUMN, time(4, 30), UTC)
        return run.start(store, parts(town), run.Order("sync"), now, lambda *_: None).sources[0]
    finally:
        store.close()


def problems(town: Town) -> list[str]:
    with pytest.raises(UserMistake) as mistake:
        parts(town)
    return [str(problem) for problem in mistake.value.problems]


# -- what is put together -------------------------------------------------------------------------------------------


def test_the_parts_of_a_sync_are_those_its_config_names(town: Town) -> None:
    made = parts(town)
    assert (made.settings.name, made.source_names) == ("oslo", ("everyday",))
    assert made.target("lms") is made.targets[0]
    assert made.rules.guardian_user == "separate"
    assert (made.grants, made.consents) == ((), ())


def test_sources_stand_in_the_order_of_precedence_that_the_config_gives(town: Town) -> None:
    text = town.config.read_text()
    source = text[text.index("[source.everyday]") : text.index("[target.lms]")]
    town.config.write_text(
        text.replace("[target.lms]", source.replace("everyday]", "visma]") + "[target.lms]").replace(
            'from = ["everyday"]', 'from = ["visma", "everyday"]'
        )
    )
    first = parts(town)
    assert first.source_names == ("visma", "everyday")
    configure(town, '["visma", "everyday"]', '["everyday", "visma"]')
    assert parts(town).digest != first.digest, "another precedence can change anybody"


def test_a_sync_that_is_not_there_is_answered_with_those_that_are(town: Town) -> None:
    with pytest.raises(Usage, match=r"rostersync.toml has no \[sync.bergen\]; its syncs are: oslo"):
        assemble(town.settings(), "bergen")


# -- mistakes -------------------------------------------------------------------------------------------------------


def test_the_mistakes_of_every_file_come_at_once(town: Town) -> None:
    write(town, "mapping.yaml", "version: 1\nnonsense: 3\n")
    write(town, "grants.yaml", "version: 1\ngrants: 3\n")
    write(town, "consents.yaml", CONSENT.replace("to: 2027-06-30", "to: tomorrow"))
    configure(town, str(MAPPING), "mapping.yaml")
    configure(town, "roles =", 'grants = "grants.yaml"\nconsents = "consents.yaml"\nroles =')
    told = problems(town)
    assert {line.split(":")[0] for line in told} == {"mapping.yaml", "grants.yaml", "consents.yaml"}
    assert all(line.split(":")[1].isdigit() for line in told), "each with its line"


def test_a_broken_role_model_still_lets_the_lists_be_checked(town: Town) -> None:
    write(town, "roles.yaml", "version: 2\n")
    write(town, "grants.yaml", "version: 1\ngrants: 3\n")
    configure(town, "roles =", 'grants = "grants.yaml"\nroles =')
    assert {line.split(":")[0] for line in problems(town)} == {"roles.yaml", "grants.yaml"}


@pytest.mark.parametrize(
    ("name", "key"), [("roles.yaml", ""), ("grants.yaml", "grants"), ("consents.yaml", "consents")]
)
def test_a_file_that_is_not_there_is_named_with_its_path(town: Town, name: str, key: str) -> None:
    if key:
        configure(town, "roles =", f'{key} = "{name}"\nroles =')
    (town.home / name).unlink(missing_ok=True)
    assert problems(town) == [f"{town.home}/{name}: cannot be read: No such file or directory"]


def test_a_file_that_is_no_text_is_said_to_be_none(town: Town) -> None:
    (town.home / "roles.yaml").write_bytes("# skolens nøkkel\n".encode("utf-16"))
    assert problems(town) == [f"{town.home}/roles.yaml: cannot be read: it is not UTF-8 text"]


def test_a_mapping_extends_a_file_that_lies_beside_it_and_changes_with_it(town: Town) -> None:
    folder = town.home / "mappings"
    folder.mkdir()
    base = folder / "base.yaml"
    (folder / "ours.yaml").write_text("version: 1\nname: ours\nextends: base.yaml\n", encoding="utf-8")
    configure(town, str(MAPPING), "mappings/ours.yaml")
    assert problems(town) == [f"ours.yaml:3: extends: {base}: cannot be read: No such file or directory"]
    base.write_text(MAPPING.read_text(encoding="utf-8"), encoding="utf-8")
    before = parts(town).sources[0].versions
    base.write_text(MAPPING.read_text(encoding="utf-8") + "# by hand\n", encoding="utf-8")
    assert parts(town).sources[0].versions != before


# -- what makes everybody be looked at again ------------------------------------------------------------------------

RULES = [
    ("roles =", 'guardian_user = "same"\nroles ='),
    ("roles =", 'calendar = { add_only = ["06-20", "08-10"] }\nroles ='),
    ("roles =", 'departed = { pupil = { suspend_after = "10d" } }\nroles ='),
    ("roles =", 'departed = { staff = { remove_after = "400d" } }\nroles ='),
]


@pytest.mark.parametrize(("old", "new"), RULES, ids=["one user", "another summer", "another clock", "removals"])
def test_another_rule_of_the_sync_is_another_digest(town: Town, old: str, new: str) -> None:
    before = parts(town).digest
    configure(town, old, new)
    assert parts(town).digest != before


def test_another_role_model_grant_or_consent_is_another_digest(town: Town) -> None:
    digests = [parts(town).digest]
    configure(town, "roles =", 'grants = "grants.yaml"\nconsents = "consents.yaml"\nroles =')
    write(town, "consents.yaml", "version: 1\nconsents: []\n")
    for text in (GRANT, GRANT.replace("2027-06-30", "2027-06-29"), GRANT.replace("eva", "mor")):
        write(town, "grants.yaml", text)
        digests.append(parts(town).digest)
    write(town, "consents.yaml", CONSENT)
    digests.append(parts(town).digest)
    roles = (town.home / "roles.yaml").read_text(encoding="utf-8")
    write(town, "roles.yaml", roles.replace("Alle elever", "Elevene"))
    digests.append(parts(town).digest)
    assert len(set(digests)) == len(digests)


NO_RULES = [
    ("deliver = true", "deliver = false"),
    ("roles =", 'schedule = "30 4 * * *"\nroles ='),
    ("roles =", "guard = { floor = 7, person.depart = { count = 3 } }\nroles ="),
    ('settle = "0s"', 'settle = "20s"'),
]


@pytest.mark.parametrize(("old", "new"), NO_RULES, ids=["deliver", "schedule", "limits", "settle"])
def test_what_changes_nobodys_user_leaves_the_digest_alone(town: Town, old: str, new: str) -> None:
    before = parts(town).digest
    configure(town, old, new)
    assert parts(town).digest == before


def test_the_digest_is_the_same_in_every_process(town: Town, tmp_path: Path) -> None:
    assert parts(town).digest == parts(town).digest
    assert assemble(Town(tmp_path / "other").settings(), "oslo").digest == parts(town).digest


# -- what makes a source be read again ------------------------------------------------------------------------------


def test_another_mapping_reads_a_file_again_and_the_same_mapping_elsewhere_does_not(town: Town) -> None:
    (town.home / "mine.yaml").write_text(MAPPING.read_text(encoding="utf-8"), encoding="utf-8")
    configure(town, str(MAPPING), "mine.yaml")
    before = parts(town).sources[0].versions
    assert parts(town).sources[0].versions == before
    text = (town.home / "mine.yaml").read_text(encoding="utf-8")
    write(town, "mine.yaml", text.replace("inactive in the school system", "switched off there"))
    assert parts(town).sources[0].versions != before


def test_a_setting_that_decides_what_is_read_reads_the_file_again(town: Town) -> None:
    town.sync(AUTUMN)
    assert taken_in_again(town).repeat
    configure(town, "guardians = true", "guardians = false")
    report = taken_in_again(town)
    assert not report.repeat
    assert report.skipped == 0


def test_a_file_moved_to_another_folder_is_still_the_same_file(town: Town) -> None:
    town.sync(AUTUMN)
    town.export_path.parent.rename(town.home / "elsewhere")
    configure(town, 'files = "in/', 'files = "elsewhere/')
    assert taken_in_again(town).repeat


def test_another_role_model_alone_reads_no_file_again(town: Town) -> None:
    before = parts(town).sources[0].versions
    roles = (town.home / "roles.yaml").read_text(encoding="utf-8")
    write(town, "roles.yaml", roles.replace("Alle elever", "Elevene"))
    assert parts(town).sources[0].versions == before


# -- what targets are told by the role model ----------------------------------------------------------------------------


MOODLE = """\
[target.school]
type = "moodle"
url = "https://moodle.example.no"
token = { env = "UNREAD" }
"""


def moodle(town: Town, *lines: str) -> MoodleSettings:
    """The settings of a Moodle beside the town's own target."""
    text = town.config.read_text().replace('to = ["lms"]', 'to = ["lms", "school"]')
    town.config.write_text(text.replace("[sync.oslo]", MOODLE + "\n".join(lines) + "\n[sync.oslo]", 1))
    part = parts(town).target("school")
    part.target.close()
    assert isinstance(part.settings.settings, MoodleSettings)
    return part.settings.settings


def in_roles(town: Town, old: str, new: str) -> None:
    text = (town.home / "roles.yaml").read_text(encoding="utf-8")
    assert old in text
    write(town, "roles.yaml", text.replace(old, new))


def test_the_role_model_says_what_roles_and_groups_are_at_a_target(town: Town) -> None:
    in_roles(town, "      staff: 3\n", "      staff: 4\n")
    in_roles(town, "      mentor_group: course\n", "      mentor_group: [course, cohort]\n")
    told = moodle(town)
    assert (told.pupil_role, told.staff_role) == (5, 4)
    assert [kinds.count("mentor_group") for kinds in (told.courses, told.cohorts)] == [1, 1]


def test_what_the_config_says_of_one_target_counts_even_if_it_is_the_default(town: Town) -> None:
    in_roles(town, "      staff: 3\n", "      staff: 4\n")
    told = moodle(town, "staff_role = 3", 'cohorts = ["all_pupils"]')
    assert (told.staff_role, told.cohorts) == (3, ("all_pupils",))


def test_words_that_cannot_be_are_told_with_their_line(town: Town) -> None:
    in_roles(town, "      pupil: Learner\n", "      pupil: Lerner\n")
    with pytest.raises(UserMistake, match=r'roles.yaml:\d+: itslearning: roles: pupil: unknown word "Lerner"'):
        parts(town)


def test_oslos_words_are_those_that_stand_when_nothing_is_said() -> None:
    wordings = {kind: targets.wordings(kind) for kind in targets.types()}
    told = parse_roles(ROLES.read_text(encoding="utf-8"), "oslo.yaml", wordings).targets
    assert told.keys() == {"itslearning", "moodle", "ims_enterprise", "canvas", "oneroster_csv"}
    for kind, tables in told.items():
        usual = {one.name: one.default for one in fields(targets.settings_type(kind) or object)}
        words = targets.worded(kind, tables)
        assert {key: word for key, word in words.items() if word != usual[key]}.keys() <= {"groups"}, kind
    assert len(targets.worded("oneroster_csv", told["oneroster_csv"])["groups"]) == 7  # all, as when it is left empty
