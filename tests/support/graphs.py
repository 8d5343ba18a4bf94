"""Graphs for tests: short ways to write prompts, and strategies that make any graph there can be."""

from collections.abc import Mapping

from hypothesis import strategies as st

from coordinator.model.prompt import Priority, Prompt


def prompt(number: int, *dependencies: int, **values: object) -> Prompt:
    """`prompt(7, 2, 9)`: 07 depends on 02 and 09."""
    title = str(values.pop("title", f"Task {number}"))
    return Prompt(number, title, f".coord/prompts/{number:02d}.prompt.md", dependencies=dependencies, **values)  # type: ignore[arg-type]


def by_number(*prompts: Prompt) -> Mapping[int, Prompt]:
    return {p.number: p for p in prompts}


@st.composite
def any_prompts(draw: st.DrawFn, largest: int = 14) -> list[Prompt]:
    """Everything a folder can state: cycles, self-dependencies, missing and repeated numbers, gaps."""
    numbers = draw(st.lists(st.integers(1, largest), unique=True, max_size=largest))
    some = st.lists(st.integers(1, largest + 1), max_size=4)
    return [prompt(n, *draw(some), priority=draw(st.sampled_from(Priority))) for n in numbers]


@st.composite
def sound_prompts(draw: st.DrawFn, largest: int = 30) -> list[Prompt]:
    """Prompts whose dependencies exist and make no cycle; numbers say nothing about the order."""
    numbers = draw(st.permutations(range(1, draw(st.integers(0, largest)) + 1)))
    made: list[Prompt] = []
    for at, number in enumerate(numbers):
        before = draw(st.lists(st.sampled_from(numbers[:at]), max_size=4, unique=True)) if at else []
        made.append(prompt(number, *before, priority=draw(st.sampled_from(Priority))))
    return made
