"""The page for contributors names what is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)(?:::([\w.]+))?`", PAGE)))


def defined(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """Functions, classes, methods and constants of a module, wherever in it they stand."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from defined(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.If):
            yield from defined([*node.body, *node.orelse], prefix)


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, name in NAMED if "/" in path and "NAME" not in path])
def test_what_the_page_names_is_there(path: str, name: str) -> None:
    assert (ROOT / path).is_file(), path
    if name:
        assert name in set(defined(ast.parse((ROOT / path).read_text()).body)), f"{path}::{name}"


def test_every_room_is_on_the_floor_plan() -> None:
    rooms = [path.name for path in (ROOT / "coordinator").iterdir() if (path / "__init__.py").exists()]
    assert [room for room in rooms if f"{room}/" not in PAGE] == []
