"""A prompt of the sample project that goes through `build`, with scripted agents who really do the work.

The test author forgets a criterion, and its critic sees that; the implementer forgets an edge that no test looks at,
and its critic sees that too, by running the code. Cleanup runs the tests and writes down what it saw.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from support.project import ROOT, Project

Make = Callable[..., Project]

SAMPLE = ROOT / "sample_project"
ARTIFACTS = {
    "requirements.md": "requirements-author",
    "test_changes.md": "test-author.2",
    "test_critique.md": "test-critic.2",
    "test_worklist.json": "test-critic.2",
    "impl_changes.md": "implementer.2",
    "code_critique.md": "code-critic.2",
    "code_worklist.json": "code-critic.2",
    "ac_status.json": "cleanup",
    "build_receipt.json": "cleanup",
}
"""What an undisturbed build publishes, and the turn that wrote the last version of it."""
TURNS = (
    *("requirements-author", "test-author", "test-critic", "test-author.2", "test-critic.2"),
    *("implementer", "code-critic", "implementer.2", "code-critic.2", "cleanup"),
)
"""In their order."""
QUICK = tuple(turn for turn in TURNS if not turn.endswith(".2"))
"""The same where nobody forgets anything."""
STATIONS = {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "build_stations").glob("*.sh"))}
"""Station → what its scripted agent does."""


def building(
    make: Make, changed: Mapping[str, str] | None = None, *, quick: bool = True, **settings: object
) -> Project:
    """The sample's package, its tests and its second prompt with `pipeline: build`; `changed`: other scripts.

    `quick`: nobody forgets anything, so that each station has one turn.
    """
    made = make({}, **settings)
    with_sample(made)
    if quick:
        (made.layout.scripts / "quick").touch()
    for station, script in {**STATIONS, **(changed or {})}.items():
        (made.layout.scripts / f"{station}.sh").write_text(script)
    return made


def with_sample(made: Project, pipeline: str = "build") -> Path:
    """Commit the sample's code into a project, and bring its second prompt; the path of that."""
    root = made.layout.root
    for folder in ("tokenbucket", "tests"):
        shutil.copytree(SAMPLE / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".gitignore").write_text("__pycache__/\n.coord/\n")
    made.repository.git("add", "--all")
    made.repository.git("commit", "--quiet", "--message", "Bring a token bucket")
    shutil.copy(SAMPLE / ".coord/suites/unit.md", made.layout.suites / "unit.md")
    name = "02-planned-token-bucket-core.prompt.md"
    text = (SAMPLE / ".coord/prompts" / name).read_text()
    path = made.layout.prompts / name
    path.write_text(text.replace("type: planned\n", f"type: planned\npipeline: {pipeline}\n", 1))
    return path
