"""The map of layers."""

from hypothesis import given
from hypothesis import strategies as st
from support.build import any_prompts, prompt

from coordinator.model.graph import Graph
from coordinator.model.prompt import Prompt
from coordinator.views.graph_layers import MapLine, map_lines


@given(any_prompts(), st.integers(1, 5))
def test_every_prompt_is_once_on_the_map_in_its_layer(prompts: list[Prompt], per_line: int) -> None:
    graph = Graph.of(prompts)
    lines = map_lines(graph, per_line)
    assert sorted(number for line in lines for number in line.numbers) == list(graph.nodes)
    for line in lines:
        assert 1 <= len(line.numbers) <= per_line
        assert set(line.numbers) <= set(graph.unordered if line.layer < 0 else graph.layers[line.layer])
    assert [line.layer for line in lines if line.first] == [
        *range(len(graph.layers)),
        *([-1] if graph.unordered else []),
    ]


def test_a_wide_layer_goes_on_in_the_next_line() -> None:
    graph = Graph.of([prompt(1), prompt(2, 1), prompt(3, 1), prompt(4, 1), prompt(5, 5)])
    assert map_lines(graph, 2) == (
        MapLine(0, True, (1,)),
        MapLine(1, True, (2, 3)),
        MapLine(1, False, (4,)),
        MapLine(-1, True, (5,)),
    )
