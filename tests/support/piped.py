"""Projects whose prompts have a pipeline, with scripted agents at its stations."""

from collections.abc import Callable

from support.project import Project

from coordinator.model.pipeline import Position
from coordinator.model.snapshot import Question, Snapshot
from coordinator.storage.pipeline_state import load_state

Make = Callable[..., Project]
DONE = 'coord agent done --summary "$COORD_TURN is done"\n'
WORK = """\
set -eu
case $COORD_TURN in
  author*) echo "$COORD_TURN" >>work.txt; git add -A; git commit -qm "Work of $COORD_TURN" ;;
esac
"""
"""A script of all stations: authors write, others look."""


def pipeline(made: Project, stations: str, name: str = "duo") -> None:
    """A pipeline of these stations, a line each, whose flows may change whatever they like."""
    made.layout.pipelines.mkdir(parents=True, exist_ok=True)
    lines = [line.strip() for line in stations.splitlines() if line.strip()]
    listed = "".join(f"  - {line}\n" for line in lines)
    (made.layout.pipelines / f"{name}.md").write_text(f"---\nstations:\n{listed}---\n# Stations one after the other\n")
    for flow in {line.split()[0] for line in lines}:
        text = f'---\nrole: stage\nwrites: ["**"]\n---\n# How to {flow}\n\nDo it.\n'
        (made.layout.flows / f"{flow}.md").write_text(text)


def piped(made: Project, stations: str, script: str = WORK + DONE, number: int = 1, **values: object) -> None:
    """A prompt with such a pipeline; its script is that of every station, which `COORD_TURN` tells it."""
    pipeline(made, stations)
    made.add(number, script=script, **{"pipeline": "duo", **values})
    (made.layout.scripts / "default.sh").write_text(script)


def routes(made: Project) -> list[str]:
    """The way that the pipelines went: `author>critic`, in order."""
    return [f"{event.data['from']}>{event.data['to']}" for event in made.events("flow.routed")]


def position(made: Project, number: int = 1) -> Position | None:
    """Where the pipeline of a prompt's last attempt stands."""
    attempt = made.snapshot().steps[number].attempt
    return load_state(made.layout.root / attempt.directory) if attempt is not None else None


def turns(made: Project, number: int = 1) -> list[str]:
    """`author done`, `author.2 failed`, in order."""
    there = position(made, number)
    return [f"{turn.path} {turn.state}" for turn in there.turns] if there is not None else []


def asked(snapshot: Snapshot) -> Question | None:
    """The question that a pipeline waits for."""
    return next((q for q in snapshot.open_questions if q.about.startswith("pipeline:")), None)
