"""The dependency graph: order, layers, ready set, cycles. Pure, and kept while its edges stay as they are."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heappop, heappush

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.step import Step, StepState, derive_step

Edge = tuple[int, int]
"""(dependency, dependent): the first runs before the second."""

SATISFIED = frozenset({StepState.MERGED, StepState.SKIPPED})
"""Step states that let a dependent start: a cancelled prompt holds nothing back."""

_RANKS = range(3)


@dataclass(frozen=True, slots=True)
class Graph:
    """Prompts as nodes, their dependencies as edges. It knows nothing of states, so it outlives them."""

    stated: Mapping[int, tuple[int, ...]]
    """Number → dependencies as the file states them, missing ones and repetitions included."""
    ranks: Mapping[int, int]
    """Number → priority rank, 0 runs first."""
    nodes: tuple[int, ...] = ()
    """All numbers, ascending."""
    dependencies: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Number → existing prompts that it waits for, as its file orders them, each once."""
    dependents: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Number → prompts that wait for it, by priority, then number."""
    dangling: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Number → numbers that it waits for and that no readable prompt has; only prompts that have some."""
    order: tuple[int, ...] = ()
    """Dependencies first, ties by priority, then number; what a cycle holds back comes last, by number."""
    layers: tuple[tuple[int, ...], ...] = ()
    """Longest distance from a prompt without dependencies; what a cycle holds back is in none."""
    cycles: tuple[tuple[int, ...], ...] = ()
    """One path a knot, such as (1, 2, 1): each waits for the next. Starts at the smallest number, never longer
    than needed to come back to it."""

    @classmethod
    def of(cls, prompts: Iterable[Prompt]) -> "Graph":
        """Build the graph of these prompts; their numbers are unique."""
        stated, ranks = _inputs(prompts)
        return _build(stated, ranks)

    def updated(self, prompts: Iterable[Prompt]) -> "Graph":
        """The graph of these prompts: this very object if no number, edge or priority differs."""
        stated, ranks = _inputs(prompts)
        if stated == self.stated and ranks == self.ranks:
            return self
        return _build(stated, ranks)

    def with_prompt(self, *prompts: Prompt) -> "Graph":
        """The graph with these prompts added, or in the place of those with the same numbers."""
        stated, ranks = _inputs(prompts)
        stated, ranks = {**self.stated, **stated}, {**self.ranks, **ranks}
        if stated == self.stated and ranks == self.ranks:
            return self
        return _build(stated, ranks)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every (dependency, dependent) pair, by dependent."""
        return tuple((before, node) for node in self.nodes for before in self.dependencies[node])

    @property
    def unordered(self) -> tuple[int, ...]:
        """What a cycle holds back: its members and everything behind them. Never starts as it is."""
        return self.order[sum(map(len, self.layers)) :]

    def ancestors(self, number: int) -> frozenset[int]:
        """Everything that has to be merged before `number` may start, without itself."""
        return _reachable(self.dependencies, number)

    def descendants(self, number: int) -> frozenset[int]:
        """Everything that waits for `number`, directly or not, without itself."""
        return _reachable(self.dependents, number)

    def would_cycle(self, added: Iterable[Edge]) -> tuple[int, ...] | None:
        """A cycle that these (dependency, dependent) edges would close, as in `cycles`; None if they close none.

        Ends of an edge may be numbers that do not exist yet. A cycle that exists already is not reported.
        """
        edges = list(added)
        extra: dict[int, list[int]] = {}
        for before, after in edges:
            extra.setdefault(after, []).append(before)

        def waits_for(node: int) -> Iterable[int]:
            return (*self.dependencies.get(node, ()), *extra.get(node, ()))

        for before, after in edges:
            path = _shortest_path(waits_for, [before], after)
            if path:
                return _from_smallest((after, *path))
        return None


def ready(graph: Graph, prompts: Mapping[int, Prompt], steps: Mapping[int, Step]) -> tuple[int, ...]:
    """Pending prompts whose dependencies are all merged or cancelled, by priority, then number.

    Whether the loop may start them now (capacity, questions, a pause) is not the graph's to say.
    """

    def at(number: int) -> Step:
        return steps.get(number) or derive_step(prompts[number], None)

    found = [
        number
        for number in graph.nodes
        if number not in graph.dangling
        and at(number).state is StepState.PENDING
        and all(at(before).satisfied for before in graph.dependencies[number])
    ]
    return tuple(sorted(found, key=lambda number: (graph.ranks[number], number)))


def problems(graph: Graph, prompts: Mapping[int, Prompt]) -> tuple[Problem, ...]:
    """What is wrong between the files: cycles, self-dependencies, dependencies on a missing or unreadable prompt."""
    found = [_cycle_problem(cycle, prompts) for cycle in graph.cycles]
    for number, missing in graph.dangling.items():
        names = ", ".join(f"{m:02d}" for m in missing)
        found.append(
            Problem(
                prompts[number].path,
                0,
                "dangling",
                f"prompt {number:02d} depends on {names}, which no readable prompt has",
                f"Correct the dependencies of {number:02d}, or repair or add the missing prompt.",
                (number, *missing),
            )
        )
    return tuple(found)


def _cycle_problem(cycle: tuple[int, ...], prompts: Mapping[int, Prompt]) -> Problem:
    first = cycle[0]
    if len(cycle) == 2:
        message = f"prompt {first:02d} depends on itself"
        remedy = f"Remove {first:02d} from its own dependencies."
        return Problem(prompts[first].path, 0, "self-dependency", message, remedy, (first,))
    path = " → ".join(f"{number:02d}" for number in cycle)
    message = f"prompts wait for each other: {path}"
    remedy = "Remove one of these dependencies; none of them can start as it is."
    return Problem(prompts[first].path, 0, "cycle", message, remedy, cycle[:-1])


def _inputs(prompts: Iterable[Prompt]) -> tuple[dict[int, tuple[int, ...]], dict[int, int]]:
    stated: dict[int, tuple[int, ...]] = {}
    ranks: dict[int, int] = {}
    for prompt in prompts:
        number = prompt.number
        stated[number] = prompt.dependencies
        ranks[number] = prompt.priority.rank
    return stated, ranks


def _build(stated: Mapping[int, tuple[int, ...]], ranks: Mapping[int, int]) -> Graph:
    nodes = sorted(stated)
    ranked = [node for rank in _RANKS for node in nodes if ranks[node] == rank]
    dependencies, dangling, behind = _links(stated, ranked)
    order, layers = _kahn(ranked, dependencies, behind)
    cycles: tuple[tuple[int, ...], ...] = ()
    if len(order) < len(nodes):
        left = sorted(set(nodes).difference(order))
        cycles = _cycles(dependencies, left)
        order += left
    return Graph(
        stated=stated,
        ranks=ranks,
        nodes=tuple(nodes),
        dependencies=dependencies,
        dependents={node: tuple(after) for node, after in behind.items()},
        dangling=dangling,
        order=tuple(order),
        layers=tuple(map(tuple, layers)),
        cycles=cycles,
    )


def _links(
    stated: Mapping[int, tuple[int, ...]], ranked: Iterable[int]
) -> tuple[dict[int, tuple[int, ...]], dict[int, tuple[int, ...]], dict[int, list[int]]]:
    """Dependencies that exist, those that don't, and dependents, the latter in the order of `ranked`."""
    behind: dict[int, list[int]] = {node: [] for node in ranked}
    dependencies = dict(stated)
    dangling: dict[int, tuple[int, ...]] = {}
    known = frozenset(behind)
    for node in behind:
        wanted = stated[node]
        if not wanted:
            continue
        if len(set(wanted)) < len(wanted):
            wanted = dependencies[node] = tuple(dict.fromkeys(wanted))
        if not known.issuperset(wanted):
            dangling[node] = tuple(before for before in wanted if before not in known)
            wanted = dependencies[node] = tuple(before for before in wanted if before in known)
        for before in wanted:
            behind[before].append(node)
    return dependencies, dangling, behind


