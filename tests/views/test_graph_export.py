"""The graph as other tools read it."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st
from support.build import prompt, snapshot

from coordinator.model.prompt import PromptStatus
from coordinator.views.graph_export import document, dot, mermaid


def test_the_document_has_the_keys_that_programs_rely_on() -> None:
    shot = snapshot([prompt(1, status=PromptStatus.DONE), prompt(2, 1), prompt(3, 4), prompt(4, 3), prompt(5, 2, 99)])
    found = json.loads(json.dumps(document(shot)))
    assert found["edges"] == [[1, 2], [4, 3], [3, 4], [2, 5]]
    assert found["order"] == [1, 2, 5, 3, 4]
    assert found["ready"] == [2]
    assert found["layers"] == [[1], [2], [5]]
    assert found["cycles"] == [[3, 4, 3]]
    assert found["dangling"] == [[5, 99]]
    assert [node["number"] for node in found["nodes"]] == [1, 2, 3, 4, 5]
    assert found["nodes"][0]["step"] == "merged"


def test_mermaid_and_dot_have_every_node_and_edge() -> None:
    shot = snapshot([prompt(1), prompt(2, 1), prompt(3, 99)])
    chart = mermaid(shot)
    assert re.findall(r"p(\d+) --> p(\d+)", chart) == [("1", "2")]
    assert re.findall(r'p(\d+)\["', chart) == ["1", "2", "3"]
    assert "m99" in chart
    graph = dot(shot)
    assert re.findall(r"p(\d+) -> p(\d+);", graph) == [("1", "2")]
    assert "m99 -> p3" in graph


TITLES = st.one_of(st.text(max_size=40), st.text(alphabet='"\\<>`#;[]()&ab\n', max_size=12))


@given(TITLES)
def test_no_title_leaves_its_quotes(title: str) -> None:
    shot = snapshot([prompt(1, title=title)])
    (node,) = [line for line in mermaid(shot).split("\n") if line.startswith("  p1[")]
    assert re.fullmatch(r'  p1\["[^"<>`\\]*<br>next"\]:::next', node)
    (quoted,) = re.findall(r'^  p1 \[label="((?:[^"\\]|\\.)*)", fillcolor="#ffffff"\];$', dot(shot), re.MULTILINE)
    assert "\n" not in quoted
