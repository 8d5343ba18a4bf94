"""What is accepted has an effect, or `coord validate` names it."""

import ast
from functools import cache
from pathlib import Path

import pytest
from support.project import project, prompt_text

from coordinator.formats import prompt_schema
from coordinator.lazy.dataclass import fields
from coordinator.storage.config import Config
from coordinator.storage.unused import NAMED

ROOT = Path(__file__).resolve().parents[2]
DECLARED = ("artifacts/schema.py", "config.py", "model/prompt.py", "artifacts/unused.py", "services/edit.py")
"""Where keys are declared and typed, which is no effect."""
BY_PROPERTY = {
    **dict.fromkeys(
        ("retry_backoff", "stuck_after", "require_criteria", "max_attempts", "timeout", "warm"), "settings"
    ),
    **{f"{of}budget_{what}": "settings" for of in ("", "run_") for what in ("tokens", "cost", "time")},
}
"""Settings that the rules of the loop are given by `Config.settings`, under their own or a common name."""


RECORDS = ("created_by",)
"""Keys that only say something to people: who wrote a prompt."""


@cache
def used() -> set[str]:
    """Every attribute that is read anywhere but where keys are declared."""
    names = set()
    for part in ("coordinator", "tui"):
        for path in (ROOT / part).rglob("*.py"):
            if not path.as_posix().endswith(DECLARED):
                tree = ast.parse(path.read_text())
                names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names


@pytest.mark.parametrize("key", prompt_schema._READERS)
def test_every_key_of_a_prompt_has_an_effect_or_is_named(key: str) -> None:
    assert key in used() or key in NAMED or key in RECORDS


@pytest.mark.parametrize("key", [field.name for field in fields(Config)])
def test_every_setting_has_an_effect(key: str) -> None:
    assert key in used() or BY_PROPERTY[key] in used()


def test_validate_names_what_has_no_effect(tmp_path: Path) -> None:
    with project(tmp_path, {1: []}) as made:
        assert made.coord("validate").returncode == 0
        made.add(2, skills="[tdd]")
        (made.layout.flows / "deeper").mkdir(parents=True)
        (made.layout.flows / "EXECUTION.md").write_text("Work.\n")
        (made.layout.flows / "polish.md").write_text("---\nrole: stage\n---\nPolish.\n")
        (made.layout.flows / "deeper" / "build.md").write_text("Build.\n")
        done = made.coord("validate")
        assert done.returncode == 0
        assert ".coord/prompts/02-planned-prompt-2.prompt.md:10  no-effect (warning)  `skills`" in done.stdout
        for name in ("flows/polish.md", "flows/deeper/build.md"):
            assert f".coord/{name}  no-effect (warning)" in done.stdout
        assert "EXECUTION.md  no" not in done.stdout
        made.add(3, pipeline="nonesuch")
        done = made.coord("validate", check=False)
        assert done.returncode == 1
        assert "there is no pipeline `nonesuch`: the prompt can't start" in done.stdout
        assert "without the line one agent works on it" in done.stdout


def test_an_agent_that_there_is_none_of_is_named(tmp_path: Path) -> None:
    with project(tmp_path, {}) as made:
        made.add(1, agent="nonesuch")
        made.add(2, agent="scripted")
        done = made.coord("validate", check=False)
        assert done.returncode == 1
        assert "01-planned-prompt-1.prompt.md:10  no-agent  there is no agent `nonesuch`" in done.stdout
        assert done.stdout.count("no-agent") == 1


def test_of_what_is_done_nothing_is_asked(tmp_path: Path) -> None:
    with project(tmp_path, {}) as made:
        path = made.layout.prompts / "01-planned-a.prompt.md"
        path.write_text(prompt_text(1, skills="[tdd]", pipeline="staged").replace("status: pending", "status: done"))
        assert "no-effect" not in made.coord("validate", check=False).stdout
