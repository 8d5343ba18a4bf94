"""What the keys of a prompt's frontmatter mean: YAML texts, typed strictly in sense and forgivingly in spelling."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache

from coordinator.formats.flat_yaml import Nested, Value
from coordinator.formats.frontmatter import Frontmatter
from coordinator.formats.markdown import bare_word, words_of
from coordinator.lazy import regex
from coordinator.lazy.typing import Any
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority, Prompt, PromptStatus, PromptType
from coordinator.model.text import clip, plain
from coordinator.model.work import DIRECT, is_pipeline_name

_NAME = regex.compile(r"0*(\d{1,9})(?!\d)")
_REFERENCE = regex.compile(
    r"(?:.*/)?(?:#|prompt[-: #]*)?0*(\d{1,9})(?!\d|-\d+$|\.\d)(?:[-_. ].*)?", re.IGNORECASE | re.DOTALL
)
_BEGINNING = regex.compile(r"\d+(?:[-_ ](?:planned|emergent|user-patch|review-fix)(?=[-_ ]))?")
_ENDING = regex.compile(r"(?:-done)?(?:\.prompt)?(?:-done)?\.md(?:-done)?$", re.IGNORECASE)
_HEADING = regex.compile(r"^# +(\S.*)$", re.MULTILINE)
_HEADING_WITHIN = 8192
"""Bytes of a text in which its title is looked for."""
_SECONDS = regex.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(s|sec|m|min|h)?")
_UNITS = {None: 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_AGENT = regex.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MODEL = regex.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/@+\[\]-]{0,199}")
"""It becomes a word of a CLI's command line: never an option, never several words."""
MODEL_REMEDY = "write it as the agent's CLI calls it, such as opus or openai/gpt-5"
"""What people put around a word to make it seen: `✅ done`."""
_NOTHING = frozenset({"", "~", "null", "none"})

_STATUSES = {status.value: status for status in PromptStatus} | {
    spelling: status
    for status, spellings in {
        PromptStatus.PENDING: "todo to_do open ready queued new not_started not_yet_started unstarted",
        PromptStatus.IN_PROGRESS: "inprogress running started doing active wip work_in_progress ongoing",
        PromptStatus.DONE: "complete completed finished merged closed success succeeded implemented shipped",
        PromptStatus.FAILED: "fail failure error errored",
        PromptStatus.BLOCKED: "on_hold paused deferred",
        PromptStatus.CANCELLED: "canceled cancel deleted skipped dropped abandoned eliminated obsolete superseded "
        "wont_do",
    }.items()
    for spelling in spellings.split()
}
_TYPES = {type_.value.replace("-", "_"): type_ for type_ in PromptType}
_PRIORITIES = {priority.value: priority for priority in Priority} | {"med": Priority.MEDIUM, "normal": Priority.MEDIUM}
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "": False}


Find = Callable[[str], int | None]
"""The number of the prompt that is called so, if there is one."""


