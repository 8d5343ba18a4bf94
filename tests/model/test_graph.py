"""The graph against definitions that are too slow to use and too simple to be wrong."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from support.build import any_prompts, by_number, prompt, sound_prompts

from coordinator.lazy.dataclass import replace
from coordinator.model.graph import Graph, problems, ready
from coordinator.model.prompt import Priority, Prompt, PromptStatus
from coordinator.model.step import Step, StepState, derive_step

Edges = set[tuple[int, int]]


def waits_for(prompts: list[Prompt]) -> Edges:
    """(n, d): n waits for d, and d exists."""
    known = {p.number for p in prompts}
    return {(p.number, d) for p in prompts for d in p.dependencies if d in known}


def closure(edges: Edges) -> Edges:
    """Warshall's: everything that waits, directly or not."""
    nodes = {n for edge in edges for n in edge}
    reach = set(edges)
    for middle in nodes:
        reach |= {(a, b) for a in nodes for b in nodes if (a, middle) in reach and (middle, b) in reach}
    return reach


@given(any_prompts())
def test_order_always_takes_the_most_urgent_of_those_whose_dependencies_are_taken(prompts: list[Prompt]) -> None:
    graph, edges, left = Graph.of(prompts), waits_for(prompts), dict(by_number(*prompts))
    expected: list[int] = []
    while free := [p for n, p in left.items() if not any((n, d) in edges for d in left)]:
        first = min(free, key=lambda p: (p.priority.rank, p.number))
        expected.append(first.number)
        del left[first.number]
    assert graph.order == (*expected, *sorted(left))
    assert graph.unordered == tuple(sorted(left))


@given(any_prompts())
def test_layers_are_longest_distances_from_a_prompt_without_dependencies(prompts: list[Prompt]) -> None:
    graph, edges = Graph.of(prompts), waits_for(prompts)
    ordered = set(graph.nodes) - set(graph.unordered)
    layer = dict.fromkeys(ordered, 0)
    for _ in prompts:
        layer = {n: max((layer[d] + 1 for m, d in edges if m == n), default=0) for n in ordered}
    assert {n: at for at, numbers in enumerate(graph.layers) for n in numbers} == layer


@given(any_prompts())
def test_ancestors_descendants_and_dangling_follow_from_the_files(prompts: list[Prompt]) -> None:
    graph, reach = Graph.of(prompts), closure(waits_for(prompts))
    for p in prompts:
        assert graph.ancestors(p.number) == {d for n, d in reach if n == p.number} - {p.number}
        assert graph.descendants(p.number) == {n for n, d in reach if d == p.number} - {p.number}
        missing = [d for d in dict.fromkeys(p.dependencies) if d not in graph.nodes]
        assert list(graph.dangling.get(p.number, ())) == missing
    assert {(after, before) for before, after in graph.edges} == waits_for(prompts)


@given(any_prompts(largest=9))
def test_every_knot_is_told_by_its_shortest_cycle_from_its_smallest_number(prompts: list[Prompt]) -> None:
    graph, edges = Graph.of(prompts), waits_for(prompts)
    reach = closure(edges)
    knots = {frozenset(b for b in graph.nodes if (a, b) in reach and (b, a) in reach) for a in graph.nodes}
    expected = {(n, n) for n in graph.nodes if (n, n) in edges}
    found = {cycle for cycle in graph.cycles if len(cycle) == 2}
    assert found == expected
    longer = [cycle for cycle in graph.cycles if len(cycle) > 2]
    assert {min(knot) for knot in knots if len(knot) > 1} == {cycle[0] for cycle in longer}
    for cycle in longer:
        assert cycle[0] == cycle[-1] == min(cycle)
        assert all(step in edges for step in pairwise(cycle))
        reached = {cycle[0]}
        for _ in range(len(cycle) - 2):
            reached = {b for n in reached for a, b in edges if a == n != b}
            assert cycle[0] not in reached, "there is a shorter way back"


def test_of_two_ways_around_a_knot_the_shorter_one_is_told() -> None:
    graph = Graph.of([prompt(1, 2, 3), prompt(2, 4), prompt(4, 1), prompt(3, 5), prompt(5, 6), prompt(6, 1)])
    assert graph.cycles == ((1, 2, 4, 1),)


