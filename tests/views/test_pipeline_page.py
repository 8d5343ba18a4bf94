"""What a pipeline made, as people read it: turns, criteria, points and receipts, whatever the bytes are."""

import json

from hypothesis import given
from hypothesis import strategies as st
from support import piping

from coordinator.lazy.dataclass import replace
from coordinator.model.pipeline import Position, Published, Turn
from coordinator.model.text import plain
from coordinator.views.pipeline_page import PipelinePage, artifact_details, overview, turn_details

RECEIPT = {
    "flow": "build",
    "status": "UNVERIFIED",
    "recommended_action": "RERUN",
    "route_to_agent": "implementer",
    "missing_required": ["code_worklist.json"],
    "blockers": ["a test fails"],
    "counts": {"criteria": 2, "mutants": None},
    "tests": {"failed": 1},
}


def page(contents: dict[str, bytes | str]) -> PipelinePage:
    position = piping.piped().pipelines[2]
    published = tuple(Published(name, "cleanup", "d" * 64, 10, "") for name in contents)
    return PipelinePage(2, "Core", 1, replace(position, published=published), contents, ".coord/runs/r/build/02-1")


def told(made: PipelinePage, name: str) -> str:
    one = next(one for one in made.position.published if one.name == name)
    return "\n".join("".join(span.text for span in row).rstrip() for row in artifact_details(made, one))


def test_artifacts_are_told_as_what_they_say() -> None:
    made = page({**piping.CONTENTS, "build_receipt.json": json.dumps(RECEIPT).encode(), "gone.md": "no such file"})
    assert "0 of 2 criteria passed\n  open           AC-1  two keys never share" in told(made, "ac_status.json")
    assert "  failed         AC-2  the wait is told" in told(made, "ac_status.json")
    points = told(made, "code_worklist.json")
    assert "1 of 2 points open\n  pending   MAJOR     RW-001  The wait is rounded down" in points
    assert "src/bucket.py:40  for implementer" in points
    receipt = told(made, "build_receipt.json")
    assert "UNVERIFIED  RERUN → implementer\n  missing    code_worklist.json\n  blocked by a test fails" in receipt
    assert "  mutants                 nobody can tell\n  tests failed            1" in receipt
    assert "# Requirements" in told(made, "requirements.md")
    assert told(made, "gone.md").endswith("no such file")


@given(st.binary(max_size=200), st.sampled_from(["ac_status.json", "x_worklist.json", "build_receipt.json", "a.md"]))
def test_any_bytes_are_safe_to_show(data: bytes, name: str) -> None:
    text = told(page({name: data}), name)
    assert all(plain(line) == line for line in text.split("\n"))


def test_a_turn_tells_all_that_is_known_of_it() -> None:
    turn = Turn(
        "implementer.2",
        "implementer",
        2,
        "done",
        why="2 points are open",
        summary="did\x1b[2J it",
        next="cleanup",
        pending=1,
        helps=False,
    )
    made = PipelinePage(
        2, "Core", 1, Position("build", turns=(turn,), published=(Published("a", turn.path, "", 1, ""),))
    )
    text = "\n".join("".join(span.text for span in row) for row in turn_details(made, turn))
    for words in ("round    2", "why      2 points are open", "next     cleanup", "1 point open", "made     a"):
        assert words in text, text
    assert "no further round can help" in text
    assert "\x1b" not in text


def test_the_page_of_a_prompt_sums_it_up() -> None:
    position = piping.piped().pipelines[3]
    text = "\n".join("".join(span.text for span in row) for row in overview(PipelinePage(3, "x", 1, position)))
    assert "  failed      test-author.2  it handed off without: tests" in text
    assert "  ? test-author failed twice: what now?" in text