class BadValue(Exception):
    """The value of a key is not what the key is for."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


def number_in_name(name: str) -> int | None:
    """7 for `07-planned-x.prompt.md` and `07.md`; None when the file name starts with no number, or with 0."""
    match = _NAME.match(name)
    return int(match[1]) or None if match else None


def to_prompt(
    front: Frontmatter, path: str, source: bytes, digest: str, *, find: Find = lambda _: None, foreign: bool = False
) -> Prompt | Problem:
    """Type the values of a prompt file; the first that can't be typed is the problem of the file.

    `find` knows prompts by name. `foreign`: it was written for another harness, whose types and priorities are its own.
    """
    name = path.rpartition("/")[2]
    named = number_in_name(name)
    fields: dict[str, Any] = {}
    extra: dict[str, str] = {}
    for key, value in front.values.items():
        read = _READERS.get(key)
        if read is None:
            extra[key] = value if isinstance(value, str) else f"[{', '.join(value)}]"
            continue
        try:
            fields[key] = _references(value, find) if key in _REFERENCES else read(value)
        except BadValue as bad:
            if foreign and bad.code in ("bad-type", "bad-priority", "bad-agent", "bad-model"):
                extra[key] = _shown(value)
                continue
            return Problem(path, front.lines[key], bad.code, f"{key}: {bad.message}", bad.remedy, _known(named, front))
    if foreign and (other := next((key for key in front.values if _OTHER_WORDS.get(key)), "")):
        try:
            fields.setdefault("dependencies", _references(front.values[other], find))
        except BadValue as bad:
            return Problem(
                path, front.lines[other], bad.code, f"{other}: {bad.message}", bad.remedy, _known(named, front)
            )
    for key in extra:
        meant = meant_key(key)
        if meant in _HARMFUL and meant not in fields:
            message = f"`{clip(plain(key), 40)}` is no key of a prompt, and would be ignored"
            return Problem(path, front.lines[key], "misspelled-key", message, f"write `{meant}`", _known(named, front))
    number = fields.setdefault("number", named)
    if number is None:
        return Problem(path, 1, "no-number", "the prompt has no number", "add `number: N`, or name it NN-….prompt.md")
    if named is not None and named != number:
        message = f"number: the file says {number}, its name says {named}"
        remedy = "numbers never change: correct the one that was edited"
        return Problem(path, front.lines["number"], "number-mismatch", message, remedy, _known(named, front))
    if not fields.get("title"):
        fields["title"] = _title_elsewhere(front, source) or _title_from(name)
    word = front.values.get("status", "")
    return Prompt(
        path=path,
        extra=extra,
        source=source,
        digest=digest,
        status_word=word if isinstance(word, str) else "",
        **fields,
    )


def status_of(front: Frontmatter) -> PromptStatus | None:
    """The status that a prompt's frontmatter states; None where it states none that is known."""
    with suppress(BadValue):
        found = _READERS["status"](front.values.get("status", ""))
        return found if isinstance(found, PromptStatus) else None
    return None


@cache
def meant_key(key: str) -> str | None:
    """The key that a misspelled one stands for; None for an unlike one, which may be anybody's own."""
    from difflib import get_close_matches

    plain_key = key.strip().lower().replace("-", "_").replace(" ", "_")
    close = get_close_matches(plain_key, _READERS, 1, 0.8)
    return close[0] if close else _OTHER_WORDS.get(plain_key)


def _known(named: int | None, front: Frontmatter) -> tuple[int, ...]:
    """The numbers that a bad file lays claim to: whoever depends on one of them waits for its repair."""
    numbers = [] if named is None else [named]
    with suppress(KeyError, BadValue):
        numbers.append(_number(front.values["number"]))
    return tuple(dict.fromkeys(numbers))


def bare_name(name: str) -> tuple[str, str]:
    """A file name without its endings, and that without number and type."""
    stem = _ENDING.sub("", name)
    return stem, _BEGINNING.sub("", stem).strip("-_. ")


def _title_elsewhere(front: Frontmatter, source: bytes) -> str:
    """The title where other tools write it: as `name:`, or as the first heading of the text; empty: nowhere."""
    name = front.values.get("name", "")
    if isinstance(name, str) and name.strip():
        return " ".join(name.split())
    text = source[front.body : front.body + _HEADING_WITHIN].decode("utf-8", "replace").partition("```")[0]
    found = _HEADING.search(text)
    return " ".join(words_of(found[1]).split()) if found else ""


def _title_from(name: str) -> str:
    stem, slug = bare_name(name)
    return " ".join(re.split(r"[-_ ]+", slug)).strip() or stem


def _shown(value: Value) -> str:
    return clip(plain(value if isinstance(value, str) else f"[{', '.join(value)}]"), 40)


def _text(value: Value) -> str:
    if isinstance(value, Nested) or not isinstance(value, str):
        raise BadValue("bad-value", f"`{_shown(value)}` is not a text", "write one text, in quotes if need be")
    return " ".join(value.split())


def _optional(value: Value) -> str | None:
    text = _text(value)
    return None if text.lower() in _NOTHING else text


def is_agent(name: str) -> bool:
    """Whether a prompt may name its agent so."""
    return _AGENT.fullmatch(name) is not None


def _agent(value: Value) -> str | None:
    name = _optional(value)
    if name is not None and not is_agent(name):
        raise BadValue("bad-agent", f"`{_shown(value)}` is no name of an agent", "write a name such as claude or codex")
    return name


def is_model(name: str) -> bool:
    """Whether a CLI may be given it as the name of a model."""
    return _MODEL.fullmatch(name) is not None


