"""The prompt folder is read whole whatever lies in it: one problem per bad file, and all others go on."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.formats.frontmatter import parse
from coordinator.formats.prompt_names import file_name, render_new
from coordinator.formats.prompt_schema import to_prompt
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.text import plain
from coordinator.storage.config import Config
from coordinator.storage.paths import Layout
from coordinator.storage.prompts import PromptReader, PromptSet, read_prompt

GOOD = b"---\nnumber: 7\ntitle: Refresh tokens\nstatus: pending\ndependencies: [2]\n---\n## Tasks\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.prompts.mkdir(parents=True)
    return made


@pytest.fixture
def put(layout: Layout) -> Callable[[str, bytes], Path]:
    def write(name: str, content: bytes) -> Path:
        path = layout.prompts / name
        path.write_bytes(content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    return write


def read(layout: Layout) -> PromptSet:
    return PromptReader(layout, Config()).refresh()


def one(tmp_path: Path, frontmatter: str, name: str = "07-x.prompt.md") -> Prompt | Problem:
    path = tmp_path / name
    path.write_text(f"---\n{frontmatter}\n---\nbody\n")
    return read_prompt(path, f".coord/prompts/{name}")


def good(tmp_path: Path, frontmatter: str, name: str = "07-x.prompt.md") -> Prompt:
    found = one(tmp_path, frontmatter, name)
    assert isinstance(found, Prompt), found
    return found


def bad(tmp_path: Path, frontmatter: str, name: str = "07-x.prompt.md") -> Problem:
    found = one(tmp_path, frontmatter, name)
    assert isinstance(found, Problem), found
    return found


def test_every_field_is_read_and_typed(tmp_path: Path) -> None:
    prompt = good(
        tmp_path,
        """\
number: 007
title: "Refresh tokens: early"
type: user-patch            # planned | emergent | user-patch | review-fix
status: in_progress
dependencies: [2, 3]
priority: high
patches_prompts: [2]
attempts: 2
commits: ["0123456", abcdef0]
skills: [python, sql]
validation_suites: [unit]
agent: codex
model: large
pipeline: staged
isolation: shared
timeout: 900
hypothesis: |
  It is the clock.
