"""Which test shows what a connector does in which trouble: every fault of every double, and every kind of bad input.

The tables are read by people who ask what happens when; that each test is there, and that nothing is left out, is tried.
"""

from __future__ import annotations

import re

import pytest

from rostersync import connectors
from rostersync.lab.services import SERVICES
from rostersync.lab.serving import DIRECTORY, faults_of
from tests.conftest import ROOT

LINES = "scenarios/test_lines.py"
STORIES = {
    "everyday": "scenarios/test_isi.py",
    "visma": "scenarios/test_fint.py",
    "flyt": "scenarios/test_oneroster.py",
    "sits": "scenarios/test_sits.py",
    "feide_groups": "scenarios/test_feide_groups.py",
    "feide": "scenarios/test_feide.py",
}
"""Source of the lab -> where the stories of its faults are told."""

FAULT_STORIES = {
    "everyday": {
        "test_no_fault_departs_anybody_and_the_next_good_run_catches_up": "*",
        "test_what_only_takes_time_or_comes_packed_otherwise_is_read": "slow twice unpacked",
    },
    "visma": {
        "test_no_fault_of_the_server_takes_anything_from_anybody": (
            "401 403 404 429 500 503 hang cut html expired rotated empty shrunk duplicated"
        ),
        "test_what_only_makes_reading_harder_changes_nothing": "slow reordered repeated moving lost",
    },
    "flyt": {"test_no_fault_departs_anybody_and_the_next_good_run_catches_up": "*"},
    "sits": {
        "test_a_server_in_trouble_is_a_reason_and_no_departure": "401 403 404 429 500 503 hang cut html",
        "test_answers_with_less_in_them_make_nobody_depart": "empty shrunk",
        "test_the_same_rows_told_otherwise_change_nothing": "reordered duplicated braceless nulls",
    },
    "feide_groups": {
        "test_a_bad_night_ends_nothing_moves_nothing_and_the_next_good_one_catches_up": (
            "401 403 404 429 500 503 hang cut html empty"
        ),
        "test_what_only_comes_otherwise_changes_nothing": "reordered duplicated expired",
        "test_members_without_their_feide_names_end_nothing": "nameless",
        "test_half_of_all_members_gone_is_held_and_nobody_departs": "shrunk",
    },
    "feide": {"test_a_directory_that_is_down_costs_nobody_anything": "down"},
}
"""Source of the lab -> story -> the faults it is told with; `*` stands for all."""

OF_EVERY_LINE = {
    "tls": "test_a_certificate_that_cannot_be_believed_ends_it",
    "slow": "test_a_slow_source_is_waited_for",
    "hang": "test_a_source_that_hangs_is_left_in_time",
}
"""Faults whose story is told with every source over HTTPS."""

PIFU, FINT, ROSTER = "connectors/test_pifu_", "connectors/test_fint_", "connectors/test_oneroster_"
SITS, FEIDE, GROUPS, ISI = (
    "connectors/test_sits_",
    "connectors/test_feide_",
    "connectors/test_feide_groups.py",
    "connectors/test_isi.py",
)

