"""Whatever the services do to whatever valid graph, what engineers rely on stays true."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.onpaper import ALIGNMENT, Paper
from support.requests import numbers, papers, planned, requests

from coordinator.model.graph import Graph
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.services.edit import Edit
from coordinator.services.interjection import Interjection


def live(prompts: Mapping[int, Prompt]) -> Graph:
    return Graph.of(prompts.values())


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(papers(), st.integers(1, 6), st.data())
def test_any_sequence_of_services_keeps_what_engineers_rely_on(paper: Paper, length: int, data: st.DataObject) -> None:
    for _ in range(length):
        before, files = paper.prompts(), dict(paper.files)
        request = data.draw(requests(max(before)))
        plan = planned(paper.snapshot(), request)
        if plan is None:
            continue
        paper.apply(plan)
        after = paper.prompts()
        graph = live(after)
        assert not graph.cycles
        assert not graph.dangling
        assert set(after) >= set(before)
        assert all(number > max(before) for number in set(after) - set(before))
        for number, prompt in before.items():
            if prompt.status is PromptStatus.DONE:
                assert after[number].source == prompt.source
            if not (isinstance(request, Edit) and request.number == number):
                assert set(prompt.dependencies) <= {number, *graph.ancestors(number)}
        assert set(paper.files) - set(files) <= {ALIGNMENT, *(prompt.path for prompt in after.values())}


@settings(max_examples=100, deadline=None)
@given(papers(), st.data())
def test_a_plan_shows_exactly_the_bytes_that_it_writes(paper: Paper, data: st.DataObject) -> None:
    request = data.draw(requests(max(paper.prompts())))
    files = dict(paper.files)
    plan = planned(paper.snapshot(), request)
    assert paper.files == files
    if plan is None:
        return
    paper.apply(plan)
    changed = {path for path in paper.files if paper.files[path] != files.get(path)}
    assert changed == {edit.path for edit in plan.edits}
    assert all(edit.diff for edit in plan.edits if edit.content or edit.before)


@settings(max_examples=150, deadline=None)
@given(papers(), st.data())
def test_a_plan_carries_its_prompts_as_their_files_are_going_to_say(paper: Paper, data: st.DataObject) -> None:
    before = paper.prompts()
    plan = planned(paper.snapshot(), data.draw(requests(max(before))))
    if plan is None:
        return
    paper.apply(plan)
    changed = {n: p for n, p in paper.prompts().items() if n not in before or p.source != before[n].source}
    assert {prompt.number: prompt for prompt in plan.prompts_after} == changed
    assert {prompt.number: prompt.source for prompt in plan.prompts_after} == {n: p.source for n, p in changed.items()}


@settings(max_examples=100, deadline=None)
@given(papers(), st.data())
def test_an_interjection_changes_nothing_of_a_later_prompt_but_its_dependencies(
    paper: Paper, data: st.DataObject
) -> None:
    highest = max(paper.prompts())
    after, before = data.draw(numbers(highest)), data.draw(numbers(highest, 1))
    plan = planned(paper.snapshot(), Interjection("x", after=after, before=before, running="kill"))
    if plan is None:
        return
    old = paper.prompts()
    paper.apply(plan)
    new = paper.prompts()
    for number in before:
        assert new[number].dependencies == (*old[number].dependencies, plan.number)
        was = old[number].source.splitlines(keepends=True)
        now = new[number].source.splitlines(keepends=True)
        differing = [line for line in was if line not in now]
        assert len(differing) <= 1
        assert all(b"dependencies" in line or b"- " in line for line in differing)
