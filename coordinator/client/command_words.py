"""What was asked for, as the words of `coord` that ask for the same: a request becomes words here alone. Pure."""

from collections.abc import Callable, Mapping, Sequence
from shlex import join, quote

from coordinator.client.ports import Wish
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.own_command import Ready
from coordinator.model.plan import Plan
from coordinator.model.review_comment import Comment
from coordinator.model.snapshot import Agent
from coordinator.services.compounding import Take
from coordinator.services.edit import Edit
from coordinator.services.inputs import Input, Kind
from coordinator.services.registry import SERVICES
from coordinator.services.review import ReviewRequest


class Command(NamedTuple):
    """A command line; empty where no single one does the same."""

    words: tuple[str, ...] = ()
    """After `coord`."""
    stdin: str | None = None
    """What it reads: a text of many lines."""

    def __str__(self) -> str:
        """As it is typed in a shell."""
        if not self.words:
            return ""
        given = f"printf %s {quote(self.stdin)} | " if self.stdin is not None else ""
        return f"{given}{join(('coord', *self.words))}"


class Own(NamedTuple):
    """A command of one's own, which is none of `coord`."""

    ready: Ready

    def __str__(self) -> str:
        """As it is typed in a shell: the very words that ran, in the folder where they did."""
        return f"(cd {quote(self.ready.folder)} && sh -c {quote(self.ready.words)})"


def _words(*words: str) -> Command:
    return Command(words)


def of_plan(plan: Plan) -> Command:
    """The command that makes a plan like this one."""
    if plan.undoes is not None:
        return _words("undo", plan.undoes)
    match plan.asked:
        case None:
            return Command()
        case ReviewRequest() as asked:
            return _words("review", *_verdict(asked))
        case Take() as asked:
            words = [word for each in asked.ids for word in _option("take", each)]
            words += ["--all"] if asked.every else []
            return _words("compound", *words, *_text("words", asked.words), *_text("reason", asked.reason))
        case Edit(source=bytes()) as asked:
            return _words("edit", str(asked.number))
    return of_request(plan.service, plan.asked)


def of_request(service: str, request: Any) -> Command:
    """The command of a service with what is in a request: what is as it is by itself is left out."""
    words: list[str] = []
    places: list[str] = []
    stdin = None
    for each in SERVICES[service].inputs:
        value = getattr(request, each.name)
        if each.about.option is None:
            continue
        if each.kind is Kind.PROMPT:
            places.append(getattr(request, "agent", "") or str(value))
        elif each.about.argument:
            places.append(str(value))
        elif _left_out(each, value):
            continue
        elif each.about.file:
            words += _option(_name(each), "-")
            stdin = value
        else:
            words += _given(each, value)
    return Command((service, *places, *words), stdin)


def _left_out(asked: Input, value: Any) -> bool:
    return value is None or value == asked.default or (asked.kind is not Kind.FLAG and not value)


def _given(asked: Input, value: Any) -> list[str]:
    """The option for one thing that is asked for."""
    name = _name(asked)
    match asked.kind:
        case Kind.FLAG:
            return [f"--{name}"]
        case Kind.PROMPTS | Kind.NOTES:
            return _option(name, ",".join(map(str, value)))
        case Kind.TEXTS:
            return [word for text in value for word in _option(name, text)]
        case Kind.VALUES:
            return [word for key, text in value.items() for word in _option(name, f"{key}={text}")]
    return [f"--{value}"] if asked.about.flags else _option(name, str(value))


def _name(asked: Input) -> str:
    return (asked.about.option or asked.name).replace("_", "-")


def _option(name: str, value: str) -> list[str]:
    return [f"--{name}", value]


def _text(name: str, value: str) -> list[str]:
    return _option(name, value) if value else []


def _verdict(asked: ReviewRequest) -> list[str]:
    number = str(asked.number)
    if asked.landed:
        return [number, *_option("landed", asked.landed)]
    if asked.approve:
        return [number, "--approve", *_text("note", asked.note), *_text("commit", asked.commit)]
    said = _text("reject", asked.note) or ["--send"]
    return [number, *said, *_text("commit", asked.commit)]


# ── what is asked of the screen's source besides plans


def of_call(method: str, given: Sequence[Any]) -> Command | Own | None:
    """The command for a call of `ports.Source`; None for one that changes nothing of the project."""
    make = _CALLS.get(method)
    return make(*given) if make is not None else None


def _places(*texts: str) -> tuple[str, ...]:
    """Arguments by their places, behind `--` where one looks like an option."""
    return ("--", *texts) if any(text.startswith("-") for text in texts) else texts


def _permit(agent: Agent, allow: bool, reason: str) -> Command:
    return _words("permit", agent.handle, "--allow" if allow else "--deny", *_text("reason", "" if allow else reason))


def _finding(number: int, fate: str, words: str) -> Command:
    item = str(number)
    match fate:
        case "prompt":
            return _words("feedback", "plan", item)
        case "priority":
            return _words("feedback", "priority", item, words.strip().casefold())
    return _words("feedback", "reopen" if fate == "open" else fate, item, *_text("reason", words))


def _milestone(status: str, reason: str) -> Command:
    return _words("milestone", "close" if status == "done" else "reopen", *_text("reason", reason))


def _comment(number: int, comment: Comment) -> Command:
    return _words("review", str(number), "--comment", comment.place, comment.text)


_WISHES = {
    Wish.START: ("loop", "--detach"),
    Wish.PAUSE: ("pause",),
    Wish.RESUME: ("resume",),
    Wish.STOP: ("stop",),
}
_CALLS: Mapping[str, Callable[..., Command | Own]] = {
    "apply": of_plan,
    "answer": lambda question, text: _words("answer", *_places(question, text)),
    "permit": _permit,
    "tell": lambda agent, text: _words("tell", *_places(agent.handle, text)),
    "ask_loop": lambda wish: Command(_WISHES[wish]),
    "give_trust": lambda asked: _words("trust", "--yes"),
    "judge_finding": _finding,
    "run_witness": lambda criterion, command: _words("witnesses", "--run", criterion),
    "accept_criterion": lambda criterion, reason: _words("accept", criterion, *_option("reason", reason)),
    "link": lambda ref: _words("link", *_places(ref)),
    "decide": lambda text: _words("decide", *_places(text)),
    "set_milestone": _milestone,
    "comment": _comment,
    "run_command": Own,
}
