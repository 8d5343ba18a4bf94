"""Which prompts there are: those of the files, and those whose files are gone, or are other prompts' by now. Pure.

A number is one prompt for ever. Who has it is told by its last attempt, which keeps title and file that it was given;
where none was made, by what the log was told of prompts that have ended.
"""

from collections.abc import Callable, Iterator, Mapping

from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt, PromptStatus
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import clip, plain

_TITLE = 60
"""Columns that a title gets in a message."""
_CAME_TO = {
    StepState.CHANGE_OPEN: "its change is open",
    StepState.FAILED: "it failed",
    StepState.BLOCKED: "it is held",
    StepState.PENDING: "its work came back",
}
_NOTHING: Mapping[int, Any] = {}


class Known(NamedTuple):
    """What is known of prompts besides their files."""

    attempts: Mapping[int, Attempt]
    """The last one of each prompt."""
    given: Callable[[Attempt], Prompt]
    """The prompt as an attempt was given it."""
    ended: Mapping[int, Prompt] = _NOTHING
    """Prompts without an attempt that the log was told of as done or cancelled."""
    waiting: Mapping[int, Prompt] = _NOTHING
    """Prompts without an attempt that the log was told of last as there, and not begun."""
    given_up: Mapping[int, int] = _NOTHING
    """By prompt: the newest attempt at the time when a human cancelled it."""
    clean: Callable[[str], str] = str
    """Takes secrets out of a text, as was done with all that attempts keep."""
    unusable: frozenset[int] = frozenset()
    """Numbers whose files are there, and can't be used."""
    run: str = ""
    """The run that has not ended, if there is one."""
    highest: int = 0
    """Highest number ever used."""


@dataclass(frozen=True, slots=True)
class Register:
    prompts: Mapping[int, Prompt]
    """By number, ascending; those that have no file of their own by now are `lost`."""
    problems: tuple[Problem, ...] = ()
    displaced: int = 0
    """Files that are not run, since their number is another prompt's."""


def register(files: Mapping[int, Prompt], known: Known) -> Register:
    """Join what the files say with what is known: the files as they are, where nothing contradicts them."""
    vanished = _vanished(files, known)
    needed = frozenset(d for prompt in (*files.values(), *vanished.values()) for d in prompt.dependencies)
    kept: dict[int, Prompt] = {}
    gone: list[Problem] = []
    takers: list[tuple[Prompt, Prompt]] = []
    for number, attempt in known.attempts.items():
        file = files.get(number)
        if file is None and _stays(attempt, known, needed):
            lost = "unusable" if number in known.unusable else "gone"
            kept[number] = _as_kept(attempt, known, lost)
            if lost == "gone" and attempt.state is not StepState.MERGED:
                gone.append(_gone(kept[number], attempt))
        elif file is not None and is_another(file, attempt, known.clean):
            kept[number] = _as_kept(attempt, known, "another")
            takers.append((file, kept[number]))
    for number, before in known.ended.items():
        file = files.get(number)
        if (
            file is not None
            and number not in known.attempts
            and not file.status.ended
            and not _same(file, before.title, str)
        ):
            kept[number] = replace(before, path=file.path, lost="another")
            takers.append((file, kept[number]))
    for number, waits in vanished.items():
        kept[number] = replace(waits, lost="gone")
        gone.append(_gone(kept[number], None))
    if not kept:
        return Register(files)
    problems = (*gone, *_taken(sorted(takers, key=lambda pair: pair[0].number), known))
    return Register(dict(sorted({**files, **kept}.items())), problems, len(takers))


def is_another(file: Prompt, attempt: Attempt, clean: Callable[[str], str] = str) -> bool:
    """The file is another prompt than the one that the attempt was made for.

    Another title makes it one, unless the loop has written that attempt into the file since, which it does not do with
    a file that is somebody else's: then it was given another title. Of what is merged a pending file is another one all
    the same, also one of its title under another name: nothing that is done is ever pending again.
    """
    merged = attempt.state is StepState.MERGED
    renewed = merged and file.status is PromptStatus.PENDING and file.path != (attempt.prompt_file or file.path)
    if not attempt.title or (_same(file, attempt.title, clean) and not renewed):
        return False
    if merged:
        marked = file.status is PromptStatus.IN_PROGRESS and file.attempts >= attempt.attempt
        return file.status is not PromptStatus.DONE and not marked
    return file.attempts < attempt.attempt


def _same(file: Prompt, title: str, clean: Callable[[str], str]) -> bool:
    return title == file.title or _words(title) == _words(file.title) or _words(title) == _words(clean(file.title))


def _words(title: str) -> str:
    return " ".join(title.casefold().split())


def _stays(attempt: Attempt, known: Known, needed: frozenset[int]) -> bool:
    """An attempt without a usable file is still one: until it has merged, or has ended and a human gave it up."""
    if attempt.state.under_way:
        return True
    if attempt.state is StepState.MERGED:
        return attempt.prompt in needed
    return attempt.run == known.run and known.given_up.get(attempt.prompt, 0) < attempt.attempt


def _vanished(files: Mapping[int, Prompt], known: Known) -> Mapping[int, Prompt]:
    """Prompts that have not begun and went together with the file of an attempt of this run.

    A file that somebody deletes takes its prompt out of the plan; but files that go together were carried off, by a
    switch of branches or a stash, and the plan is not what is left.
    """
    if not known.run or all(n in files for n, attempt in known.attempts.items() if attempt.run == known.run):
        return {}
    missing = known.waiting.keys() - files.keys() - known.attempts.keys() - known.given_up.keys() - known.unusable
    return {number: known.waiting[number] for number in sorted(missing)}


def _as_kept(attempt: Attempt, known: Known, lost: str) -> Prompt:
    """The prompt as the attempt was given it, with what has become of it since."""
    prompt = replace(known.given(attempt), lost=lost, attempts=attempt.attempt, commits=(), status_word="")
    if attempt.state is StepState.MERGED:
        return replace(prompt, status=PromptStatus.DONE, commits=attempt.commits)
    given_up = not attempt.state.under_way and known.given_up.get(attempt.prompt, 0) >= attempt.attempt
    return replace(prompt, status=PromptStatus.CANCELLED if given_up else PromptStatus.IN_PROGRESS)


def _gone(prompt: Prompt, attempt: Attempt | None) -> Problem:
    what = "it has not begun" if attempt is None else _CAME_TO.get(attempt.state, f"{attempt.agent} is at work on it")
    number, path = prompt.number, plain(prompt.path)
    return Problem(
        path,
        0,
        "file-gone",
        f"the file of prompt {prompt.label} is gone, and {what}: that ends nothing",
        f"bring it back, e.g. `git checkout -- {path}`; or give it up: coord cancel {number} --kill-running",
        (number,),
    )


def _taken(takers: list[tuple[Prompt, Prompt]], known: Known) -> Iterator[Problem]:
    for further, (file, owner) in enumerate(takers, 1):
        title = clip(plain(owner.title), _TITLE)
        message = f"the number {owner.label} is that of another prompt, “{title}”: this one is not run"
        free = f"{known.highest + further:02d}"
        remedy = f"give it the next free number, {free}, in its name and as `number: {int(free)}`"
        yield Problem(plain(file.path), 0, "number-taken", message, remedy, (file.number,))