BAD_INPUT: dict[str, dict[str, str]] = {
    "an empty answer with success": {
        "pifu": f"{PIFU}dropfolder.py::test_an_empty_file_is_refused_as_empty",
        "isi": f"{ISI}::test_an_empty_message_is_told_as_such",
        "fint": f"{FINT}whole.py::test_an_empty_cache_is_refused_and_says_which",
        "oneroster": f"{ROSTER}service.py::test_an_empty_service_gives_an_empty_snapshot_for_gate_1_to_refuse",
        "sits": f"{SITS}shapes.py::test_a_table_without_any_row_is_refused_until_somebody_releases_it",
        "feide": f"{FEIDE}trouble.py::test_an_empty_answer_is_a_whole_one_of_nobody_and_gate_one_judges_it",
        "feide_groups": f"{GROUPS}::test_an_empty_realm_gives_an_empty_snapshot_for_gate_1_to_refuse",
    },
    "a partial answer with success": {
        "pifu": f"{PIFU}proof.py::test_a_truncated_file_is_refused_at_every_byte",
        "isi": f"{ISI}::test_half_a_document_packed_well_is_refused_by_the_reader",
        "fint": f"{FINT}whole.py::test_what_no_answer_holds_is_never_taken_for_gone",
        "oneroster": f"{ROSTER}sets.py::test_a_file_that_is_cut_off_or_broken_refuses_the_set",
        "sits": f"{SITS}shapes.py::test_a_file_that_is_not_whole_is_refused_and_names_nobody",
        "feide": f"{FEIDE}trouble.py::test_a_size_limit_is_never_taken_for_the_end",
        "feide_groups": "scenarios/test_feide_groups.py::test_members_that_are_all_gone_are_not_believed",
    },
    "a page that is lost": {
        "pifu": "- a file has no pages",
        "isi": "- an export is one message",
        "fint": f"{FINT}whole.py::test_what_paging_loses_one_answer_with_everything_gives",
        "oneroster": f"{ROSTER}service.py::test_a_lost_page_is_never_taken_for_the_end",
        "sits": f"{SITS}shapes.py::test_files_of_different_nights_are_no_export",
        "feide": f"{FEIDE}trouble.py::test_a_line_that_breaks_is_begun_again_from_the_first_page",
        "feide_groups": f"{GROUPS}::test_a_page_that_promises_more_than_comes_is_followed_to_the_end",
    },
    "entries that are repeated": {
        "pifu": "scenarios/test_odd_rosters.py::test_a_person_described_twice_in_the_same_words_is_one_user",
        "isi": f"{ISI}::test_the_same_message_twice_is_one_export_where_it_is_the_same",
        "fint": f"{FINT}whole.py::test_repeated_entries_count_once",
        "oneroster": f"{ROSTER}service.py::test_a_service_that_lists_everything_twice_each_time_is_put_up_with",
        "sits": f"{SITS}mapper.py::test_neither_order_nor_repetition_of_rows_makes_a_difference",
        "feide": f"{FEIDE}entries.py::test_several_values_stand_in_one_order_whatever_the_servers",
        "feide_groups": f"{GROUPS}::test_order_and_repetition_mean_nothing",
    },
    "a foreign encoding": {
        "pifu": f"{PIFU}proof.py::test_declared_encodings_are_read_and_refused_when_truncated",
        "isi": f"{ISI}::test_what_is_no_answer_is_never_taken_for_one",
        "fint": f"{FINT}trouble.py::test_an_answer_that_is_none_is_refused",
        "oneroster": f"{ROSTER}service.py::test_what_is_not_utf_8_is_refused_and_never_guessed",
        "sits": f"{SITS}xet.py::test_every_encoding_that_is_declared_is_read",
        "feide": f"{FEIDE}entries.py::test_what_is_no_utf_8_is_left_out_and_counted",
        "feide_groups": f"{GROUPS}::test_what_is_no_list_of_entries_is_refused",
    },
    "ids with slashes and Norwegian letters": {
        "pifu": f"{PIFU}quirk_table.py::test_27_ids_with_letters_spaces_and_signs_are_the_same_wherever_they_stand",
        "isi": "- its documents are read as pifu's",
        "fint": f"{FINT}joining.py::test_ids_with_slashes_spaces_and_norwegian_letters_are_ids",
        "oneroster": f"{ROSTER}records.py::test_an_id_is_taken_as_it_is",
        "sits": f"{SITS}mapper.py::test_the_key_is_the_first_of_code_feide_ident_and_number",
        "feide": f"{FEIDE}entries.py::test_norwegian_letters_slashes_and_colons_come_through",
        "feide_groups": f"{GROUPS}::test_a_local_id_is_canonical_however_it_is_written",
    },
    "nulls where lists belong": {
        "pifu": "- XML knows no nulls; an element may be missing: " + f"{PIFU}groups.py",
        "isi": "- its documents are read as pifu's",
        "fint": f"{FINT}trouble.py::test_an_entry_with_odd_things_where_lists_and_texts_belong_costs_nobody_else",
        "oneroster": f"{ROSTER}records.py::test_a_null_or_nothing_where_a_list_belongs_is_no_list",
        "sits": f"{SITS}shapes.py::test_numbers_and_nulls_are_texts_and_nothing",
        "feide": f"{FEIDE}entries.py::test_blank_values_are_none",
        "feide_groups": f"{GROUPS}::test_a_member_with_odd_things_where_lists_belong_costs_nobody_else",
    },
    "dates without a zone, or that are none": {
        "pifu": f"{PIFU}settings.py::test_the_zone_says_when_a_document_without_one_was_made",
        "isi": "- its documents are read as pifu's",
        "fint": f"{FINT}trouble.py::test_a_date_without_zone_is_ours_and_one_that_is_none_is_left_for_the_mapping_to_reject",
        "oneroster": f"{ROSTER}records.py::test_a_moment_is_a_date_in_our_zone_and_what_is_neither_is_left_to_the_mapping",
        "sits": f"{SITS}shapes.py::test_dates_of_a_database_are_dates",
        "feide": f"{FEIDE}entries.py::test_a_group_value_in_no_known_form_is_told_and_makes_no_group",
        "feide_groups": f"{GROUPS}::test_a_date_that_is_none_is_left_for_the_mapping_to_reject",
    },
    "unknown enumeration values": {
        "pifu": f"{PIFU}groups.py::test_role_words_become_codes_and_unknown_ones_stay",
        "isi": "- its documents are read as pifu's",
        "fint": f"{FINT}trouble.py::test_a_category_that_is_not_there_is_no_full_time_pupil",
        "oneroster": f"{ROSTER}records.py::test_a_value_of_another_kind_than_the_standards_never_ends_a_run",
        "sits": "scenarios/test_sits.py::test_an_access_that_nobody_knows_gives_none_and_is_counted",
        "feide": f"{FEIDE}entries.py::test_an_unknown_type_of_group_is_told_and_harms_nobody",
        "feide_groups": f"{GROUPS}::test_a_kind_that_nobody_documents_is_logged_and_left_out",
    },
    "a 200 with HTML in it": {
        "pifu": f"{LINES}::test_a_web_server_in_trouble_takes_nothing_from_anybody",
        "isi": f"{ISI}::test_what_is_no_answer_is_never_taken_for_one",
        "fint": f"{FINT}trouble.py::test_a_fault_that_stays_ends_the_run_with_a_reason",
        "oneroster": f"{ROSTER}service.py::test_a_server_fault_is_told_in_a_sentence",
        "sits": f"{SITS}shapes.py::test_an_answer_that_is_no_list_of_rows_is_refused_and_names_nobody",
        "feide": "- LDAP has no HTML; what is no LDAP breaks the line: " + f"{FEIDE}trouble.py",
        "feide_groups": f"{GROUPS}::test_a_fault_is_told_in_a_sentence",
    },
    "a certificate that cannot be believed": {
        "feide": f"{FEIDE}trouble.py::test_a_certificate_that_has_expired_or_names_another_is_not_believed",
    },
    "a wrong password": {"feide": f"{FEIDE}trouble.py::test_a_wrong_password_is_tried_once_and_not_again"},
    "a source that hangs": {"feide": f"{FEIDE}trouble.py::test_a_server_that_hangs_is_not_waited_for_for_ever"},
}
"""Bad input -> type of source -> the test that shows what becomes of it, or `-` and why there can be none."""

