"""Compounding: what slipped through is traced to what let it through, and becomes lines that stand where they count."""

import shlex
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import event, prompt, snapshot

from coordinator.errors import Refused, UsageError
from coordinator.formats.alignment import ALIGNMENT_START, add_steering, add_summary
from coordinator.formats.frontmatter import Frontmatter, parse
from coordinator.formats.learnings import read_learnings
from coordinator.lazy.dataclass import replace
from coordinator.model.compounding import (
    Compounding,
    Guides,
    Part,
    Proposal,
    SlipKind,
    _is_command,
    _is_safe_first,
    lesson,
    paths_of,
)
from coordinator.model.plan import ALIGNMENT
from coordinator.model.prompt import Prompt, PromptStatus, PromptType
from coordinator.services.compounding import LEARNED, Take, compounding, plan_compounding

LEARNINGS, SUITE, FLOW = ".coord/learnings.md", ".coord/suites/unit.md", ".coord/flows/EXECUTION.md"
UNIT = b"---\ncommand: make unit\ntimeout: 60\n---\nWhat it is for.\n"
GUIDES = Guides(
    LEARNINGS,
    files={LEARNINGS: b"# Learnings\n\n- Use the fake clock. [tags: time]\n", SUITE: UNIT, FLOW: None},
    flows={"executor": FLOW},
    shipped={"executor": b"# Execution\n\nDo it.\n"},
    suites={"unit": SUITE},
    commands={"unit": "make unit"},
    known=frozenset({"use the fake clock."}),
    told={"executor": "# Execution\n\nDo it.\n"},
)


def done(number: int, **values: Any) -> Prompt:
    body = b"## Tasks\n\n- do it\n\n## Acceptance Criteria\n\n- it is done\n- twice\n"
    return replace(prompt(number, status=PromptStatus.DONE, source=body), **values)


def patch_of(number: int, fixed: int, words: str, **values: Any) -> Prompt:
    body = f"## What Went Wrong\n\nseen\n\n## Engineer Feedback\n\n{words}\n\n## Tasks\n\n- do\n".encode()
    return done(number, type=PromptType.USER_PATCH, patches_prompts=(fixed,), source=body, created_by="ada", **values)


def handed_off(number: int, seq: int = 1, **data: object) -> Any:
    who = f"executor-{number:02d}-1"
    return event("handoff.given", f"prompt:{number}", who, seq, attempt=1, outcome="done", summary="did it", **data)


def found(*prompts: Prompt, events: Any = (), document: bytes = b"", guides: Guides = GUIDES) -> Compounding:
    return compounding(snapshot(prompts, documents={ALIGNMENT: document}), events, guides)


def taken(given: Compounding, *ids: str, **values: Any) -> dict[str, str]:
    plan = plan_compounding(snapshot([done(1)]), given, Take(ids, not ids, **values))
    return {edit.path: edit.content.decode() for edit in plan.edits}


# ── tracing


def test_a_patch_is_traced_to_the_prompt_the_suite_the_flow_the_skill_and_the_learning_of_the_work_it_corrects() -> (
    None
):
    work = done(1, validation_suites=("unit",), skills=("refactoring",))
    delivered = event("learning.delivered", "prompt:1", "loop", attempt=1, learnings=["Use the fake clock."])
    (traced,) = found(work, patch_of(2, 1, "Round down"), events=[delivered]).traced
    assert (traced.slip.kind, traced.slip.prompt, traced.slip.fixed_by) == (SlipKind.PATCH, 1, 2)
    assert traced.slip.words == "Round down"
    assert [(cause.part, cause.name) for cause in traced.causes] == [
        (Part.PROMPT, "01"),
        (Part.SUITE, "unit"),
        (Part.FLOW, "executor"),
        (Part.SKILL, "refactoring"),
        (Part.LEARNING, "Use the fake clock."),
    ]
    assert traced.causes[0].why == "none of its 2 acceptance criteria says it"


def test_work_without_criteria_and_suites_says_so() -> None:
    bare = done(1, source=b"## Tasks\n\n- do it\n")
    (traced,) = found(bare, patch_of(2, 1, "Round down")).traced
    whys = [cause.why for cause in traced.causes]
    assert whys[:2] == ["it had no acceptance criteria", "no validation suite looked at its work"]


def test_failures_rejections_and_corrections_are_gathered_in_the_order_in_which_they_came() -> None:
    document = add_summary(ALIGNMENT_START, number=1, agent="executor-01-1", text="I did it", at="2027-01-15T08:03:00Z")
    document = add_steering(document, number=1, text="Not with floats", who="ada", at="2027-01-15T08:04:00Z")
    events = [
        event("step.failed", "prompt:1", "loop", 1, "2027-01-15T08:01:00Z", attempt=1, reason="it hung"),
        event("change.rejected", "prompt:1", "ada", 2, "2027-01-15T08:02:00Z", attempt=2, note="name the unit"),
    ]
    slips = [one.slip for one in found(done(1), events=events, document=document).traced]
    assert [(slip.kind, slip.words, slip.attempt) for slip in slips] == [
        (SlipKind.FAILURE, "it hung", 1),
        (SlipKind.REJECTION, "name the unit", 2),
        (SlipKind.CORRECTION, "Not with floats", 0),
    ]
    assert [slip.human for slip in slips] == [False, True, True]


