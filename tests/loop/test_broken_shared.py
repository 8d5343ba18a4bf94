"""What one agent breaks of what all share in the main checkout: the verbs of the others go on working."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import WRITE, Project, project
from support.wait import wait_until

from coordinator.client.handing_in import hand_in
from coordinator.client.opening import project_at
from coordinator.errors import CoordError
from coordinator.model.caller import Caller
from coordinator.model.work import prompt_work

Make = Callable[..., Project]


def _broken(path: Path) -> None:
    path.write_bytes(b'---\n- [a: {"\n\xff')


THINGS: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "broken text": _broken,
    "link to itself": lambda path: path.symlink_to(path),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "nothing": lambda path: None,
}
"""What comes to be in the place of a file."""
PLACES = (
    *("coord.yaml", "milestone.md", "alignment.md", "highest-number", "question.lock", "plan.lock"),
    *(
        pytest.param(place, marks=pytest.mark.slow)
        for place in (
            *("learnings.md", "prompts", "prompts/02-planned-prompt-2.prompt.md", "flows", "flows/executor.md"),
            *("feedback", "suites", "loop.json", "identity", "milestones", "journal", "plans"),
        )
    ),
)
"""What agents can reach of `.coord/`."""
VERBS: dict[str, dict[str, object]] = {
    "decide": {"text": "chosen: {}"},
    "context": {},
    "ask": {"text": "which of {}?", "only_dependents": True, "wait": False},
    "done": {"summary": "nothing to do: {}", "no_change": True},
    "fail": {"verdict": "it can't be done: {}"},
}
"""What an agent says of each, with what it is about."""
OTHERS = """\
set -eu
coord assume "is it?" --default yes --risk none
touch note.txt
coord artifact note.txt
coord agent learn --text "a note"
coord agent subtask --title "More" --body "Do it."
"""


def _agent(made: Project) -> Caller:
    """The agent of prompt 2, as a caller."""
    (step,) = made.attempts(2)
    root = str(made.layout.root)
    told = {"COORD_ROOT": root, "COORD_RUN": "run-1", "COORD_PROMPT": "2", "COORD_ATTEMPT": "1"}
    return Caller(told | {"COORD_AGENT": step["agent"], "COORD_ROLE": "executor"}, os.getpid(), root)


def _refused(caller: Caller, about: str) -> Iterator[str]:
    """The verbs that an agent can't use, each with the reason."""
    for verb, values in VERBS.items():
        said = {key: text.format(about) if isinstance(text, str) else text for key, text in values.items()}
        try:
            hand_in(project_at(caller.folder), verb, said, caller)
        except CoordError as error:
            yield f"{about}: {verb}: {error.message}"


@pytest.mark.parametrize("place", PLACES)
def test_others_use_their_verbs_whatever_an_agent_breaks(made: Project, place: str) -> None:
    caller, path, kept = _agent(made), made.layout.coord / place, made.layout.root.parent / "kept"
    refused = []
    for thing, plant in THINGS.items():
        there = os.path.lexists(path)
        if there:
            path.rename(kept)
        path.parent.mkdir(parents=True, exist_ok=True)
        plant(path)
        refused += _refused(caller, f"{thing} at {place}")
        if os.path.lexists(path):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if there:
            kept.rename(path)
    assert not refused


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project whose loop runs, with an agent at work on prompt 2."""
    with project(tmp_path_factory.mktemp("broken"), {}) as made:
        made.add(2, script=made.until())
        made.start_loop()
        made.wait_for(2, "running")
        (made.layout.root / "README.md").write_text("A file.\n")
        yield made


def test_a_hand_off_is_merged_though_settings_and_alignment_document_were_broken(make: Make) -> None:
    broken = "".join(
        f'rm -f "{path}"; mkfifo "{path}"\n'
        for path in ("$COORD_ROOT/.coord/coord.yaml", "$COORD_ROOT/.coord/alignment.md")
    )
    made = make({1: []}, scripts={1: broken + "touch planted\nsleep 600\n"})
    made.add(2, script=made.until() + OTHERS + WRITE)
    made.start_loop()
    wait_until((made.layout.worktree(prompt_work(1), 1) / "planted").exists, message="the pipes")
    made.release()
    made.wait_for(2, "merged")
    assert made.events("problem.handoff_unwritten")[0].data["prompt"] == 2
    told = {problem["code"]: problem for problem in json.loads(made.coord("status", "--json").stdout)["problems"]}
    assert told.keys() == {"bad-settings", "bad-alignment"}
    assert "is no file" in told["bad-alignment"]["message"]
    made.layout.alignment.unlink()
    wait_until(lambda: "bad-alignment" not in made.coord("status", "--json").stdout, message="the end of the problem")


@pytest.mark.parametrize("place", ["logs/HEAD", pytest.param("logs/refs/heads/main", marks=pytest.mark.slow)])
def test_a_pipe_where_git_writes_what_moved_holds_no_merge(make: Make, place: str) -> None:
    pipe = f'rm -f "$COORD_ROOT/.git/{place}"; mkfifo "$COORD_ROOT/.git/{place}"\n'
    made = make({1: []}, scripts={1: WRITE + pipe})
    assert made.run_loop() == 0
    assert made.states() == {1: "merged"}
    assert not made.events("problem.found")


def test_a_lock_of_git_that_nobody_holds_is_named_with_what_to_do(make: Make) -> None:
    made = make({1: []}, scripts={1: WRITE + 'touch "$COORD_ROOT/.git/HEAD.lock"\n'})
    made.start_loop()
    told = wait_until(lambda: made.events("problem.found"), message="the word about the lock")
    lock = made.layout.root / ".git/HEAD.lock"
    assert f"delete {lock}" in str(told[-1].data["reason"])
    lock.unlink()
    made.wait_for(1, "merged")