def _kahn(
    ranked: Sequence[int], dependencies: Mapping[int, tuple[int, ...]], behind: Mapping[int, Sequence[int]]
) -> tuple[list[int], list[list[int]]]:
    """Nodes dependencies first, in the order of `ranked` where several are free, and by layer.

    What waits for a cycle is in neither. The heap holds positions: comparing small integers is what makes it fast.
    """
    position = {node: at for at, node in enumerate(ranked)}
    waiting = {node: len(dependencies[node]) for node in ranked}
    free = [position[node] for node, count in waiting.items() if not count]
    level = dict.fromkeys(ranked, 0)
    order: list[int] = []
    layers: list[list[int]] = []
    while free:  # ascending from the start, so it is a heap already
        node = ranked[heappop(free)]
        order.append(node)
        mine = level[node]
        if mine == len(layers):
            layers.append([])
        layers[mine].append(node)
        for after in behind[node]:
            if level[after] <= mine:
                level[after] = mine + 1
            left = waiting[after] = waiting[after] - 1
            if not left:
                heappush(free, position[after])
    return order, layers


def _reachable(neighbours: Mapping[int, tuple[int, ...]], start: int) -> frozenset[int]:
    seen: set[int] = set()
    todo = list(neighbours.get(start, ()))
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo.extend(neighbours[node])
    seen.discard(start)
    return frozenset(seen)


