"""The contracts of `make layers` catch what they are there for, in every room."""

import itertools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from coordinator.lazy.dataclass import dataclass

ROOT = Path(__file__).parent.parent.parent
LINT = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


@dataclass(frozen=True, slots=True)
class Floors:
    """What one contract puts above what."""

    modules: tuple[tuple[str, ...], ...]
    """Those that stand side by side, a floor each, the top first."""

    @property
    def rooms(self) -> list[str]:
        return [room for floor in self.modules for room in floor]

    def wrong(self) -> list[tuple[str, str]]:
        """From each room to one on the floor above, and to one beside it."""
        found = []
        for above, floor in itertools.pairwise(self.modules):
            found += [(room, above[0]) for room in floor]
        for floor in self.modules:
            found += itertools.pairwise(floor)
        return found


def contracts_about_floors() -> list[Floors]:
    """One for each contract about floors."""
    found = []
    for contract in CONTRACTS:
        if contract["type"] == "layers":
            for container in contract.get("containers", [""]):
                above = f"{container}." if container else ""
                rows = (floor.split(" | ") for floor in contract["layers"])
                found.append(Floors(tuple(tuple(above + room for room in row) for row in rows)))
    return found


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


@pytest.mark.parametrize("floors", contracts_about_floors(), ids=lambda floors: "-".join(floors.rooms[:2]))
def test_an_import_from_any_room_upward_or_sideways_is_caught(house: Path, floors: Floors) -> None:
    places = {room: room.replace(".", "/") for room in floors.rooms}
    names = {room: room if (house / f"{places[room]}.py").exists() else f"{room}.added" for room in floors.rooms}
    for room in floors.rooms:
        put(house, places[room], "import typing")
    for room, other in floors.wrong():
        put(house, places[room], f"import {names[other]}")
    done = lint(house)
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout.replace("\n", " ")
    missed = [(room, other) for room, other in floors.wrong() if f"{names[room]} -> {names[other]} " not in said]
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


@pytest.mark.parametrize("package", ["coordinator", "tui"])
def test_a_module_that_lies_loose_is_caught(house: Path, package: str) -> None:
    (house / package / "loose.py").write_text("")
    done = lint(house)
    assert done.returncode == 1
    assert f"{package}.loose" in done.stdout + done.stderr