trivial: true
created_by: planner
estimate: 3 days
owners: [ann, bob]""",
    )
    assert prompt.number == 7
    assert prompt.title == "Refresh tokens: early"
    assert (prompt.type, prompt.status) == (PromptType.USER_PATCH, PromptStatus.IN_PROGRESS)
    assert (prompt.dependencies, prompt.patches_prompts, prompt.priority) == ((2, 3), (2,), Priority.HIGH)
    assert (prompt.attempts, prompt.commits) == (2, ("0123456", "abcdef0"))
    assert (prompt.skills, prompt.validation_suites) == (("python", "sql"), ("unit",))
    assert (prompt.agent, prompt.model, prompt.pipeline, prompt.isolation) == ("codex", "large", "staged", "shared")
    assert (prompt.timeout, prompt.hypothesis, prompt.trivial) == (900.0, "It is the clock.", True)
    assert prompt.created_by == "planner"
    assert prompt.extra == {"estimate": "3 days", "owners": "[ann, bob]"}
    assert prompt.path == ".coord/prompts/07-x.prompt.md"
    assert prompt.source.endswith(b"body\n")
    assert len(prompt.digest) == 64


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    assert good(tmp_path, "title: T") == Prompt(
        7, "T", ".coord/prompts/07-x.prompt.md", digest=good(tmp_path, "title: T").digest
    )


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("pending", PromptStatus.PENDING),
        ("todo", PromptStatus.PENDING),
        ("Not Started", PromptStatus.PENDING),
        ("in_progress", PromptStatus.IN_PROGRESS),
        ("in-progress", PromptStatus.IN_PROGRESS),
        ("In Progress", PromptStatus.IN_PROGRESS),
        ("complete", PromptStatus.DONE),
        ("'completed'", PromptStatus.DONE),
        ("DONE", PromptStatus.DONE),
        ("failed", PromptStatus.FAILED),
        ("blocked", PromptStatus.BLOCKED),
        ("canceled", PromptStatus.CANCELLED),
        ("cancelled", PromptStatus.CANCELLED),
    ],
)
def test_spellings_of_a_status_that_real_loops_use_are_understood(
    tmp_path: Path, written: str, status: PromptStatus
) -> None:
    assert good(tmp_path, f"status: {written}").status is status


@pytest.mark.parametrize("written", ["maybe", "pendign", "''", "", "[pending]", "{a: b}", "donee", "12"])
def test_an_unknown_status_is_a_problem_and_never_run(tmp_path: Path, written: str) -> None:
    problem = bad(tmp_path, f"number: 7\nstatus: {written}")
    assert (problem.line, problem.numbers) == (3, (7,))
    assert problem.code in ("bad-status", "bad-value")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("dependancies: [2]", "dependencies"),
        ("Dependencies: [2]", "dependencies"),
        ("depends_on: [2]", "dependencies"),
        ("needs: 2", "dependencies"),
        ("stauts: done", "status"),
        ("validation-suites: [unit]", "validation_suites"),
        ("patch_prompts: [2]", "patches_prompts"),
    ],
)
def test_a_misspelled_key_holds_its_prompt_back_and_is_named(tmp_path: Path, written: str, meant: str) -> None:
    problem = bad(tmp_path, f"number: 7\n{written}")
    assert (problem.code, problem.line, problem.numbers) == ("misspelled-key", 3, (7,))
    assert problem.remedy == f"write `{meant}`"


@pytest.mark.parametrize(
    "written", ["dependencies: [2]\ndepends_on: [3]", "owner: ann", "state: x", "created: today", "after_hours: yes"]
)
def test_a_key_of_somebodys_own_is_kept_and_harms_nothing(tmp_path: Path, written: str) -> None:
    assert good(tmp_path, f"number: 7\n{written}").extra


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("[1]", (1,)),
        ("[1, 2, 2]", (1, 2)),
        ("001", (1,)),
        ("'2'", (2,)),
        ('["2", 03]', (2, 3)),
        ("02-token-core", (2,)),
        ("[02-token-core.prompt.md]", (2,)),
        ("[.coord/prompts/02-planned-core.prompt.md]", (2,)),
        ("['#4', 'prompt 5', PROMPT-06]", (4, 5, 6)),
        ("1, 2", (1, 2)),
        ("\n  - 1\n  - 02-x", (1, 2)),
        ("[]", ()),
        ("", ()),
        ("none", ()),
        ("~", ()),
    ],
)
def test_dependencies_are_understood_as_people_write_them(
    tmp_path: Path, written: str, numbers: tuple[int, ...]
) -> None:
    assert good(tmp_path, f"dependencies: {written}").dependencies == numbers


@pytest.mark.parametrize(
    "written",
    ["token-core", "[a]", "[02-01]", "['02-01']", "[1.5]", "[-1]", "[0]", "[1234567890123]", "{a: 1}", "[[1]]"],
)
def test_a_dependency_that_names_no_number_is_a_problem(tmp_path: Path, written: str) -> None:
    problem = bad(tmp_path, f"dependencies: {written}")
    assert problem.line == 2
    assert problem.message.startswith("dependencies: ")


@pytest.mark.parametrize(
    ("frontmatter", "code"),
    [
        ("number: 1" + "0" * 5000, "bad-number"),
        ("number: seven", "bad-number"),
        ("number: 0", "bad-number"),
        ("number: -7", "bad-number"),
        ("number: 7.0", "bad-number"),
        ("number: [7]", "bad-value"),
        ("number: 8", "number-mismatch"),
        ("type: feature", "bad-type"),
        ("priority: urgent-ish", "bad-priority"),
        ("attempts: many", "bad-value"),
        ("attempts: 99999999999999999999", "bad-value"),
        ("timeout: -1", "bad-value"),
        ("timeout: soon", "bad-value"),
        ("trivial: perhaps", "bad-value"),
        ("pipeline: zig/zag", "bad-value"),
        ("isolation: none", "bad-value"),
        ("title: {a: b}", "bad-value"),
        ("title: [a, b]", "bad-value"),
        ("skills: {a: b}", "bad-value"),
    ],
)
def test_a_value_that_can_not_be_meant_is_a_problem(tmp_path: Path, frontmatter: str, code: str) -> None:
    problem = bad(tmp_path, frontmatter)
    assert (problem.code, problem.line) == (code, 2)
    assert len(problem.message) < 200
    assert problem.remedy
    assert 7 in problem.numbers


def test_a_missing_number_is_taken_from_the_file_name(tmp_path: Path) -> None:
    assert good(tmp_path, "title: T", "012-emergent-x.prompt.md").number == 12
    assert bad(tmp_path, "title: T", "x.prompt.md").code == "no-number"
    assert bad(tmp_path, "title: T", "00-intro.prompt.md").code == "no-number"
    assert good(tmp_path, "number: 3", "x.prompt.md").number == 3


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("07-planned-token-core.prompt.md", "token core"),
        ("07-user-patch-token-core-DONE.prompt.md", "token core"),
        ("07.prompt.md", "07"),
    ],
)
def test_a_missing_title_is_taken_from_the_file_name(tmp_path: Path, name: str, title: str) -> None:
    assert good(tmp_path, "status: pending", name).title == title


@pytest.mark.parametrize(
    "name", ["07-x-DONE.prompt.md", "07-x.prompt-DONE.md", "07-x.prompt.md-DONE", "07-x-done.prompt.md"]
)
def test_a_done_suffix_is_accepted_and_means_nothing(
    layout: Layout, put: Callable[[str, bytes], Path], name: str
) -> None:
    put(name, GOOD)
    assert read(layout).prompts[7].status is PromptStatus.PENDING


def test_windows_line_ends_and_a_byte_order_mark_are_accepted(tmp_path: Path) -> None:
    path = tmp_path / "07-x.prompt.md"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"))
    found = read_prompt(path, "07-x.prompt.md")
    assert isinstance(found, Prompt)
    assert found.title == "Refresh tokens"


KEYS = st.sampled_from(
    ["number", "title", "status", "dependencies", "timeout", "hypothesis", "x", "\x1b", "\u202e", "é"]
)
VALUES = st.text(alphabet="a1 -:#'\"[]{},&*!|>%@`\\~\n\t\r\x1b\x00\u202e日", max_size=30)
SHAPED = st.lists(st.tuples(KEYS, VALUES), max_size=5).map(
    lambda pairs: ("---\n" + "".join(f"{key}: {value}\n" for key, value in pairs) + "---\nbody").encode()
)


@settings(max_examples=500)
@given(content=st.one_of(st.binary(max_size=60), SHAPED))
def test_no_content_makes_the_reader_fail_or_print_what_it_should_not(content: bytes) -> None:
    path = ".coord/prompts/07-x.prompt.md"
    front = parse(content, path)
    found = front if isinstance(front, Problem) else to_prompt(front, path, content, "")
    if isinstance(found, Prompt):
        assert found.number == 7
        return
    for words in (found.message, found.remedy):
        assert words
        assert plain(words) == words
        assert len(words) < 250
    assert found.line <= content.count(b"\n") + 1


def test_a_new_prompt_reads_back_as_it_was_meant(tmp_path: Path) -> None:
    title = 'Quotes "and" colons: # no\ncomment'
    content = render_new(
        number=12, title=title, body="## Tasks\n\n- x", type="user-patch", dependencies=[1, 2], patches_prompts=[2],
        priority="high", more={"created_by": "no"},
    )  # fmt: skip
    path = tmp_path / file_name(12, "user-patch", title)
    path.write_bytes(content)
    found = read_prompt(path, path.name)
    assert isinstance(found, Prompt)
    assert found.title == 'Quotes "and" colons: # no comment'
    assert (found.number, found.dependencies, found.patches_prompts) == (12, (1, 2), (2,))
    assert (found.type, found.priority, found.created_by) == (PromptType.USER_PATCH, Priority.HIGH, "no")
    assert content.endswith(b"---\n\n## Tasks\n\n- x\n")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Refresh tokens before expiry", "07-planned-refresh-tokens-before-expiry.prompt.md"),
        ("../../etc/passwd", "07-planned-etc-passwd.prompt.md"),
        ("日本語のタイトル", "07-planned-prompt.prompt.md"),
        ("Größe ändern", "07-planned-grosse-andern.prompt.md"),
        ("!!!", "07-planned-prompt.prompt.md"),
        ("all DONE", "07-planned-all.prompt.md"),
        ("x" * 300, f"07-planned-{'x' * 48}.prompt.md"),
    ],
)
def test_a_file_name_is_safe_whatever_the_title_is(title: str, name: str) -> None:
    assert file_name(7, PromptType.PLANNED, title) == name
