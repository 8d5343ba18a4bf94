"""Pipelines for tests: flows with contracts, and a script for each station."""

from collections.abc import Mapping

from support.project import Project

SEAL = 'coord agent done --summary "$COORD_STATION is done"\n'
COMMIT = 'git add -A && git commit -qm "Work of $COORD_STATION"\n'


def write_flow(made: Project, name: str, **front: object) -> None:
    """A flow of a station; `front` are the lines of its frontmatter besides its role."""
    lines = "".join(f"{key}: {value}\n" for key, value in {"role": "stage", **front}.items())
    made.layout.flows.mkdir(exist_ok=True)
    (made.layout.flows / f"{name}.md").write_text(f"---\n{lines}---\n# How to {name}\n\nWords of {name}.\n")


def write_pipeline(made: Project, name: str, *stations: str) -> None:
    made.layout.pipelines.mkdir(parents=True, exist_ok=True)
    listed = "".join(f"  - {station}\n" for station in stations)
    (made.layout.pipelines / f"{name}.md").write_text(f"---\nstations:\n{listed}---\n# {name}\n")


def write_scripts(made: Project, scripts: Mapping[str, str]) -> None:
    """Station → what its agent does before it hands off; `set -eu` and the hand-off are added."""
    for station, text in scripts.items():
        (made.layout.scripts / f"{station}.sh").write_text(f"set -eu\n{text}{SEAL}")
