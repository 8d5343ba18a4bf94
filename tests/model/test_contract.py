"""What a flow may read, hand in and change, and whether the stations of a pipeline fit together."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coordinator.formats.flow_text import read as read_flow
from coordinator.formats.pipeline_text import read as read_pipeline
from coordinator.model.contract import EVERYTHING, at_station, contract_of
from coordinator.model.flow import Flow
from coordinator.model.globs import literal, matches, wrong_glob
from coordinator.model.pipeline import Artifact, Station
from coordinator.model.station_fit import misfits


def flow(name: str, **values: tuple[str, ...]) -> Flow:
    return Flow(name, "stage", "Work.", f"flows/{name}.md", **values)


def test_a_stage_declares_what_it_reads_hands_in_and_changes() -> None:
    found = contract_of(
        flow(
            "a",
            reads=("spec.md", "critique.json?"),
            outputs=("b.md", "ac.json#impl", "ac.json#seen?"),
            writes=("x/**",),
        )
    )
    assert found.inputs == (Artifact("spec.md"), Artifact("critique.json", optional=True))
    assert found.outputs == (Artifact("b.md"), Artifact("ac.json", "impl"), Artifact("ac.json", "seen", True))
    assert found.output_names == ("b.md", "ac.json")
    assert found.required() == ("b.md", "ac.json")
    assert found.required(of="inputs") == ("spec.md",)
    assert found.fields("ac.json") == ("impl", "seen")
    assert found.fields("b.md") == ()


def test_what_an_executor_looks_at_are_no_artifacts() -> None:
    found = contract_of(Flow("executor", "executor", "", "", reads=("**",), writes=("**", "!.coord/**")))
    assert (found.inputs, found.outputs, found.writes) == ((), (), ("**", "!.coord/**"))


def test_a_station_is_given_what_its_critics_hand_in() -> None:
    critics = [
        Station("critic", "c", loop="executor", outputs=(Artifact("worklist.json"), Artifact("critique.md"))),
        Station("other", "o", loop="critic", outputs=(Artifact("x.md"),)),
    ]
    found = contract_of(at_station(Flow("executor", "executor", "", "", reads=("**",)), critics, "executor"))
    assert [one.text for one in found.inputs] == ["worklist.json?", "critique.md?"]
    assert (found.outputs, found.writes) == ((), EVERYTHING)
    own = at_station(flow("a", reads=("b.md",)), critics, "executor")
    assert own.reads == ("b.md", "worklist.json?", "critique.md?")
    own = at_station(flow("a", reads=("b.md", "worklist.json?")), critics, "executor")
    assert own.reads == ("b.md", "worklist.json?")
    assert at_station(own, critics, "other").reads == own.reads


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("reads: [../secret]", "bad-reads"),
        ("reads: ['**']", "bad-reads"),
        ("reads: [.hidden]", "bad-reads"),
        ("outputs: [a/b.md]", "bad-outputs"),
        ("outputs: ['a.json#']", "bad-outputs"),
        ("outputs: ['a.json#x y']", "bad-outputs"),
        ("writes: ['../**']", "bad-writes"),
        ("writes: ['!']", "bad-writes"),
        ("writes: ['[z-a]']", "bad-writes"),
    ],
)
def test_a_contract_that_can_not_be_kept_is_an_error_of_its_flow(line: str, code: str) -> None:
    found = read_flow(f"---\nrole: stage\n{line}\n---\nWork.\n".encode(), "flows/x.md", "x")
    assert found.flow is None
    assert [(problem.code, problem.line) for problem in found.problems] == [(code, 3)]


# ── globs


@pytest.mark.parametrize(
    ("globs", "path", "taken"),
    [
        (("tests/**",), "tests/a/b.py", True),
        (("tests/**",), "src/tests/b.py", False),
        (("tests/",), "src/tests/b.py", True),
        (("/tests/",), "src/tests/b.py", False),
        (("*.md",), "docs/a.md", True),
        (("/*.md",), "docs/a.md", False),
        (("docs",), "docs/a.md", True),
        (("src/*.py",), "src/a/b.py", False),
        (("**/test_*.py",), "test_a.py", True),
        (("**/test_*.py",), "a/b/test_a.py", True),
        (("**", "!.coord/**"), ".coord/x", False),
        (("**", "!tests/**"), "tests/a.py", False),
        (("!tests/**", "**"), "tests/a.py", True),
        (("[a-c]?.txt",), "b1.txt", True),
        (("[!a-c].txt",), "b.txt", False),
        (("a+b.(x)",), "a+b.(x)", True),
        (("tests/**",), "tests\n/x", False),
        ((), "a", False),
    ],
)
def test_a_glob_takes_in_what_git_would_ignore_by_it(globs: tuple[str, ...], path: str, taken: bool) -> None:
    assert matches(globs, path) is taken


NAMES = st.sampled_from(["a", "b", "ab", "test_a.py", "docs", "x.md"])
PARTS = st.sampled_from(["a", "b", "*", "**", "?b", "test_*.py", "*.md", "[ab]", "docs"])


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=3), st.booleans(), st.lists(NAMES, min_size=1, max_size=3))
def test_it_is_what_git_itself_says(
    tmp_path_factory: pytest.TempPathFactory, glob: list[str], anchored: bool, path: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "globs"
    if not folder.exists():
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
    text, place = ("/" if anchored else "") + "/".join(glob), "/".join(path)
    Path(folder, ".git/info/exclude").write_text(f"{text}\n")
    done = subprocess.run(["git", "-C", str(folder), "check-ignore", "-q", "--no-index", place], check=False)
    assert matches((text,), place) is (done.returncode == 0), (text, place)


@given(st.text("ab[]*?!/.", min_size=1, max_size=12), st.text("ab[]*?!/.", min_size=1, max_size=12))
def test_a_path_as_a_glob_is_for_that_path(path: str, other: str) -> None:
    path, other = path.strip("/").replace("//", "/"), other.strip("/").replace("//", "/")
    if path and "//" not in path:
        assert matches((literal(path),), path)
        assert matches((literal(path),), f"{path}/below")
        assert matches((literal(path),), other) is (other == path or other.startswith(f"{path}/"))


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_glob_raises(glob: str, path: str) -> None:
    assert isinstance(wrong_glob(glob), str)
    assert isinstance(matches((glob,), path), bool)


# ── stations that fit


def fit(*stations: str, **flows: Flow) -> list[str]:
    lines = "".join(f"  - {station}\n" for station in stations)
    pipeline = read_pipeline(f"---\nstations:\n{lines}---\n".encode(), "p.md", "mine").pipeline
    assert pipeline is not None
    return [f"{one.station}: {one.message}; {one.remedy}" for one in misfits(pipeline, flows)]


AUTHOR = flow("author", reads=("worklist.json?",), outputs=("spec.md",))
CRITIC = flow("critic", reads=("spec.md",), outputs=("worklist.json",))


def test_stations_that_find_what_they_read_fit() -> None:
    assert fit("author", "critic loop=author", author=AUTHOR, critic=CRITIC) == []


def test_an_input_that_nobody_before_it_hands_in_is_named() -> None:
    for stations in (("critic", "author"), ("author enabled=no", "critic")):
        (found,) = fit(*stations, author=AUTHOR, critic=CRITIC)
        assert found.startswith("critic: it reads spec.md, which no station before it hands in")


def test_a_flow_that_is_not_there_or_no_station_is_named() -> None:
    (found,) = fit("auhtor", author=AUTHOR)
    assert found == "auhtor: there is no flow `auhtor` that can be used; did you mean `author`?"
    (found,) = fit("security", security=Flow("security", "specialist", "", ""))
    assert "a flow of role specialist" in found


def test_who_goes_back_has_a_worklist() -> None:
    (found,) = fit("author", "author name=again loop=author", author=AUTHOR)
    assert "hands in no worklist" in found


def test_an_artifact_has_one_owner_and_a_field_too() -> None:
    other = flow("other", outputs=("spec.md",))
    (found,) = fit("author", "other", author=AUTHOR, other=other)
    assert found.startswith("other: spec.md is handed in by author too")
    one, two = flow("one", outputs=("ac.json#impl",)), flow("two", outputs=("ac.json#tests",))
    assert fit("one", "two", one=one, two=two) == []
    assert (
        "ac.json#impl is handed in by one too"
        in fit("one", "two", one=one, two=flow("two", outputs=("ac.json#impl",)))[0]
    )
    assert "ac.json is handed in by one too" in fit("one", "two", one=one, two=flow("two", outputs=("ac.json",)))[0]
    assert fit("one", "one name=again", one=one) == []
