"""What others write is read in time that grows with its length: lines made to have patterns go back and forth."""

from collections.abc import Callable
from time import process_time

import pytest

from coordinator.formats.feedback_text import read as read_finding
from coordinator.formats.frontmatter import parse
from coordinator.formats.imports.registry import forms
from coordinator.formats.imports.text import priority_of, status_of
from coordinator.formats.intent_text import read_intent
from coordinator.formats.learnings import read_learnings
from coordinator.formats.markdown import bare_word, words_of
from coordinator.formats.prompt_body import has_criteria
from coordinator.model.imported import Tree
from coordinator.model.learning import Learning, pick

N = 50_000
LINES = {
    "blanks": "# a" + " " * N + "x",
    "hashes": "# a" + "#" * N + "x",
    "blanks and hashes": "# a" + " #" * N + " x",
    "item": "- [ ] " + " " * N + "x",
    "tags": "- [ ] T001 " + "[P] " * N,
    "ids": "- [ ] T001 it (depends on " + "T001, " * N,
    "ranges": "- [ ] T001 it (depends on " + "T00-T99, " * N,
    "digits": "- [ ] " + "1." * N + "-1",
    "stars": "- [x] " + "*" * N,
    "comments": "<!--" * N,
    "objectives": "<objective>" * N,
    "quotes": '"' * N,
    "brackets": "[" * N,
    "marks": "-" * N + "x" + "-" * N,
    "abouts": "[tags: " * N,
    "letters": "語" * N,
    "folders": "a/" * N,
    "dots": "a." * N,
}
every_line = pytest.mark.parametrize("line", list(LINES.values()), ids=list(LINES))
READERS: dict[str, Callable[[str], object]] = {
    "frontmatter": lambda line: parse(f"---\nid: a\nextra: {line[:60_000]}\n---\n".encode(), "x", mend=True),
    "prompt": lambda line: has_criteria(f"# A\n\n## Acceptance Criteria\n\n{line}\n"),
    "intent": lambda line: read_intent(f"# Goal\n\n{line}\n"),
    "finding": lambda line: read_finding(f"---\ntitle: a\n---\n## Issue\n\n{line}\n".encode(), "x", 1),
    "learnings": lambda line: pick(read_learnings(f"- {line}\n"), ["a"]),
    "task": lambda line: pick([Learning("x", ("src/*.py",), ("a b",))], [line]),
    "status": status_of,
    "priority": priority_of,
}
HEADS = {
    ".tickets/a.md": "---\nid: a\nstatus: open\ndeps: []\ntype: task\n---\n",
    ".beans/a--b.md": "---\n# a\ntitle: a\nstatus: todo\ntype: task\ncreated_at: x\n---\n",
    ".claude/epics/e/1.md": "---\nname: a\nstatus: open\ndepends_on: []\n---\n",
    ".ai/task-manager/plans/1--x/tasks/1--a.md": "---\nid: 1\ngroup: g\nstatus: pending\ndependencies: []\n---\n",
    ".planning/phases/1-x/1-1-PLAN.md": "---\nphase: 1\nplan: 1\nwave: 1\ndepends_on: []\n---\n",
    ".planning/ROADMAP.md": "",
    "a.code-task.md": "# Task: x\n",
    "prd.json": "",
    ".beads/issues.jsonl": '{"id": "a", "title": "a", "priority": 1}\n',
    "backlog/tasks/task-1 - a.md": "---\nid: TASK-1\ntitle: a\nstatus: To Do\nlabels: []\n---\n",
    ".taskmaster/tasks/tasks.json": "",
    "specs/001-a/tasks.md": "- [ ] T001 one\n",
    "TODO.md": "- [ ] one\n",
}


def quickly(work: Callable[[], object]) -> None:
    start = process_time()
    work()
    assert process_time() - start < 2


@every_line
@pytest.mark.parametrize("name", list(READERS))
def test_no_line_holds_a_reader_up(name: str, line: str) -> None:
    quickly(lambda: READERS[name](line))


@every_line
@pytest.mark.parametrize("path", list(HEADS))
def test_no_line_holds_an_import_up(path: str, line: str) -> None:
    tree = Tree({path: f"{HEADS[path]}## Acceptance Criteria\n{line}\n".encode()})
    for form in forms():
        if form.may_be(path):
            quickly(lambda form=form: (form.detect(tree), form.read(tree)))  # type: ignore[misc]


def test_headings_and_words_are_what_stands_within_their_marks() -> None:
    assert [words_of(text) for text in ("Words", "Words ## ", "C #", "###", "a # b")] == [
        "Words",
        "Words",
        "C",
        "###",
        "a # b",
    ]
    assert [bare_word(text) for text in ("✅ done!", "--", "", "_x_y_", "é")] == ["done", "", "", "x_y", "é"]
