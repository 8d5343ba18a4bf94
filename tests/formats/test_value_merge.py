"""A plan that is finished after somebody changed its files changes what it was about, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.project import prompt_text

from coordinator.formats.frontmatter import patch
from coordinator.formats.prompt_body import with_steering
from coordinator.formats.value_merge import DONE, Merge, merge, merged_text

NAME = "03-planned-prompt-3.prompt.md"
BASE = prompt_text(3, 1).encode()
GAINS_4 = patch(BASE, {"dependencies": [1, 4]})
SAID = with_steering(BASE, "be brief", "2026-01-01T00:00:00.000Z")
AT_WORK = patch(BASE, {"status": "in_progress", "attempts": 1})
LOW = patch(BASE, {"priority": "low"})
NEEDS_2_AND_4 = patch(BASE, {"dependencies": [2, 4]})
BOTH_SKILLS = patch(GAINS_4, {"skills": ["two", "one"]})
DO_B = BASE.replace(b"Do 3.", b"Do B.")


def with_values(data: bytes, **values: str | int | list[int] | list[str]) -> bytes:
    return patch(data, values)


def replaced(data: bytes, *pairs: tuple[str, str]) -> bytes:
    for old, new in pairs:
        assert old.encode() in data
        data = data.replace(old.encode(), new.encode())
    return data


@pytest.mark.parametrize(
    ("wanted", "present", "expected", "lost"),
    [
        (GAINS_4, AT_WORK, with_values(AT_WORK, dependencies=[1, 4]), ""),
        (GAINS_4, with_values(BASE, dependencies=[1, 2]), with_values(BASE, dependencies=[1, 2, 4]), ""),
        (with_values(BASE, dependencies=[4]), with_values(BASE, dependencies=[1, 2]), NEEDS_2_AND_4, ""),
        (GAINS_4, replaced(BASE, ("Do 3.", "Do it well.")), replaced(GAINS_4, ("Do 3.", "Do it well.")), ""),
        (SAID, AT_WORK, with_values(SAID, status="in_progress", attempts=1), ""),
        (SAID, BASE + b"\n## Attempt 1\n", None, ""),
        (with_values(BASE, priority="high"), LOW, LOW, "priority changed since"),
        (replaced(BASE, ("Do 3.", "Do A.")), DO_B, DO_B, "its text changed since"),
        (GAINS_4, replaced(AT_WORK, ("dependencies: [1]", "# mine\ndependencies:\n- 1")), None, ""),
        (GAINS_4, b"no frontmatter any more", b"no frontmatter any more", "the same lines were changed since"),
        (with_values(BASE, skills=["one"]), with_values(GAINS_4, skills=["two"]), BOTH_SKILLS, ""),
        (with_values(BASE, status="cancelled"), AT_WORK, AT_WORK, "status changed since"),
    ],
)
def test_a_prompt_gets_what_the_plan_changes_and_keeps_what_changed_since(
    wanted: bytes, present: bytes, expected: bytes | None, lost: str
) -> None:
    found = merge(NAME, BASE, wanted, present)
    assert found.lost == lost
    if expected is not None:
        assert found.content == expected
    assert merge(NAME, BASE, wanted, found.content).content == found.content


@pytest.mark.parametrize("status", ["done", "completed", '"done"'])
@pytest.mark.parametrize("wanted", [GAINS_4, SAID, patch(BASE, {"status": "cancelled"})])
def test_a_prompt_that_is_done_by_now_is_never_rewritten(status: str, wanted: bytes) -> None:
    present = replaced(BASE, ("status: pending", f"status: {status}"))
    assert merge(NAME, BASE, wanted, present) == Merge(present, DONE)


def test_a_plan_for_a_done_prompt_is_merged_into_it() -> None:
    done = patch(BASE, {"status": "done"})
    present = patch(done, {"commits": ["abc"]})
    assert merge(NAME, done, patch(done, {"priority": "high"}), present) == Merge(patch(present, {"priority": "high"}))


def test_what_is_in_force_already_is_no_loss_for_a_done_prompt() -> None:
    done = patch(GAINS_4, {"status": "done"})
    assert merge(NAME, BASE, GAINS_4, done) == Merge(done)


def test_a_new_prompt_that_is_worked_on_already_stays_as_it_is() -> None:
    assert merge(NAME, None, BASE, AT_WORK) == Merge(AT_WORK)
    other = replaced(BASE, ("number: 3", "number: 5"))
    assert merge(NAME, None, BASE, other) == Merge(other, "another file stands there since")


def test_words_appended_by_both_stand_both_in_the_document() -> None:
    base = b"# Alignment\n\n## Prompt 01\n\n> wrote it\n"
    wanted, present = base + b"\n### Steering by ada\n\nmore\n", base + b"\n## Prompt 02\n\n> done\n"
    found = merge("alignment.md", base, wanted, present)
    assert found.content == present + b"\n### Steering by ada\n\nmore\n"
    assert merge("alignment.md", base, wanted, found.content) == found
    first = merge("alignment.md", None, b"# Alignment\n\nA\n", b"# Alignment\n\nB\n")
    assert first == Merge(b"# Alignment\n\nB\nA\n")


def test_a_record_is_merged_key_by_key() -> None:
    base = {"state": "running", "reason": "", "pid": 7}
    wanted = base | {"kill": "requeue", "reason": "enough"}

    def merged(present: dict[str, object]) -> tuple[object, str]:
        found = merge("step.json", *(json.dumps(values).encode() for values in (base, wanted, present)))
        return json.loads(found.content), found.lost

    assert merged(base | {"pid": 8, "state": "change-open"}) == (wanted | {"pid": 8, "state": "change-open"}, "")
    assert merged(base | {"reason": "slow"}) == (wanted | {"reason": "slow"}, "reason changed since")
    merged_since = base | {"state": "merged"}
    assert merged(merged_since) == (merged_since, "the attempt is merged by now")


LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n"]), max_size=8)


@given(LINES, LINES, LINES)
def test_a_merged_text_has_every_line_that_either_added(
    base: list[bytes], wanted: list[bytes], present: list[bytes]
) -> None:
    joined = [b"".join(lines) for lines in (base, wanted, present)]
    found = merged_text(*joined)
    if found is not None:
        lines = found.splitlines(keepends=True)
        for line in {*wanted, *present}:
            if line not in base:
                assert line in lines
    assert merged_text(joined[0], joined[1], joined[0]) == joined[1]
    assert merged_text(joined[0], joined[0], joined[2]) == joined[2]


@given(st.integers(0, 9), st.integers(0, 9), st.booleans(), st.booleans())
def test_changes_of_different_lines_are_both_made(mine: int, yours: int, add: bool, drop: bool) -> None:
    base = [f"line {n}\n".encode() for n in range(10)]
    wanted, present = list(base), list(base)
    wanted[mine] = b"" if drop else b"mine\n"
    present[yours] = base[yours] + b"yours\n" if add else b"yours\n"
    if mine == yours:
        return
    expected = list(wanted)
    expected[yours] = present[yours]
    assert merged_text(b"".join(base), b"".join(wanted), b"".join(present)) == b"".join(expected)
