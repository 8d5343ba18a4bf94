"""The settings of staged prompts, in layers: defaults, the user's, the project's, and the prompt's own.

Below those of the user and of the project are the ones that each has for staged subagents.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.formats.frontmatter import split
from coordinator.formats.nested_yaml import Tree, read_nested
from coordinator.formats.stage_plan import PlanFile, brought
from coordinator.formats.yaml_reader import YamlError
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.staged_config import merged
from coordinator.model.staged_phases import SKIP, STAGES
from coordinator.model.text import clip, plain
from coordinator.storage.files import read_limited
from coordinator.storage.paths import Layout, config_folder

CONFIG = ".claude/subagents-config.json"
"""Where staged subagents keep their settings, below a project's root or a home."""
KEY = "stages"
"""Of a prompt's frontmatter: what its own stages are to be like."""
LIMIT = 64 * 1024
"""Bytes of a file of settings."""


class StagedSettings(NamedTuple):
    """What holds for a prompt."""

    values: dict[str, Any]
    """As JSON has them; what is wrong in a layer is left out."""
    problems: tuple[Problem, ...]


class _Layer(NamedTuple):
    path: str
    """For people."""
    tree: Tree
    below: tuple[str, ...] = ()
    """Where in the tree its settings begin."""
    others: bool = False
    """Another tool's: what is not understood of it does no harm."""


def read_settings(layout: Layout, pipeline: str, prompt: Prompt | None = None) -> StagedSettings:
    """The settings of a pipeline of stages, and of a prompt that it works on; never raises."""
    layers: list[_Layer] = []
    problems: list[Problem] = []
    own = layout.pipelines / f"{pipeline}.yaml"
    for path, shown in (
        (_home() / CONFIG, f"~/{CONFIG}"),
        (_users(), plain(str(_users()))),
        (layout.root / CONFIG, CONFIG),
        (own, plain(layout.rel(own))),
    ):
        found = _of_others(path, shown) if shown.endswith(CONFIG) else _read(path, shown)
        (problems if isinstance(found, Problem) else layers).append(found)  # type: ignore[arg-type]
    if prompt is not None and KEY in prompt.extra:
        found = _of_prompt(prompt)
        (problems if isinstance(found, Problem) else layers).append(found)  # type: ignore[arg-type]
    taken = merged({KEY: layer.tree.value.get(KEY)} if layer.below else layer.tree.value for layer in layers)
    for number, wrong in taken.wrong:
        layer = layers[number]
        line = layer.tree.line(*wrong.path)
        numbers = (prompt.number,) if layer.below and prompt is not None else ()
        problems.append(
            Problem(
                layer.path,
                line,
                "bad-stages",
                wrong.message,
                wrong.remedy,
                numbers,
                warning=wrong.warning or layer.others,
            )
        )
    return StagedSettings(taken.values, tuple(problems))


def require_settings(layout: Layout, pipeline: str, prompt: Prompt) -> dict[str, Any]:
    """The same for a prompt that begins. CoordError for the first thing that is wrong in a layer."""
    settings = read_settings(layout, pipeline, prompt)
    for problem in settings.problems:
        if not problem.warning:
            raise CoordError(f"{problem.path}, line {problem.line}: {problem.message}", problem.remedy)
    return settings.values


def wrong_settings(layout: Layout, pipelines: Iterable[str], prompts: Iterable[Prompt]) -> Iterator[Problem]:
    """What is wrong with the files of these pipelines, and with what these prompts say of their stages."""
    seen = {problem: None for name in pipelines for problem in read_settings(layout, name).problems}
    for prompt in prompts:
        seen |= dict.fromkeys(read_settings(layout, prompt.pipeline, prompt).problems)
        plan = plan_of(prompt)
        seen |= dict.fromkeys(plan.problems if plan is not None else ())
        try:
            skipped_stages(prompt)
        except CoordError as error:
            seen[Problem(prompt.path, 1, "bad-stages", error.message, error.remedy, (prompt.number,))] = None
    yield from seen


def plan_of(prompt: Prompt) -> PlanFile | None:
    """The plan that a prompt brings in its body; None: a stage of its own makes one."""
    parts = split(prompt.source, prompt.path)
    return None if isinstance(parts, Problem) else brought(parts.text, prompt.path, parts.body)


def skipped_stages(prompt: Prompt) -> tuple[str, ...]:
    """Stages that a prompt leaves out. CoordError for a name that is none."""
    words = {word.strip() for word in prompt.extra.get(SKIP, "").strip("[]").split(",")} - {""}
    for word in sorted(words - set(STAGES)):
        raise CoordError(f"{SKIP}: there is no stage `{clip(plain(word), 40)}`", f"one of {', '.join(STAGES)}")
    return tuple(stage for stage in STAGES if stage in words)


def _users() -> Path:
    return config_folder() / "staged.yaml"


def _home() -> Path:
    return Path(os.path.expanduser("~"))


def _of_others(path: Path, shown: str) -> _Layer | Problem:
    """The settings of staged subagents, where a project or a user has them; what is none of that is a warning."""
    from coordinator.formats.foreign.subagents import as_settings, config_values

    try:
        values = config_values(read_limited(path, LIMIT), shown)
    except (FileNotFoundError, NotADirectoryError):
        return _Layer(shown, Tree({}, {}))
    except (OSError, CoordError) as error:
        message = error.message if isinstance(error, CoordError) else (error.strerror or "unreadable").lower()
        return Problem(shown, 0, "unreadable", message, "check the file and its permissions", warning=True)
    if isinstance(values, Problem):
        return replace(values, warning=True)
    return _Layer(shown, Tree(as_settings(values), {}), others=True)


def _read(path: Path, shown: str) -> _Layer | Problem:
    try:
        text = read_limited(path, LIMIT).decode()
    except (FileNotFoundError, NotADirectoryError):
        return _Layer(shown, Tree({}, {}))
    except UnicodeDecodeError:
        return Problem(shown, 1, "not-utf8", "it is not UTF-8", "save the file as UTF-8")
    except (OSError, CoordError) as error:
        message = error.message if isinstance(error, CoordError) else (error.strerror or "unreadable").lower()
        return Problem(shown, 0, "unreadable", message, "check the file and its permissions")
    return _tree(text, 1, shown)


def _of_prompt(prompt: Prompt) -> _Layer | Problem:
    parts = split(prompt.source, prompt.path)
    if isinstance(parts, Problem):
        return parts
    found = _tree(parts.yaml, 2, prompt.path)
    return found._replace(below=(KEY,)) if isinstance(found, _Layer) else found


def _tree(text: str, first_line: int, shown: str) -> _Layer | Problem:
    try:
        return _Layer(shown, read_nested(text, first_line))
    except YamlError as error:
        return Problem(shown, error.line, error.code, error.message, error.remedy)