def _cycles(dependencies: Mapping[int, tuple[int, ...]], left: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """For every knot (strongly connected component) the shortest way from its smallest number back to itself."""
    found = [(node, node) for node in left if node in dependencies[node]]
    result: list[tuple[int, ...]] = list(found)
    for knot in _components(dependencies, left):
        if len(knot) > 1:
            start, inside = min(knot), frozenset(knot)

            def waits_for(node: int, inside: frozenset[int] = inside) -> Iterable[int]:
                return [before for before in dependencies[node] if before in inside and before != node]

            result.append((start, *(_shortest_path(waits_for, waits_for(start), start) or ())))
    return tuple(sorted(result))


def _components(neighbours: Mapping[int, tuple[int, ...]], nodes: Sequence[int]) -> list[list[int]]:
    """Strongly connected components, by Tarjan without recursion: a chain may be 10,000 long."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    open_nodes: list[int] = []
    is_open: set[int] = set()
    found: list[list[int]] = []
    for root in nodes:
        if root in index:
            continue
        work = [(root, iter(neighbours[root]))]
        index[root] = low[root] = len(index)
        open_nodes.append(root)
        is_open.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    open_nodes.append(other)
                    is_open.add(other)
                    work.append((other, iter(neighbours[other])))
                    break
                if other in is_open:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    knot = [open_nodes.pop()]
                    while knot[-1] != node:
                        knot.append(open_nodes.pop())
                    is_open.difference_update(knot)
                    found.append(knot)
    return found


def _shortest_path(
    neighbours: Callable[[int], Iterable[int]], starts: Iterable[int], goal: int
) -> tuple[int, ...] | None:
    """From whichever start is nearest to the goal, both included; breadth first."""
    came: dict[int, int | None] = dict.fromkeys(starts)
    todo = deque(came)
    while todo:
        node = todo.popleft()
        if node == goal:
            path = [node]
            while (previous := came[path[-1]]) is not None:
                path.append(previous)
            return tuple(reversed(path))
        for other in neighbours(node):
            if other not in came:
                came[other] = node
                todo.append(other)
    return None


def _from_smallest(cycle: tuple[int, ...]) -> tuple[int, ...]:
    ring = cycle[:-1]
    at = ring.index(min(ring))
    return (*ring[at:], *ring[:at], ring[at])