ON_THE_LINE = {
    "a certificate that cannot be believed": f"{LINES}::test_a_certificate_that_cannot_be_believed_ends_it",
    "a wrong password": f"{LINES}::test_a_wrong_password_is_tried_once_and_no_more",
    "a source that hangs": f"{LINES}::test_a_source_that_hangs_is_left_in_time",
}
"""Bad input that is tried with every type of source over HTTPS in one story; LDAP has its own."""


def is_there(where: str) -> bool:
    """Whether a test of this name stands in its file."""
    file, _, name = where.partition("::")
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    return not name or re.search(rf"^def {name}\b", text, re.MULTILINE) is not None


def test_every_source_of_the_lab_is_in_the_table() -> None:
    sources = {one.name for one in SERVICES if one.type in connectors.types()}
    assert STORIES.keys() == FAULT_STORIES.keys() == sources | {DIRECTORY}


@pytest.mark.parametrize("source", STORIES)
def test_every_fault_of_every_double_has_a_story(source: str) -> None:
    faults, told = set(faults_of()[source]), set[str]()
    for story, words in FAULT_STORIES[source].items():
        assert is_there(f"{STORIES[source]}::{story}"), story
        told |= faults - OF_EVERY_LINE.keys() if words == "*" else set(words.split())
    for fault, story in OF_EVERY_LINE.items():
        assert is_there(f"{LINES}::{story}")
        told |= {fault} & faults
    assert told >= faults
    assert told - faults <= OF_EVERY_LINE.keys()


@pytest.mark.parametrize("trouble", BAD_INPUT)
def test_every_kind_of_bad_input_is_tried_with_every_connector(trouble: str) -> None:
    by_type = dict.fromkeys(connectors.types(), ON_THE_LINE[trouble]) if trouble in ON_THE_LINE else {}
    by_type |= BAD_INPUT[trouble]
    assert by_type.keys() == set(connectors.types())
    assert [where for where in by_type.values() if not where.startswith("- ") and not is_there(where)] == []
    assert all(len(where.split()) > 3 for where in by_type.values() if where.startswith("- ")), "a reason"