@given(sound_prompts(largest=10), st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=4))
def test_would_cycle_finds_a_cycle_exactly_if_the_edges_close_one(
    prompts: list[Prompt], added: list[tuple[int, int]]
) -> None:
    edges = waits_for(prompts) | {(after, before) for before, after in added}
    reach = closure(edges)
    cycle = Graph.of(prompts).would_cycle(added)
    assert (cycle is not None) == any(a == b for a, b in reach)
    if cycle is not None:
        steps = list(pairwise(cycle))
        assert cycle[0] == cycle[-1] == min(cycle)
        assert all(step in edges for step in steps)
        assert any((before, after) in added for after, before in steps)


def test_would_cycle_does_not_blame_the_edges_for_a_cycle_that_exists() -> None:
    graph = Graph.of([prompt(1, 2), prompt(2, 1), prompt(3)])
    assert graph.would_cycle([(1, 3)]) is None
    assert graph.would_cycle([(3, 3)]) == (3, 3)


@given(any_prompts(), any_prompts())
def test_updated_is_the_graph_of_the_new_prompts(old: list[Prompt], new: list[Prompt]) -> None:
    assert Graph.of(old).updated(new) == Graph.of(new)
    merged = {**by_number(*old), **by_number(*new)}
    assert Graph.of(old).with_prompt(*new) == Graph.of(merged.values())


@given(any_prompts())
def test_updated_keeps_the_object_while_only_states_and_titles_change(prompts: list[Prompt]) -> None:
    graph = Graph.of(prompts)
    changed = [replace(p, title="other", status=PromptStatus.DONE) for p in prompts]
    assert graph.updated(reversed(changed)) is graph
    assert graph.with_prompt(*changed) is graph


def test_a_changed_priority_changes_the_order() -> None:
    graph = Graph.of([prompt(1), prompt(2)])
    assert graph.updated([prompt(1), prompt(2, priority=Priority.HIGH)]).order == (2, 1)


def test_a_chain_of_ten_thousand_needs_no_recursion() -> None:
    chain = [prompt(n, *([n - 1] if n > 1 else [])) for n in range(1, 10_001)]
    graph = Graph.of(chain)
    assert graph.order == tuple(range(1, 10_001))
    assert len(graph.layers) == 10_000
    assert len(graph.ancestors(10_000)) == len(graph.descendants(1)) == 9_999
    closed = graph.would_cycle([(10_000, 1)])
    assert closed is not None
    assert len(closed) == 10_001
    ring = graph.with_prompt(prompt(1, 10_000))
    assert [len(cycle) for cycle in ring.cycles] == [10_001]


@given(any_prompts(), st.data())
def test_ready_is_pending_with_every_dependency_there_and_merged_or_cancelled(
    prompts: list[Prompt], data: st.DataObject
) -> None:
    prompts = [replace(p, status=data.draw(st.sampled_from(PromptStatus))) for p in prompts]
    by = by_number(*prompts)
    steps = {n: derive_step(p, None) for n, p in by.items()}
    found = ready(Graph.of(prompts), by, steps)
    ended = {n for n, p in by.items() if p.status in (PromptStatus.DONE, PromptStatus.CANCELLED)}
    pending = [p for p in prompts if p.status in (PromptStatus.PENDING, PromptStatus.IN_PROGRESS)]
    assert set(found) == {p.number for p in pending if set(p.dependencies) <= ended}
    assert list(found) == sorted(found, key=lambda n: (by[n].priority.rank, n))


def test_ready_leaves_out_what_runs() -> None:
    by = by_number(prompt(1), prompt(2))
    assert ready(Graph.of(by.values()), by, {1: Step(1, StepState.RUNNING)}) == (2,)


def test_problems_name_file_code_and_numbers() -> None:
    by = by_number(prompt(1, 2), prompt(2, 1), prompt(3, 3), prompt(4, 1, 98, 99))
    found = {p.code: p for p in problems(Graph.of(by.values()), by)}
    assert set(found) == {"cycle", "self-dependency", "dangling"}
    assert found["cycle"].numbers == (1, 2)
    assert "01 → 02 → 01" in found["cycle"].message
    assert found["self-dependency"].path == ".coord/prompts/03-planned-x.prompt.md"
    assert found["dangling"].numbers == (4, 98, 99)
    assert "98, 99" in found["dangling"].message
    assert all(p.line == 0 and p.remedy for p in found.values())


@given(sound_prompts())
def test_a_sound_graph_has_no_problems(prompts: list[Prompt]) -> None:
    graph = Graph.of(prompts)
    assert problems(graph, by_number(*prompts)) == ()
    assert graph.unordered == ()
