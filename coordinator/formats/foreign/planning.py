"""Planning folders of all-hands: `.planning/BRANCH/` with a status, prompts and an alignment document. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from coordinator.formats import frontmatter
from coordinator.formats.imports.text import decoded, one_line
from coordinator.formats.prompt_schema import status_of
from coordinator.formats.yaml_reader import YamlError
from coordinator.formats.yaml_tree import read_tree
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.model.foreign_run import ForeignRun, ForeignStep
from coordinator.model.problem import Problem
from coordinator.model.prompt import PromptStatus
from coordinator.model.text import amount, plain

FOLDER, STATUS, ALIGNMENT, PROMPTS = ".planning", "status.yaml", "alignment.md", "prompts"
STAGES = ("planning", "executing", "reviewing", "pr", "compound", "steering")
_UNUSUAL = regex.compile(r"[^A-Za-z0-9_-]")
_ALIGNED = ("validation_gaps_accepted", "core_consolidation")
"""What its alignment document says of itself in front."""


def folder_of(branch: str) -> str:
    """What the folder of a branch is called: `release-1-2` of `release/1.2`."""
    return _UNUSUAL.sub("-", branch)


def read_folder(place: str, status: bytes, alignment: bytes | None, prompts: Mapping[str, bytes]) -> ForeignRun | None:
    """A planning folder; `prompts`: the files of its prompts, by name. None for another tool's. Never raises."""
    path = f"{place}/{STATUS}"
    values = _values(status, path)
    if isinstance(values, Problem):
        return ForeignRun("all-hands", place.rpartition("/")[2], place, problems=(values,))
    if not {"spec", "stage"} & values.keys():
        return None
    loop = values.get("loop")
    iteration = _text(loop, "iteration") if isinstance(loop, dict) else ""
    counted = _counted(prompts)
    left = sum(count for state, count in counted.items() if not state.ended)
    stage = _text(values, "stage")
    return ForeignRun(
        "all-hands",
        place.rpartition("/")[2],
        place,
        title=one_line(_text(values, "name")) or one_line(_text(values, "spec")),
        status=stage,
        at=amount(len(prompts), "prompt"),
        started=_text(values, "created"),
        updated=_text(values, "updated"),
        iterations=int(iteration) if iteration.isascii() and iteration.isdigit() and len(iteration) < 6 else None,
        steps=tuple(_steps(counted)),
        left=left,
        notes=tuple(_notes(values, alignment)),
        mismatches=tuple(_mismatches(place, values, stage)),
    )


def _values(data: bytes, path: str) -> dict[str, Any] | Problem:
    text = decoded(data, path)
    if isinstance(text, Problem):
        return text
    try:
        return read_tree(text.removeprefix("\ufeff"))
    except YamlError as error:
        return Problem(plain(path), error.line, error.code, error.message, error.remedy)


def _counted(prompts: Mapping[str, bytes]) -> dict[PromptStatus, int]:
    """How many prompts say what of themselves; one that is deleted counts as cancelled."""
    counts: dict[PromptStatus, int] = {}
    for name, data in prompts.items():
        front = frontmatter.parse(data, name, mend=True)
        state = None if isinstance(front, Problem) else status_of(front)
        counts[state or PromptStatus.PENDING] = counts.get(state or PromptStatus.PENDING, 0) + 1
    return counts


def _steps(counted: Mapping[PromptStatus, int]) -> Iterator[ForeignStep]:
    for state in PromptStatus:
        if count := counted.get(state, 0):
            yield ForeignStep("prompts", state.value, str(count))


def _notes(values: Mapping[str, Any], alignment: bytes | None) -> Iterator[str]:
    for key in ("branch", "spec"):
        if text := _text(values, key):
            yield f"{key} {text}"
    request = values.get("pr")
    if isinstance(request, dict) and _text(request, "url"):
        yield f"pull request {_text(request, 'url')}"
    loop = values.get("loop")
    if isinstance(loop, dict) and _text(loop, "parallel"):
        yield f"parallel {_text(loop, 'parallel')}"
    front = frontmatter.parse(alignment, ALIGNMENT, mend=True) if alignment is not None else None
    if isinstance(front, frontmatter.Frontmatter):
        for key in _ALIGNED:
            value = front.values.get(key, "")
            if told := value if isinstance(value, str) else ", ".join(value):
                yield f"{key.replace('_', ' ')}: {one_line(told)}"


def _mismatches(place: str, values: Mapping[str, Any], stage: str) -> Iterator[str]:
    branch, folder = _text(values, "branch"), place.rpartition("/")[2]
    if branch and folder_of(branch) != folder:
        yield f"{place} is the folder of {plain(folder)}, and says that it is of the branch {plain(branch)}"
    if stage and stage not in STAGES:
        yield f"{place}/{STATUS} is at `{plain(stage)}`, which is none of {', '.join(STAGES)}"


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, "")
    return str(value).strip() if isinstance(value, str) else ""


def read_names(names: Sequence[str]) -> list[str]:
    """Of the names in a folder of prompts those that are prompts."""
    return [name for name in names if name.endswith(".md")]
