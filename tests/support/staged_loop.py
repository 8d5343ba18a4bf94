"""Staged prompts through a real loop: scripts that stand in for the agents of every phase and task."""

import json
from pathlib import Path
from typing import Any

from support.project import Project

from coordinator.model.pipeline import Position
from coordinator.storage.pipeline_state import load_state

PLAN = """\
---
tasks:
  - {id: T1, description: The first file, targetFiles: [one.txt], instructions: INSTRUCTED-T1}
  - {id: T2, description: The second file, targetFiles: [two.txt], instructions: INSTRUCTED-T2}
  - {id: T3, description: Both of them, targetFiles: [three.txt], dependencies: [T1, T2], instructions: INSTRUCTED-T3}
---
# Why

Because PROSE-OF-THE-PLAN.
"""
ALL = (
    *("PLAN/1.1", "PLAN/1.2", "PLAN/1.3", "IMPLEMENT/2.1/T1", "IMPLEMENT/2.1/T2", "IMPLEMENT/2.1/T3"),
    *("IMPLEMENT/2.2", "IMPLEMENT/2.3", "TEST/3.1", "TEST/3.2", "TEST/3.3"),
    *("FINAL/4.0", "FINAL/4.1", "FINAL/4.2", "FINAL/4.3"),
)
_HEAD = """\
set -eu
turn=$COORD_TURN
own=$COORD_ROOT/.coord/runs/$COORD_RUN/prompts/01/attempt-$COORD_ATTEMPT/stages/$turn
report() {
  told='"stageName": "'${turn%%/*}'", "status": "'${2:-completed}'", "summary": "'$1'"'
  coord agent stage --json "{$told${3:+, $3}}"
}
commit() { git add -A; git commit -qm "$turn"; }
end() { coord agent done --no-change --summary "$turn is over"; exit; }
"""
_TAIL = """\
case $turn in
  PLAN/1.2*) mkdir -p "$own/out"; cat >"$own/out/plan.md" <<'PLAN'
{plan}PLAN
  ;;
  IMPLEMENT/2.1/T3*) cat one.txt two.txt >three.txt; end ;;
  IMPLEMENT/2.1/T1*) echo one >one.txt; end ;;
  IMPLEMENT/2.1/T2*) echo two >two.txt; end ;;
  TEST/3.2*) mkdir -p tests; echo 'test -e three.txt' >tests/test_it.sh; commit ;;
  FINAL/4.0*) echo '# It' >HOWTO.md; commit ;;
esac
report "SAID-$turn"
end
"""


def script(special: str = "") -> str:
    """What the agents do; `special` comes first, and may end a turn with `end` or `exit`."""
    return _HEAD + special + _TAIL.format(plan=PLAN)


def staged(made: Project, special: str = "", settings: str = "", **values: object) -> Path:
    """Prompt 1, staged; the path of its file. `settings`: the project's own `staged.yaml`."""
    if settings:
        made.layout.pipelines.mkdir(parents=True, exist_ok=True)
        (made.layout.pipelines / "staged.yaml").write_text(settings)
    return made.add(1, script=script(special), pipeline="staged", **values)


def position(made: Project, attempt: int = 1) -> Position:
    """Where its pipeline stands."""
    (found,) = made.layout.runs.glob(f"run-*/prompts/01/attempt-{attempt}/pipeline-state.json")
    state = load_state(found.parent)
    assert state is not None
    return state


def paths(made: Project, *states: str) -> list[str]:
    """Its turns, or those in these states, in the order of their record."""
    return [turn.path for turn in position(made).turns if not states or turn.state in states]


def told(made: Project, path: str, attempt: int = 1) -> str:
    """The prompt of a turn's agent."""
    (found,) = made.layout.runs.glob(f"run-*/prompts/01/attempt-{attempt}/stages/{path}/prompt.txt")
    return found.read_text()


def context_of(made: Project, path: str, attempt: int = 1) -> Any:
    """The context in it."""
    return json.loads(told(made, path, attempt).partition("```json\n")[2].partition("\n```")[0])
