"""What is read while an end that nobody may claim is taken out of a prompt's file."""

from collections.abc import Collection
from pathlib import Path

import pytest
from support.build import attempt
from support.steering import path_of, plain_project

from coordinator.apply import steps
from coordinator.apply.overruling import overrule
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.model.step import StepState
from coordinator.observe.observer import Observer
from coordinator.storage.prompts import PromptSet


@pytest.mark.parametrize("claimed", ["cancelled", "done"])
def test_a_claim_that_is_overruled_while_it_is_read_lets_nothing_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claimed: str
) -> None:
    layout = plain_project(tmp_path, {1: (), 2: (1,)}, {1: {"status": claimed}})
    running = attempt(1, StepState.RUNNING, ago=5, prompt_file=layout.rel(path_of(layout, 1)))
    running = replace(running, directory=layout.rel(layout.attempt("run-1", running.work, 1)))
    with EventLog.open(layout.events_db) as log:
        layout.attempt("run-1", running.work, 1).mkdir(parents=True)
        steps.claim(layout, running)
        observer = Observer(layout)
        read = observer._prompts.refresh

        def fails_meanwhile(changed: Collection[Path] | None) -> PromptSet:
            there = read(changed)
            overrule(layout, running)
            steps.advance(layout, log, running, StepState.FAILED, reason="no")
            return there

        monkeypatch.setattr(observer._prompts, "refresh", fails_meanwhile)
        states = {number: step.state for number, step in observer.refresh(None).steps.items()}
        assert states == {1: StepState.RUNNING, 2: StepState.PENDING}
        monkeypatch.undo()
        states = {number: step.state for number, step in observer.refresh(None).steps.items()}
        assert states == {1: StepState.FAILED, 2: StepState.PENDING}
        observer.close()
