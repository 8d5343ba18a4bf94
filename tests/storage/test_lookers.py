"""Test runners and linters that would look into the agents' worktrees are named, and others are not."""

from pathlib import Path

import pytest

from coordinator.storage.lookers import find_lookers
from coordinator.storage.paths import Layout

LOOKS = {
    "jest": {"jest.config.js": "module.exports = {};"},
    "jest in package.json": {"package.json": '{"jest": {"testEnvironment": "node"}}'},
    "vitest": {"vitest.config.ts": "export default {}"},
    "eslint": {"eslint.config.mjs": "export default [];"},
    "prettier": {".prettierrc": "{}"},
    "pytest": {"pytest.ini": "[pytest]\nnorecursedirs = build dist\n"},
    "pytest in pyproject.toml": {"pyproject.toml": '[tool.pytest.ini_options]\nnorecursedirs = [\n  "build",\n]\n'},
    "flake8": {".flake8": "[flake8]\nmax-line-length = 120\n"},
}
LOOKS_NOT = {
    "jest told so": {"jest.config.js": "module.exports = {modulePathIgnorePatterns: ['<rootDir>/.coord/']};"},
    "jest in package.json told so": {"package.json": '{"jest": {"modulePathIgnorePatterns": [".coord"]}}'},
    "eslint told so": {"eslint.config.js": "export default [globalIgnores(['.coord/'])];"},
    "the old eslint, which leaves out dots": {".eslintrc.json": "{}"},
    "prettier told so": {".prettierrc": "{}", ".prettierignore": ".coord/\n"},
    "pytest, which leaves out dots": {"pytest.ini": "[pytest]\ntestpaths = tests\n"},
    "pytest told so": {"pyproject.toml": '[tool.pytest.ini_options]\nnorecursedirs = [".*", "build"]\n'},
    "pytest told nothing, another list after": {
        "setup.cfg": "[tool:pytest]\nnorecursedirs = .*\n    build\naddopts = -q\n"
    },
    "tsc, which leaves out dots": {"tsconfig.json": "{}"},
    "a package that is broken": {"package.json": "{"},
    "nothing": {},
}


def found(root: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        (root / name).write_text(text)
    return [problem.message.split()[0] for problem in find_lookers(Layout(root))]


@pytest.mark.parametrize("case", LOOKS)
def test_a_tool_that_would_look_is_named(tmp_path: Path, case: str) -> None:
    assert found(tmp_path, LOOKS[case]) == [case.split()[0]]


@pytest.mark.parametrize("case", LOOKS_NOT)
def test_one_that_would_not_is_left_alone(tmp_path: Path, case: str) -> None:
    assert found(tmp_path, LOOKS_NOT[case]) == []
