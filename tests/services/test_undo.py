"""Plans applied on a real disk and taken back, newest first: every byte is as it was."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.onpaper import Paper
from support.requests import papers, planned, requests

from coordinator.apply.plans import apply
from coordinator.apply.undo import plan_undo
from coordinator.model.event import Actor, ActorKind
from coordinator.model.plan import Kill, Steer
from coordinator.model.snapshot import Snapshot
from coordinator.observe.observer import Observer
from coordinator.storage.paths import Layout
from coordinator.storage.project import create_project

ADA = Actor(ActorKind.HUMAN, "ada")


def bytes_of(layout: Layout) -> dict[str, bytes]:
    paths = [*layout.prompts.iterdir(), layout.alignment]
    return {path.name: path.read_bytes() for path in paths}


def look(layout: Layout) -> Snapshot:
    observer = Observer(layout)
    try:
        return observer.snapshot()
    finally:
        observer.close()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(papers(), st.integers(1, 4), st.data())
def test_taking_back_every_plan_restores_every_byte(paper: Paper, length: int, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        create_project(Path(folder), title="M")
        layout = Layout(Path(folder))
        for path, content in paper.files.items():
            (layout.root / path).write_bytes(content)
        states = [bytes_of(layout)]
        for _ in range(length):
            snapshot = look(layout)
            plan = planned(snapshot, data.draw(requests(max(snapshot.prompts))))
            if plan is None or any(isinstance(effect, (Kill, Steer)) for effect in plan.effects):
                continue
            apply(layout, plan, ADA)
            states.append(bytes_of(layout))
        for before in reversed(states[:-1]):
            here = look(layout).prompts
            plan = plan_undo(layout, look(layout))
            apply(layout, plan, ADA)
            assert bytes_of(layout) == before
            back = {n: p for n, p in look(layout).prompts.items() if p.source != here[n].source}
            assert {prompt.number: prompt for prompt in plan.prompts_after} == back
