"""What is told of a file that an office brings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.imports import (
    FINDINGS_TOLD_MAX,
    Finding,
    ImportChange,
    Imported,
    ImportRefused,
    require_no_fault,
)

FAULT = Finding("code_repeated", "Row 7 has this code as well.", line=9, column="编码", key="E0406")
WARNING = Finding("name_missing", "There is no English name.", line=4, is_warning=True)

findings = st.builds(
    Finding,
    code=st.sampled_from(["a", "b"]),
    detail=st.text(min_size=1, max_size=20),
    line=st.none() | st.integers(1, 10_000),
    sheet=st.none() | st.text(min_size=1, max_size=10),
    column=st.none() | st.text(min_size=1, max_size=10),
    key=st.none() | st.text(min_size=1, max_size=10),
    is_warning=st.booleans(),
)


def test_a_finding_tells_where_it_is_as_far_as_that_can_be_said() -> None:
    assert FAULT.as_json() == {
        "pointer": "/9/编码",
        "code": "code_repeated",
        "detail": "Row 7 has this code as well.",
        "line": 9,
        "column": "编码",
        "key": "E0406",
    }


def test_what_concerns_the_whole_file_points_nowhere() -> None:
    told = Finding("too_large", "The archive unpacks to 2 GB.").as_json()
    assert told == {"pointer": "", "code": "too_large", "detail": "The archive unpacks to 2 GB."}


@given(findings)
def test_a_pointer_leads_back_to_sheet_line_and_column(finding: Finding) -> None:
    pointer = finding.as_json()["pointer"]
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    parts = (finding.sheet, finding.line, finding.column)
    assert steps == [str(part) for part in parts if part is not None]


def test_one_fault_is_the_sentence_itself() -> None:
    refused = ImportRefused([WARNING, FAULT])
    assert refused.detail == "Row 7 has this code as well. (line 9)"
    assert refused.facts == {"errors": [FAULT.as_json()], "wrong": 1}
    assert refused.findings == (WARNING, FAULT)


def test_of_several_faults_the_first_is_told_and_how_many_there_are() -> None:
    whole = Finding("crs_unknown", "The file names no coordinate system.")
    refused = ImportRefused([whole, FAULT])
    assert refused.detail == "2 things are wrong; the first: The file names no coordinate system."
    assert refused.facts["wrong"] == 2


def test_a_file_that_is_wrong_everywhere_is_told_in_part_and_counted_whole() -> None:
    many = [Finding("code_wrong", "No code.", line=line) for line in range(1, FINDINGS_TOLD_MAX + 101)]
    facts = ImportRefused(many).facts
    assert facts["errors"] == [one.as_json() for one in many[:FINDINGS_TOLD_MAX]]
    assert facts["wrong"] == FINDINGS_TOLD_MAX + 100


@given(st.lists(findings, max_size=8))
def test_only_a_fault_keeps_a_file_from_being_taken(found: list[Finding]) -> None:
    imported = Imported(ImportChange(), found)
    assert sorted(map(repr, imported.faults + imported.warnings)) == sorted(map(repr, found))
    if imported.faults:
        with pytest.raises(ImportRefused) as refused:
            require_no_fault(found)
        assert refused.value.facts["wrong"] == len(imported.faults)
        assert refused.value.detail.count(imported.faults[0].detail)
    else:
        require_no_fault(found)