def test_what_is_said_in_two_places_is_one_slip_and_answers_and_keeping_are_none() -> None:
    document = add_steering(ALIGNMENT_START, number=1, text="Round down", who="ada", at="2027-01-15T08:04:00Z")
    for words in ("Answer to question 3 of executor-01-1:\n\n> Which?\n\nThis.", "kept: it helps", "kept"):
        document = add_steering(document, number=1, text=words, who="ada", at="2027-01-15T08:05:00Z")
    assert [one.slip.kind for one in found(done(1), patch_of(2, 1, "Round down"), document=document).traced] == [
        SlipKind.PATCH
    ]


def test_what_was_said_before_the_milestone_began_taught_another_one() -> None:
    document = add_steering(ALIGNMENT_START, number=1, text="Long ago", who="ada", at="2026-01-15T08:04:00Z")
    there = snapshot([done(1)], documents={ALIGNMENT: document})
    assert not compounding(there, (), GUIDES, since="2027-01-01T00:00:00.000Z").traced


# ── what is proposed


def test_what_showed_that_it_is_corrected_goes_into_the_suite_that_passed_without_it() -> None:
    work = done(1, validation_suites=("unit",))
    handed = handed_off(2, checks=["AC-02-1: make rounding", "make unit"])
    given = found(work, patch_of(2, 1, "Round down"), events=[handed])
    (check,) = [one for one in given.proposals if one.part is Part.SUITE]
    assert (check.text, check.path, check.prompts, check.human) == ("make rounding", SUITE, (1, 2), False)
    changed = taken(given, check.id)[SUITE]
    assert changed == UNIT.decode().replace("make unit", "make unit && make rounding")
    plan = plan_compounding(snapshot([work]), given, Take((check.id,)))
    assert "runs what an agent wrote from now on: make rounding" in plan.warnings[0]


def test_a_check_of_a_fix_that_is_not_merged_proves_nothing() -> None:
    fix = replace(patch_of(2, 1, "Round down"), status=PromptStatus.PENDING)
    given = found(done(1, validation_suites=("unit",)), fix, events=[handed_off(2, checks=["make rounding"])])
    assert [one.part for one in given.proposals] == [Part.LEARNING]


def test_an_engineers_words_become_a_learning_about_the_files_that_they_are_about() -> None:
    given = found(done(1), patch_of(2, 1, "Round down"), events=[handed_off(1, files=["src/b.py", "src/a.py"])])
    (learning,) = given.proposals
    assert learning.paths == ("src/a.py", "src/b.py")
    assert taken(given)[LEARNINGS].endswith(
        "- Use the fake clock. [tags: time]\n- Round down [paths: src/a.py, src/b.py]\n"
    )


def test_what_the_learnings_say_already_is_not_proposed_again() -> None:
    assert not found(done(1), patch_of(2, 1, "Use the fake clock.")).proposals


def test_an_agent_that_failed_may_teach_something_and_it_is_said_that_these_are_its_words() -> None:
    failed = event("step.failed", "prompt:1", "loop", 2, attempt=1, reason="red")
    noted = event("learning.noted", "prompt:1", "executor-01-1", 1, text="the port is 8081")
    given = found(done(1), events=[noted, failed])
    (learning,) = given.proposals
    assert not learning.human
    plan = plan_compounding(snapshot([done(1)]), given, Take(every=True))
    assert plan.warnings == ("an agent's words, not yours: the port is 8081",)


def test_a_flow_under_which_it_happens_again_and_again_says_it_once_and_the_packaged_one_is_copied() -> None:
    patches = [patch_of(9 + n, 1 + n % 2, f"Round down {n}") for n in range(3)]
    given = found(done(1), done(2), *patches)
    rules = [one for one in given.proposals if one.part is Part.FLOW]
    assert [one.text for one in rules] == ["Round down 0", "Round down 1", "Round down 2"]
    plan = plan_compounding(snapshot([done(1)]), given, Take(tuple(one.id for one in rules[:2])))
    (edit,) = plan.edits
    assert (edit.path, edit.change) == (FLOW, "create")
    assert edit.content.decode() == f"# Execution\n\nDo it.\n\n## {LEARNED}\n\n- Round down 0\n- Round down 1\n"
    assert "takes the place of what ships with coord" in plan.warnings[0]
    own = replace(GUIDES, files={**GUIDES.files, FLOW: edit.content}, told={"executor": edit.content.decode()})
    again = found(done(1), done(2), *patches, guides=own)
    (left,) = [one for one in again.proposals if one.part is Part.FLOW]
    assert taken(again, left.id)[FLOW] == edit.content.decode() + "- Round down 2\n"


