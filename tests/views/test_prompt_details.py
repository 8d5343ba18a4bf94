"""A prompt's details: tasks, criteria, hand-off and files in sections, and as much of each as there is room for."""

from hypothesis import given
from hypothesis import strategies as st
from support import build, scenes

from coordinator.lazy.dataclass import replace
from coordinator.model.change import Change, FileChange
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Receipt, Step, StepState
from coordinator.views.prompt_details import Row, Section, fitted, sections, whole
from coordinator.views.spans import Span

BODY = """
## Tasks

- [x] read the file
- write it \x1b[31mback

## Acceptance Criteria

- [ ] `make test` passes
- nothing sleeps
"""
RECEIPT = Receipt("done", "It reads.\nIt writes.", "executor-04-1", "", checks=("AC-1: make test",), left=("speed",))
CHANGE = Change(
    "b", "main", "t", "m", "f", files=(FileChange("a.py", 12, 3), FileChange("logo.png", None, None)), untracked=("n",)
)


def snapshot(body: str = BODY, state: StepState = StepState.RUNNING, receipt: Receipt | None = None) -> Snapshot:
    front = f"---\nnumber: 4\ntitle: Four\n---\n{body}"
    prompt: Prompt = build.prompt(4, source=front.encode())
    attempt = build.attempt(4, state, receipt=receipt, attempt=2)
    return scenes.snapshot([prompt], [Step(4, state, attempt)])


def text(rows: list[Row]) -> list[str]:
    return ["".join(span.text for span in row) for row in rows]


def said(found: Snapshot, change: Change | None = None) -> list[str]:
    return text(whole(sections(found, 4, change)))


def test_tasks_are_done_when_their_boxes_are_ticked_and_all_are_once_merged() -> None:
    assert said(snapshot())[:3] == ["Tasks  1 of 2 done", "  [x] read the file", "  [ ] write it \x1b[31mback"]
    assert said(snapshot(state=StepState.MERGED))[0] == "Tasks  2 of 2 done"


def test_criteria_are_open_until_a_hand_off_claims_them() -> None:
    open_ones = said(snapshot())
    assert "Acceptance criteria  0 of 2 shown to be met" in open_ones
    assert "  AC-04-1  open       `make test` passes" in open_ones
    claimed = said(snapshot(state=StepState.CHANGE_OPEN, receipt=RECEIPT))
    assert "  AC-04-1  claimed    `make test` passes" in claimed
    assert "  AC-04-2  open       nothing sleeps" in claimed


def test_the_last_hand_off_is_told_with_what_it_lists() -> None:
    lines = said(snapshot(receipt=RECEIPT))
    at = lines.index("Last hand-off  done, attempt 2")
    assert lines[at + 1 : at + 4] == ["  It reads.", "  It writes.", "  Left to do: speed"]


def test_while_an_attempt_has_handed_off_nothing_that_of_the_one_before_is_told() -> None:
    before = "\n## Attempt 1 · failed · executor-04-1 · 2026-01-01\n\n> No clock.\n>\n> Learnings:\n> - ask first\n"
    lines = said(snapshot(BODY + before))
    at = lines.index("Last hand-off  attempt 1 · failed")
    assert lines[at + 1 :] == ["  No clock.", "  Learnings:", "  - ask first"]


def test_files_come_with_their_lines_and_what_is_not_committed() -> None:
    lines = said(snapshot(), CHANGE)
    at = lines.index("Files  2 files  +12 -3")
    assert lines[at + 1 :] == ["  +12 -3   a.py", "  binary   logo.png", "  new, not committed  n"]
    assert not [line for line in said(snapshot()) if line.startswith("Files")]


def test_a_file_without_anything_to_show_says_so() -> None:
    assert said(snapshot("")) == ["Its file lists neither tasks nor criteria, and nothing was handed off yet."]
    broken = replace(build.prompt(4), source=b"\xff")
    found = scenes.snapshot([broken], [Step(4, StepState.PENDING)])
    assert len(said(found)) == 1


@given(st.lists(st.integers(0, 9), max_size=5), st.integers(1, 30))
def test_what_fits_never_takes_more_lines_and_says_what_it_leaves_out(sizes: list[int], height: int) -> None:
    shown = [Section(f"S{n}", "", tuple([Span(f"  {n}.{i}")] for i in range(size))) for n, size in enumerate(sizes)]
    lines = text(fitted(shown, height))
    assert len(lines) <= height
    if sizes and height >= len(sizes):
        heads = [line for line in lines if line.startswith("S")]
        assert len(heads) == len(sizes)
        for n, size in enumerate(sizes):
            rows = sum(line.startswith(f"  {n}.") for line in lines)
            left = f"and {size - rows} more"
            assert (left in heads[n]) == (rows < size)
        lost = sum(sizes) + len(sizes) - len([line for line in lines if line])
        assert not lost or len(lines) == height