def _model(value: Value) -> str | None:
    name = _optional(value)
    if name is not None and not is_model(name):
        raise BadValue("bad-model", f"`{_shown(value)}` is no name of a model", MODEL_REMEDY)
    return name


def _pipeline(value: Value) -> str:
    """Whether there is one of that name is not asked here."""
    name = (_optional(value) or DIRECT).casefold().removesuffix(".md")
    if name != DIRECT and not is_pipeline_name(name):
        raise BadValue(
            "bad-value", f"`{_shown(value)}` is no name of a pipeline", "`coord pipelines` lists those there are"
        )
    return name


def _prose(value: Value) -> str | None:
    return value.strip() or None if isinstance(value, str) else _text(value)


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    text = _text(value)
    if text.lower() in _NOTHING:
        return ()
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(value: Value) -> int:
    text = _text(value)
    match = re.fullmatch(r"0*(\d{1,9})", text)
    if match is None or int(match[1]) == 0:
        raise BadValue("bad-number", f"`{_shown(value)}` is not a prompt number", "write a whole number from 1 on")
    return int(match[1])


def _count(value: Value) -> int:
    match = re.fullmatch(r"0*(\d{1,9})", _text(value) or "0")
    if match is None:
        raise BadValue("bad-value", f"`{_shown(value)}` is not a whole number", "write a whole number from 0 on")
    return int(match[1])


def _references(value: Value, find: Find) -> tuple[int, ...]:
    return tuple(dict.fromkeys([_reference(text, find) for text in _texts(value)]))


def _reference(text: str, find: Find) -> int:
    if text.isdigit() and text.isascii() and len(text) < 10 and text != "0":
        return int(text)
    named = find(text)
    if named is not None:
        return named
    match = _REFERENCE.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise BadValue("bad-dependency", f"`{_shown(text)}` names no prompt number", "write numbers: [1, 2]")
    return int(match[1])


def _choice(code: str, choices: dict[str, Any], allowed: str) -> Callable[[Value], Any]:
    def read(value: Value) -> Any:
        found = choices.get(value) if isinstance(value, str) else None
        if found is None:
            found = choices.get(bare_word(_text(value).lower().replace("'", "")).replace("-", "_").replace(" ", "_"))
        if found is None:
            raise BadValue(code, f"`{_shown(value)}` is not one of {allowed}", f"write one of {allowed}")
        return found

    return read


def seconds_of(value: Value) -> float | None:
    """A duration in seconds, of 900, 90s, 15m or 2h; None for none. Raises BadValue."""
    text = _text(value).lower()
    if text in _NOTHING:
        return None
    match = _SECONDS.fullmatch(text)
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if seconds <= 0:
        raise BadValue("bad-value", f"`{_shown(value)}` is not a duration", "write seconds, such as 900, or 15m")
    return seconds


def _names(choices: Any) -> str:
    return ", ".join(choice.value for choice in choices)


_READERS: dict[str, Callable[[Value], Any]] = {
    "number": _number,
    "title": _text,
    "type": _choice("bad-type", _TYPES, _names(PromptType)),
    "status": _choice("bad-status", _STATUSES, _names(PromptStatus)),
    "dependencies": lambda value: _references(value, lambda _: None),
    "priority": _choice("bad-priority", _PRIORITIES, _names(Priority)),
    "patches_prompts": lambda value: _references(value, lambda _: None),
    "attempts": _count,
    "commits": _texts,
    "skills": _texts,
    "validation_suites": _texts,
    "agent": _agent,
    "model": _model,
    "pipeline": _pipeline,
    "isolation": _choice("bad-value", {"worktree": "worktree", "shared": "shared"}, "worktree, shared"),
    "timeout": seconds_of,
    "hypothesis": _prose,
    "trivial": _choice("bad-value", _BOOLEANS, "true, false"),
    "created_by": _optional,
}
_REFERENCES = frozenset({"dependencies", "patches_prompts"})
_HARMFUL = frozenset({"dependencies", "status", "patches_prompts", "validation_suites", "isolation", "timeout"})
"""Keys without which a prompt would run too early, twice, unchecked or without end."""
_OTHER_WORDS = dict.fromkeys(
    ("depends_on", "depends", "dependency", "deps", "needs", "requires", "after", "blocked_by"), "dependencies"
)
"""What other tools call it."""
