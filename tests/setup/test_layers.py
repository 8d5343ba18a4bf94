"""The contracts of `make layers` catch what they are there for, in every room."""

import itertools
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LINT = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
FLOORS = [floor.split(" | ") for floor in CONTRACTS[0]["layers"]]
"""Rooms that stand side by side, a floor each, the top first."""
ROOMS = [room for floor in FLOORS for room in floor]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the code that a test may break."""
    for package in ("coordinator", "tui"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a copy."""
    argv = [sys.executable, "-c", LINT, "--no-cache"]
    return subprocess.run(argv, cwd=house, capture_output=True, text=True, timeout=200, check=False)


def put(house: Path, room: str, line: str) -> None:
    """Add a line to a room that people overlook: one that only type checkers read."""
    place = house / room
    module = place / "added.py" if place.is_dir() else place.with_suffix(".py")
    text = module.read_text() if module.exists() else "from typing import TYPE_CHECKING\n"
    module.write_text(f"{text}\nif TYPE_CHECKING:\n    {line}\n")


def upward() -> list[tuple[str, str]]:
    """From each room to one on the floor above, and to one beside it."""
    found = []
    for above, floor in itertools.pairwise(FLOORS):
        found += [(room, above[0]) for room in floor]
    for floor in FLOORS:
        found += itertools.pairwise(floor)
    return found


def test_an_import_from_any_room_upward_or_sideways_is_caught(house: Path) -> None:
    single = {room for room in ROOMS if (house / f"coordinator/{room}.py").exists()}
    names = {room: f"coordinator.{room}" + ("" if room in single else ".added") for room in ROOMS}
    for room in ROOMS:
        put(house, f"coordinator/{room}", "import typing")
    for room, other in upward():
        put(house, f"coordinator/{room}", f"import {names[other]}")
    done = lint(house)
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout.replace("\n", " ")
    missed = [(room, other) for room, other in upward() if f"{names[room]} -> {names[other]} " not in said]
    assert not missed, done.stdout


def test_what_one_room_keeps_to_itself_is_caught_in_all_others(house: Path) -> None:
    kept = [contract for contract in CONTRACTS if contract["type"] == "forbidden"]
    for contract in kept:
        for source in contract["source_modules"]:
            for name in contract["forbidden_modules"]:
                put(house, source.replace(".", "/"), f"import {name}")
    done = lint(house)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = set(re.findall(r"^(.*?) BROKEN", done.stdout, re.MULTILINE))
    assert {contract["name"] for contract in kept} <= broken, done.stdout
    for contract in kept:
        for source in contract["source_modules"]:
            assert f"{source} is not allowed to import" in done.stdout, (contract["name"], source)


def test_a_module_that_lies_loose_is_caught(house: Path) -> None:
    (house / "coordinator" / "loose.py").write_text("")
    done = lint(house)
    assert done.returncode == 1
    assert "coordinator.loose" in done.stdout + done.stderr
