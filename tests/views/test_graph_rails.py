"""Rails are read back from their characters alone, by the rules that the reader of the screen is given."""

from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.build import any_prompts, prompt, sound_prompts

from coordinator.model.graph import Graph
from coordinator.model.prompt import Prompt
from coordinator.views.graph_rails import ASCII, SHORTEST_FOLD, UNICODE, Rails, layout

LEFT_ARM, RIGHT_ARM, DOWN_ARM = set("─╯┴┤┼"), set("─╰┴├┼"), set("●│├┤┼")
CROSSED, NODES, BUNDLE = "│", set("●◎"), set("┊→←↔")


@dataclass
class Reading:
    """What somebody sees who has nothing but the characters."""

    edges: set[tuple[int, int]] = field(default_factory=set)
    """(row above, row below) that a rail connects."""
    into: set[int] = field(default_factory=set)
    out_of: set[int] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)


def text_of(rails: Rails) -> list[str]:
    return ["".join(cell.char for cell in row.cells) for row in rails.rows()]


def read(lines: list[str]) -> Reading:
    """Walk along the characters; an arm that leads nowhere, or a rail that just ends, is an error."""
    result = Reading()
    coming: dict[int, int] = {}
    for row, line in enumerate(lines):
        if line[-1:] in BUNDLE:
            result.into |= {row} if line[-1] in "→↔" else set()
            result.out_of |= {row} if line[-1] in "←↔" else set()
            result.passed |= {row}
            line = line[:-1]
        (home,) = [column for column, char in enumerate(line) if char in NODES]
        sources = {coming[home]} if home in coming else set()
        seen = {home}
        for step, entered_by, leaves_by in ((-1, RIGHT_ARM, LEFT_ARM), (1, LEFT_ARM, RIGHT_ARM)):
            column, char = home + step, ""
            while 0 <= column < len(line) and line[column] in entered_by | {CROSSED}:
                char = line[column]
                seen.add(column)
                if char not in ("─", CROSSED):
                    sources.add(coming[column])
                if char in entered_by and char not in leaves_by:
                    break
                column += step
            assert char not in ("─", CROSSED), f"row {row}: a line leads nowhere"
        stray = {c for c, char in enumerate(line) if char in (LEFT_ARM | RIGHT_ARM) and c not in seen}
        assert not stray, f"row {row}: joins nothing at {stray}"
        result.edges |= {(source, row) for source in sources}
        going = {c: row if c == home else coming[c] for c, char in enumerate(line) if char in DOWN_ARM}
        ended = {c for c in coming if c not in going and c != home}
        assert all(line[c] in "╯╰┴" for c in ended), f"row {row}: a rail just ends"
        coming = going
    assert not coming, "rails run out of the picture"
    return result


def edges_by_row(graph: Graph, rails: Rails) -> set[tuple[int, int]]:
    pairs = {(rails.row_of[before], rails.row_of[after]) for before, after in graph.edges}
    return {(above, below) for above, below in pairs if above < below}


def check(graph: Graph, rails: Rails) -> None:
    reading, real = read(text_of(rails)), edges_by_row(graph, rails)
    assert reading.edges <= real, "a rail ends on a wrong prompt"
    hidden = real - reading.edges
    assert reading.into == {above for above, _ in hidden}
    assert reading.out_of == {below for _, below in hidden}
    for above, below in hidden:
        assert set(range(above, below + 1)) <= reading.passed, "the bundle has a gap"


@given(any_prompts(), st.integers(2, 9))
def test_what_is_drawn_are_the_edges_of_the_graph_and_nothing_else(prompts: list[Prompt], lanes: int) -> None:
    graph = Graph.of(prompts)
    check(graph, layout(graph, lanes=lanes))


@given(sound_prompts(largest=40), st.integers(2, 6))
def test_no_more_lanes_are_used_than_allowed(prompts: list[Prompt], lanes: int) -> None:
    graph = Graph.of(prompts)
    rails = layout(graph, lanes=lanes)
    check(graph, rails)
    assert max(rails.lanes, default=0) < lanes
    assert all(len(row.cells) == rails.width <= 2 * lanes + 1 for row in rails.rows())


