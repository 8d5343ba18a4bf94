"""`coord status` pays for every import: what it reads with must not load what it does not need."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {
    *("asyncio", "click", "yaml", "watchfiles", "libtmux", "subprocess", "uuid", "logging", "tempfile", "textual"),
    *("ctypes", "difflib", "hashlib", "sqlite_utils", "anthropic"),
}
READ_EVERYTHING = """
from coordinator.storage.documents import examine_milestone
from coordinator.storage.journal import pending
from coordinator.storage.paths import find_project
from coordinator.storage.prompts import PromptReader
from coordinator.storage.runs import AttemptReader, current_run, loop_is_alive, read_loop
from coordinator.storage.config import load_config
layout = find_project(Path(sys.argv[1]))
config = load_config(layout)
found = PromptReader(layout, config).refresh()
assert list(found.prompts) == [7] and not found.problems, found
AttemptReader(layout).refresh(), current_run(layout), read_loop(layout), loop_is_alive(layout)
examine_milestone(layout), pending(layout)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    from coordinator.formats.prompt_names import render_new
    from coordinator.storage.config_sample import sample
    from coordinator.storage.paths import Layout
    from coordinator.storage.runs import new_run

    layout = Layout(tmp_path)
    layout.prompts.mkdir(parents=True)
    layout.config.write_text(sample())
    layout.milestone.write_text("---\ntitle: T\n---\n")
    path = layout.prompts / "07-x.prompt.md"
    path.write_bytes(render_new(number=7, title='Say: "hello" # there', body="x", dependencies=[2, 3]))
    new_run(layout, "T")
    return tmp_path


def test_looking_at_a_project_loads_nothing_heavy(project: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom pathlib import Path\n{READ_EVERYTHING}"
    code += "\nprint(*(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-I", "-c", code, str(project)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) & HEAVY == set()
    assert "coordinator" in done.stdout.split()