def test_twice_in_one_prompt_is_no_habit_of_its_flow() -> None:
    given = found(done(1), *(patch_of(9 + n, 1, f"Round down {n}") for n in range(4)))
    assert {one.part for one in given.proposals} == {Part.LEARNING}


# ── taking


def test_it_can_be_said_in_words_of_ones_own() -> None:
    given = found(done(1), patch_of(2, 1, "Round down"))
    (one,) = given.proposals
    assert "- Round towards zero\n" in taken(given, one.id, words="Round towards\nzero")[LEARNINGS]


@pytest.mark.parametrize(
    ("take", "raised", "said"),
    [
        (Take(("nope",)), Refused, "nothing that is proposed is called nope"),
        (Take(), UsageError, "nothing is taken"),
        (Take(every=True, words="--- "), UsageError, "say nothing"),
    ],
)
def test_what_can_not_be_taken_is_refused(take: Take, raised: type[Exception], said: str) -> None:
    with pytest.raises(raised, match=said):
        plan_compounding(snapshot([done(1)]), found(done(1), patch_of(2, 1, "Round down")), take)


def test_the_reason_goes_to_the_alignment_document() -> None:
    given = found(done(1), patch_of(2, 1, "Round down"))
    files = taken(given, reason="three times now", who="ada", at="2027-01-15T08:00:00Z")
    assert "three times now" in files[ALIGNMENT]


# ── whatever anybody says

_WORDS = st.text(max_size=400) | st.sampled_from(
    ["- [x] # a [paths: b] #c", "[tags: x]", "```\nrm -rf /\n```", "a\x1b[31mb"]
)
_FILES = st.lists(st.text(max_size=30) | st.sampled_from(["src/a.py", "../x", "a, b", "src/b/c.py"]), max_size=6)


@given(_WORDS, _FILES)
def test_whatever_is_said_becomes_one_learning_with_just_these_paths_beside_all_that_were_there(
    words: str, files: list[str]
) -> None:
    text, paths = lesson(words), paths_of(files)
    if not text:
        return
    one = Proposal("l1", Part.LEARNING, LEARNINGS, text, "", paths=paths)
    after = taken(Compounding("m", (), (one,), GUIDES))[LEARNINGS]
    before, added = read_learnings(after)
    assert (before.text, before.tags) == ("Use the fake clock.", ("time",))
    assert (added.text, added.paths, added.tags) == (text, paths, ())


@given(
    st.sampled_from(["true", "false", "exit 3", "test -n 'a;b'", "(exit 4)"]), st.text("tf;&|#'\"\\ \n()<", max_size=12)
)
def test_a_check_that_is_joined_to_a_command_fails_when_either_fails(first: str, tail: str) -> None:
    """Held against `sh` itself: what a suite would run, with a check that shows whether it was reached."""
    check = f"false {tail}".strip()
    if not (_is_safe_first(first) and _is_command(check)):
        return
    parsed = subprocess.run(["sh", "-nc", check], capture_output=True, check=False)
    if parsed.returncode == 0:
        assert subprocess.run(["sh", "-c", f"{first} && {check}"], capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize(
    "check", ["a; true", "a || true", "a &", "a # b", "a 'b", "a \\", "", "a\nb", "cat << x", "a |"]
)
def test_a_check_that_would_hide_a_failure_is_not_proposed(check: str) -> None:
    work = done(1, validation_suites=("unit",))
    given = found(work, patch_of(2, 1, "Round down"), events=[handed_off(2, checks=[check])])
    assert not [one for one in given.proposals if one.part is Part.SUITE]


@given(st.lists(_WORDS, max_size=4), st.lists(_WORDS, max_size=3))
def test_a_suite_stays_one_and_every_edit_lies_in_what_may_be_edited(said: list[str], checks: list[str]) -> None:
    work = done(1, validation_suites=("unit",))
    patches = [
        replace(patch_of(5 + n, 1, "x"), source=f"## Engineer Feedback\n\n{w}\n".encode("utf-8", "replace"))
        for n, w in enumerate(said)
    ]
    given = found(work, *patches, events=[handed_off(5, checks=checks)])
    if not given.proposals:
        return
    plan = plan_compounding(snapshot([work]), given, Take(every=True))
    assert {edit.path for edit in plan.edits} <= {LEARNINGS, SUITE, FLOW}
    for edit in plan.edits:
        if edit.path == SUITE:
            front = parse(edit.content, SUITE)
            assert isinstance(front, Frontmatter)
            assert str(front.values["command"]).startswith("make unit && ")
            assert shlex.split(str(front.values["command"]))