@given(sound_prompts())
def test_nothing_is_bundled_where_there_are_lanes_enough(prompts: list[Prompt]) -> None:
    graph = Graph.of(prompts)
    rails = layout(graph, lanes=len(prompts) + 1)
    assert read(text_of(rails)).edges == edges_by_row(graph, rails)


@given(any_prompts(largest=20), st.sets(st.integers(1, 20)))
def test_folded_runs_keep_the_edges_of_all_their_prompts(prompts: list[Prompt], fold: set[int]) -> None:
    graph = Graph.of(prompts)
    rails = layout(graph, lanes=4, fold=fold)
    check(graph, rails)
    assert [number for item in rails.items for number in item] == list(graph.order)
    for item in rails.items:
        assert len(item) == 1 or (len(item) >= SHORTEST_FOLD and fold.issuperset(item))
    for one, other in zip(rails.items, rails.items[1:], strict=False):
        assert not (len(one) > 1 and fold.issuperset(other)), "the run goes on"


@given(sound_prompts(), st.randoms())
def test_layout_depends_on_nothing_but_the_topology(prompts: list[Prompt], random: Random) -> None:
    shuffled = list(prompts)
    random.shuffle(shuffled)
    assert layout(Graph.of(prompts), lanes=3) == layout(Graph.of(shuffled), lanes=3)


@given(any_prompts())
def test_ascii_has_the_same_shape(prompts: list[Prompt]) -> None:
    rails = layout(Graph.of(prompts), lanes=3)
    for ours, theirs in zip(rails.rows(UNICODE), rails.rows(ASCII), strict=True):
        assert [c.lane for c in ours.cells] == [c.lane for c in theirs.cells]
        assert [c.char == " " for c in ours.cells] == [c.char == " " for c in theirs.cells]
        assert all(c.char.isascii() for c in theirs.cells)


def test_a_plan_reads_like_the_picture_in_the_docs() -> None:
    graph = Graph.of([prompt(1), prompt(2, 1), prompt(3, 2), prompt(4, 1, 2), prompt(5, 4)])
    assert text_of(layout(graph)) == ["●    ", "├─●  ", "│ ├─◎", "●─╯  ", "◎    "]


def test_a_rail_that_reaches_far_gives_way_to_shorter_ones() -> None:
    graph = Graph.of([prompt(1), prompt(2), prompt(3), prompt(4, 3), prompt(5, 2), prompt(6, 1)])
    assert text_of(layout(graph, lanes=2)) == ["◎   →", "  ● ┊", "● │ ┊", "◎ │ ┊", "  ◎ ┊", "◎   ←"]


def test_prompts_that_nothing_connects_stand_below_each_other() -> None:
    assert text_of(layout(Graph.of([prompt(n) for n in range(1, 4)]))) == ["◎", "◎", "◎"]


def test_an_empty_graph_has_no_rows() -> None:
    assert list(layout(Graph.of([])).rows()) == []


@pytest.mark.parametrize("picture", [["●", "◎─╯"], ["●", "╯ ◎"], ["●─◎ "], ["●", " ◎"]])
def test_the_reader_of_these_tests_refuses_broken_pictures(picture: list[str]) -> None:
    with pytest.raises((AssertionError, KeyError, ValueError)):
        read(picture)


def plans(count: int) -> list[Graph]:
    """Plans of ten to sixty prompts, the same ones every time; each prompt waits for up to three that are near."""
    made = []
    for seed in range(count):
        random = Random(seed)
        prompts = []
        for number in range(1, random.randint(10, 60) + 1):
            before = range(max(1, number - random.choice((4, 12, 30))), number)
            prompts.append(prompt(number, *sorted(random.sample(before, min(len(before), random.randint(0, 3))))))
        made.append(Graph.of(prompts))
    return made


def crossings(rails: Rails) -> int:
    """Rails behind which the line of a prompt passes."""
    return sum(line[at - 1 : at + 2] == "─│─" for line in text_of(rails) for at in range(1, len(line) - 1))


WITHOUT_A_LOOK_AHEAD = 4821
"""Crossings of these plans where each lane is chosen by what stands above it alone."""


def test_lanes_are_chosen_so_that_fewer_rails_are_crossed() -> None:
    drawn = [layout(graph) for graph in plans(200)]
    assert sum(map(crossings, drawn)) < 0.95 * WITHOUT_A_LOOK_AHEAD
    assert sum(rails.width for rails in drawn) < 3000
