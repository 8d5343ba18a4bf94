"""The ledger of a run has what those of its prompts say, whoever writes at once, and whatever was done to its file."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from coordinator.storage.paths import Layout
from coordinator.storage.shared_ledger import note_ledger


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / ".coord/runs/run-1").mkdir(parents=True)
    return Layout(tmp_path)


def publish(layout: Layout, number: int, **criteria: str) -> Path:
    folder = layout.run("run-1") / "build" / f"{number:02d}-1"
    folder.mkdir(parents=True, exist_ok=True)
    acs = {name: {"verify_status": status} for name, status in criteria.items()}
    (folder / "ac_status.json").write_text(json.dumps({"acs": acs}))
    return folder


def whole(layout: Layout) -> dict[str, str]:
    found = json.loads((layout.run("run-1") / "build/ac_status.json").read_text())
    return {name: one["verify_status"] for name, one in found["acs"].items()}


def test_prompts_that_end_at_once_all_are_in_it(layout: Layout) -> None:
    folders = {number: publish(layout, number, **{"AC-1": "passed", "AC-2": "failed"}) for number in range(1, 25)}
    with ThreadPoolExecutor(8) as crew:
        list(crew.map(lambda item: note_ledger(layout, "run-1", *item), folders.items()))
    wanted = [(f"AC-{number:02d}-{n}", "passed" if n == 1 else "failed") for number in folders for n in (1, 2)]
    assert list(whole(layout).items()) == wanted


def test_what_a_prompt_says_anew_counts(layout: Layout) -> None:
    note_ledger(layout, "run-1", 7, publish(layout, 7, **{"AC-1": "failed", "AC-2": "failed"}))
    note_ledger(layout, "run-1", 7, publish(layout, 7, **{"AC-1": "passed"}))
    assert whole(layout) == {"AC-07-1": "passed"}


def test_one_that_was_spoiled_begins_anew(layout: Layout) -> None:
    folder = publish(layout, 7, **{"AC-1": "passed"})
    (layout.run("run-1") / "build/ac_status.json").write_text("{")
    note_ledger(layout, "run-1", 7, folder)
    assert whole(layout) == {"AC-07-1": "passed"}


def test_a_prompt_whose_ledger_can_not_be_read_changes_nothing(layout: Layout) -> None:
    note_ledger(layout, "run-1", 7, publish(layout, 7, **{"AC-1": "passed"}))
    folder = publish(layout, 8)
    (folder / "ac_status.json").write_text("[]")
    note_ledger(layout, "run-1", 8, folder)
    note_ledger(layout, "run-1", 9, folder / "nowhere")
    assert whole(layout) == {"AC-07-1": "passed"}
