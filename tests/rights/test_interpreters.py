"""Coord looks for modules in no folder of a project: whatever lies there by a module's name is never run."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from support.project import ROOT, WRITE, Project
from support.strict import needs_strict, strict_project
from support.wait import wait_until

from coordinator.client.demo_project import DemoProject
from coordinator.errors import CoordError
from coordinator.loop.control import start_loop
from coordinator.processes.interpreter import own_command, own_places
from coordinator.storage.runs import loop_is_alive

DOOR = """\
coord decide 'from here'
cd ..
rm -r there
"""
OPTIONAL = {"pysqlite3", "sqlean", "sitecustomize", "usercustomize", "anthropic", "coordinator", "tui", "uvloop"}
"""Not installed, or not by this name, and imported where it is there."""
NAMES = sorted({*sys.stdlib_module_names, *packages_distributions(), *OPTIONAL})
STARTS_WITH = set(
    subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    ).stdout.split()
) | {"sitecustomize", "usercustomize", "encodings"}
"""What Python itself imports before any program: PYTHONPATH decides there, and coord can't."""


def plant(folder: Path, names: set[str] | None = None) -> Path:
    """A file for every module that might be imported; the marker that they leave."""
    marker = folder / "marker"
    for name in NAMES if names is None else names:
        path = folder / f"{name}.py"
        if not path.exists():
            path.write_text(f"open({str(marker)!r}, 'a').write('{name}\\n')\nraise SystemExit(66)\n")
    return marker


def ran(marker: Path) -> str:
    return marker.read_text() if marker.exists() else ""


@pytest.mark.parametrize("pythonpath", [None, "", ".", ":/nowhere", "{root}"])
@pytest.mark.parametrize("verb", ["status", "validate", "log"])
def test_a_command_run_in_a_project_imports_nothing_of_it(
    make: Callable[..., Project], verb: str, pythonpath: str | None
) -> None:
    made = make({1: []})
    root = made.layout.root
    marker = plant(root, None if pythonpath is None else set(NAMES) - STARTS_WITH - {"coordinator", "tui"})
    environ = made.environment()
    environ["PYTHONPATH"] = str(ROOT)
    if pythonpath is not None:  # before our own, as people have it
        environ["PYTHONPATH"] = f"{pythonpath.format(root=root)}{os.pathsep}{ROOT}"
    code = "import sys; sys.path.pop(0); from coordinator.cli.main import main; main()"  # as the installed script does
    done = subprocess.run(
        [sys.executable, "-c", code, verb], cwd=root, env=environ, capture_output=True, text=True, check=False
    )
    assert ran(marker) == "", done.stderr
    assert done.returncode == 0, done.stderr


def test_a_loop_started_from_the_screen_imports_nothing_of_the_project(
    make: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make({1: []})
    marker = plant(made.layout.root)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made.layout.root)
    start_loop(made.layout)
    assert loop_is_alive(made.layout)
    made.wait_for(1, "merged")
    monkeypatch.chdir("/")
    made.coord("stop")
    wait_until(lambda: not loop_is_alive(made.layout), message="the loop's end")
    assert ran(marker) == ""


def test_the_commands_of_the_demo_import_nothing_of_where_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    marker = plant(here)
    monkeypatch.chdir(here)
    with DemoProject(tmp_path / "kept") as demo:
        plant(demo.layout.root)
        done = subprocess.run(
            demo.command("status"), env=demo.environment(), capture_output=True, text=True, check=False
        )
    assert ran(marker) == "", done.stderr
    assert ran(demo.layout.root / "marker") == ""
    assert done.returncode == 0, done.stderr


@needs_strict
def test_the_door_imports_nothing_of_the_folder_that_an_agent_calls_it_from() -> None:
    with strict_project({1: []}) as made:
        planted = made.layout.root.parent / "planted"
        planted.mkdir()
        planted.chmod(0o777)
        marker = plant(planted)
        (made.layout.scripts / "01.sh").write_text(f"mkdir there\ncp '{planted}'/*.py there/\ncd there\n{DOOR}{WRITE}")
        assert made.run_loop() == 0, made.said()
        assert [event.data["text"] for event in made.events("decision.recorded")] == ["from here"]
        assert ran(marker) == ""


def test_a_loop_that_dies_in_its_window_says_why(make: Callable[..., Project], monkeypatch: pytest.MonkeyPatch) -> None:
    made = make({1: []})
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    made.layout.loop_lock.mkdir()
    with pytest.raises(CoordError, match=r"the loop ended at once: .*loop.lock") as refused:
        start_loop(made.layout)
    assert "attach loop" in refused.value.remedy
    assert not loop_is_alive(made.layout)


def test_a_search_path_keeps_coord_and_python_and_what_is_elsewhere(tmp_path: Path) -> None:
    project, dependencies = tmp_path / "project", tmp_path / "dependencies"
    link = tmp_path / "link"
    link.symlink_to(project)
    path = ["", ".", str(project), str(project / "src"), str(link), str(dependencies), str(ROOT), *sys.path[-1:]]
    assert own_places(path, [str(project)]) == [str(dependencies), str(ROOT), *sys.path[-1:]]
    assert own_places([str(ROOT)], [str(ROOT.parent)]) == [str(ROOT)], "coord may lie in the project that it runs"


def test_our_own_command_leaves_the_environment_as_it_is(tmp_path: Path) -> None:
    command = own_command("--version")
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONHOME": "/nowhere", "PYTHONPATH": "."}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout[:5]) == (0, "coord"), done.stderr
