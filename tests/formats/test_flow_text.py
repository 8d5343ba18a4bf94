"""The file of a flow: its contract, its words, and what is said of one that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.formats.flow_text import read
from coordinator.model.flow import Flow

FRONT = b'---\nrole: specialist\nwrites: []\nreads: ["**"]\nresume: session\nagent: codex\nmodel: small\n---\n'


def flow(data: bytes, name: str = "licences") -> Flow:
    found = read(data, "flows/x.md", name).flow
    assert found is not None
    return found


def test_a_flow_says_whose_it_is_and_what_it_may() -> None:
    found = flow(FRONT + b"# Licences\n\nLook at headers.\n")
    assert (found.role, found.title, found.reads, found.writes) == ("specialist", "Licences", ("**",), ())
    assert (found.resume, found.agent, found.model) == ("session", "codex", "small")
    assert found.body == "# Licences\n\nLook at headers.\n"
    assert found.looks


@pytest.mark.parametrize("name", ["specialist", "verifier"])
def test_what_holds_for_all_of_a_role_is_no_specialist(name: str) -> None:
    assert not flow(b"---\nrole: " + name.encode() + b"\n---\nLook.\n", name).looks


def test_the_flow_of_a_role_needs_no_frontmatter() -> None:
    found = flow(b"Work.\n---\nOn.\n", "executor")
    assert (found.role, found.body, found.title) == ("executor", "Work.\n---\nOn.\n", "executor")


@pytest.mark.parametrize(
    ("data", "code", "remedy"),
    [
        (b"Look.\n", "no-frontmatter", "---"),
        (b"---\ntitle: x\n---\nLook.\n", "no-role", "role: specialist"),
        (b"---\nrole: inspector\n---\n", "bad-role", "verifier"),
        (b"---\nrole: specialist\nresume: always\n---\n", "bad-resume", "leave the line out"),
        (b"---\nrole: specialist\nmodel: --yolo\n---\n", "bad-model", "as the agent's CLI calls it"),
        (b"", "empty", "tasks"),
        (b"---\nrole: [\n---\n", "bad-yaml", ""),
    ],
)
def test_what_is_no_flow_is_a_problem_with_a_remedy(data: bytes, code: str, remedy: str) -> None:
    found = read(data, "flows/x.md", "licences")
    assert found.flow is None
    (error,) = [problem for problem in found.problems if not problem.warning]
    assert error.code == code
    assert remedy in error.remedy


def test_a_file_called_as_a_role_is_of_that_role() -> None:
    found = read(b"---\nrole: specialist\n---\nLook.\n", "flows/x.md", "verifier")
    assert found.flow is None
    assert "role: verifier" in found.problems[0].remedy


def test_an_unknown_key_is_named_with_its_nearest_and_the_flow_holds() -> None:
    found = read(b"---\nrole: specialist\noutput: [a]\n---\nLook.\n", "flows/x.md", "licences")
    assert found.flow is not None
    assert [(p.code, p.line, p.remedy, p.warning) for p in found.problems] == [
        ("unknown-key", 3, "did you mean `outputs`?", True)
    ]


@given(st.binary(max_size=300), st.sampled_from(["executor", "x"]))
def test_nothing_that_stands_in_a_file_raises(data: bytes, name: str) -> None:
    for text in (data, b"---\n" + data, b"---\nrole: " + data + b"\n---\n"):
        found = read(text, "flows/x.md", name)
        assert found.flow is not None or found.problems
