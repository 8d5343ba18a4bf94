"""The file of a flow: frontmatter with its contract, and the words that its agent is told."""

from collections.abc import Iterator

from coordinator.formats.flat_yaml import Nested, Value
from coordinator.formats.frontmatter import Frontmatter, parse_split, split
from coordinator.formats.prompt_schema import MODEL_REMEDY, is_model
from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple
from coordinator.model.contract import wrong_words
from coordinator.model.flow import FILES, ROLES, Flow
from coordinator.model.problem import Problem
from coordinator.model.text import clip, plain

_HEADING = regex.compile(r"^# +(.+?) *#* *$", 8)  # 8: re.MULTILINE
_LISTS = ("reads", "writes", "outputs")
_WORDS = ("role", "resume", "agent", "model")
_RESUME = ("fresh", "session")
_TITLE = 100


class FlowFile(NamedTuple):
    """What a file says."""

    flow: Flow | None
    """None: it can't be one."""
    problems: tuple[Problem, ...] = ()


def read(data: bytes, path: str, name: str, *, own: bool = False) -> FlowFile:
    """A flow from its file; never raises. The one of a role may do without frontmatter: its name says whose it is."""
    parts = split(data, path)
    front = parts if isinstance(parts, Problem) else parse_split(parts, data, path)
    if isinstance(parts, Problem) or isinstance(front, Problem):
        problem = parts if isinstance(parts, Problem) else front
        assert isinstance(problem, Problem)
        if name not in FILES or problem.code != "no-frontmatter":
            return FlowFile(None, (problem,))
        text = data.decode("utf-8", "replace")
        return FlowFile(Flow(name, name, text, path, title_of(text, name), own=own))
    body = parts.text[parts.body :]
    found = tuple(_wrong(front, path, name))
    if any(not problem.warning for problem in found):
        return FlowFile(None, found)
    values = front.values
    flow = Flow(
        name,
        _text(values.get("role")) or name,
        body,
        path,
        title_of(body, name),
        reads=_texts(values.get("reads")),
        writes=_texts(values.get("writes")),
        outputs=_texts(values.get("outputs")),
        resume=_text(values.get("resume")) or "fresh",
        agent=_text(values.get("agent")),
        model=_text(values.get("model")),
        own=own,
    )
    return FlowFile(flow, found)


def _wrong(front: Frontmatter, path: str, name: str) -> Iterator[Problem]:
    """What is wrong with a contract; an error is what keeps it from being one."""
    values, lines = front.values, front.lines
    role = _text(values.get("role"))
    if not role and name not in FILES:
        yield Problem(path, 1, "no-role", "it does not say whose flow it is", "write `role: specialist`")
    elif role and role not in ROLES:
        message = f"there is no role `{plain(clip(role, 40))}`"
        yield Problem(path, lines["role"], "bad-role", message, f"one of {', '.join(ROLES)}")
    elif role and name in FILES and role != name:
        message = f"a file of this name is the flow of every {name}"
        yield Problem(path, lines["role"], "bad-role", message, f"write `role: {name}`, or call the file otherwise")
    resume = _text(values.get("resume"))
    if resume and resume not in _RESUME:
        message = f"resume: not one of {', '.join(_RESUME)}"
        yield Problem(path, lines["resume"], "bad-resume", message, "correct it, or leave the line out")
    model = _text(values.get("model"))
    if model and not is_model(model):
        message = f"model: `{plain(clip(model, 40))}` is no name of a model"
        yield Problem(path, lines["model"], "bad-model", message, MODEL_REMEDY)
    reads, writes, outputs = (_texts(values.get(key)) for key in _LISTS)
    declared = Flow(name, role or name, "", path, reads=reads, writes=writes, outputs=outputs)
    for key, message, remedy in wrong_words(declared):
        yield Problem(path, lines[key], f"bad-{key}", f"{key}: {message}", remedy)
    for key in values:
        if key not in (*_WORDS, *_LISTS):
            from difflib import get_close_matches

            nearest = get_close_matches(key, (*_WORDS, *_LISTS), 1)
            remedy = f"did you mean `{nearest[0]}`?" if nearest else f"it may have {', '.join((*_WORDS, *_LISTS))}"
            message = f"`{plain(clip(key, 40))}` says nothing in a flow"
            yield Problem(path, lines[key], "unknown-key", message, remedy, warning=True)


def title_of(body: str, name: str) -> str:
    """The first heading of a text; without one the name."""
    found = _HEADING.search(body)
    return clip(plain(found[1]), _TITLE) if found is not None else name


def _text(value: Value | None) -> str:
    return " ".join(value.split()) if isinstance(value, str) and not isinstance(value, Nested) else ""


def _texts(value: Value | None) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if _text(value) else ()
    return tuple(value or ())
