"""Events in words: who, a word for what, and the point of it, as they stand on the screen and in `coord log`.

This is also where the keys of `data` are written down: the functions below read those which each kind carries. None
of them is relied on. Whatever is missing is left out, and whatever is there is untrusted.
"""

import re
from collections.abc import Callable, Mapping

from coordinator.lazy.dataclass import dataclass
from coordinator.model.event import NO_TERMINAL, Event
from coordinator.model.text import amount, plain

_LONGEST = 1000
"""Characters of any one value; an event may carry a megabyte."""
_BRIEF = 200
"""Characters of each line that is left of a text of several."""

_WAITS = ("total", "questions", "permissions", "reviews")
"""What is told of time that waited for a human."""

_WORDS = {
    "intent.set": "intent",
    "milestone.status": "milestone",
    "question.asked": "question",
    "question.assumed": "assumed",
    "run.asked": "question",
    "question.answered": "answer",
    "change.approved": "approved",
    "change.rejected": "rejected",
    "permission.answered": "permission",
    "agent.told": "told",
    "trust.given": "trusted",
    "decision.recorded": "decision",
    "artifact.produced": "artifact",
    "attachment.added": "attached",
    "prompt.created": "created",
    "prompt.edited": "edited",
    "prompt.cancelled": "cancelled",
    "plan.applied": "applied",
    "plan.undone": "undone",
    "feedback.filed": "feedback",
    "feedback.planned": "feedback",
    "feedback.waived": "waived",
    "verdict.given": "verdict",
    "learning.noted": "learned",
    "learning.delivered": "learnings",
    "planner.decided": "planned",
    "handoff.given": "handoff",
    "step.failed": "failed",
    "step.merged": "merged",
    "access.denied": "denied",
    "conflict.detected": "conflict",
}


@dataclass(frozen=True, slots=True)
class Line:
    """The three parts of a readable event. Each is safe to print on one line."""

    actor: str
    """`executor 04`, `ada`, `loop`."""
    word: str
    """At most ten characters: `decision`, `step`, `failed`, …"""
    text: str
    aside: str = ""
    """What is to be known of the actor besides: `(no terminal)`, or nothing."""

    def __str__(self) -> str:
        return "  ".join(filter(None, (self.actor, self.word, self.text, self.aside)))


def describe(event: Event) -> Line:
    """An event as the words that a person reads."""
    family, _, name = event.kind.partition(".")
    say = _SAY.get(event.kind) or _SAY.get(family) or _anything
    actor, about = actor_name(event.actor), _about(event)
    if about and actor.endswith(f" {about}"):
        about = ""  # an agent on its own prompt: its name says so
    data = {key: value for key, value in event.data.items() if key != NO_TERMINAL}
    text = say(data, about, name.replace("_", "-"))
    aside = "(no terminal)" if event.no_terminal else ""
    return Line(plain(actor), plain(_WORDS.get(event.kind, family)), plain(text).strip(), aside)


def actor_name(actor: str) -> str:
    """`executor-04-1` as people call it: `executor 04`. Other names stay as they are."""
    match = re.fullmatch(r"([a-z][a-z_-]*)-(\d+)-\d+", actor)
    return f"{match[1]} {match[2]}" if match else actor


# ── what each kind says: data, what it is about (`07`, empty for the milestone), the last part of its kind


def _text(data: Mapping[str, object], about: str, _: str) -> str:
    return _joined(" ", about, _value(data, "text", "summary", "title", "path", "ref"), _because(data))


def _question(data: Mapping[str, object], _about: str, _: str) -> str:
    options = _list(data, "options", " / ")
    return _joined("  ", _value(data, "text"), f"({options})" if options else "")


def _assumed(data: Mapping[str, object], _about: str, _: str) -> str:
    taken = _joined(" → ", _value(data, "text"), _value(data, "default"))
    risk = _value(data, "risk")
    return _joined("  ", taken, f"(risk: {risk})" if risk else "")


def _answer(data: Mapping[str, object], about: str, _: str) -> str:
    return _joined(" → ", about, _value(data, "answer", "text"))


def _intent(data: Mapping[str, object], _about: str, _: str) -> str:
    parts = (f"{key}: {_item(value)}" for key, value in data.items() if value)
    return _value(data, "summary", "text") or " · ".join(parts)


def _review(data: Mapping[str, object], about: str, _: str) -> str:
    return _joined(": ", _joined(" ", about, _attempt(data)), _value(data, "note", "comment", "reason", "text"))


def _created(data: Mapping[str, object], about: str, _: str) -> str:
    return _joined(" ", about, _value(data, "title"), _in_brackets(_value(data, "type")), _because(data))


def _edited(data: Mapping[str, object], about: str, _: str) -> str:
    return _joined(": ", about, _list(data, "changed", ", ") or _value(data, "summary", "text", "reason"))


def _plan(data: Mapping[str, object], about: str, _: str) -> str:
    summary = _value(data, "summary") or _joined(" ", _value(data, "service"), about)
    return _joined(" · because: ", summary, _value(data, "reason"))


def _feedback(data: Mapping[str, object], _about: str, _: str) -> str:
    return _joined(
        ": ", _joined(" ", _value(data, "priority"), _value(data, "category")), _value(data, "title", "text")
    )


def _feedback_became(data: Mapping[str, object], about: str, name: str) -> str:
    number = about.removeprefix("feedback:")
    about = f"{number:0>3}" if number.isdigit() else ""
    became = _value(data, "status") or name
    prompts = _list(data, "prompts", ", ")
    said = _joined(" ", about, became if became != "waived" else "", f"as prompt {prompts}" if prompts else "")
    return _joined(": ", said, _value(data, "title", "text"), _value(data, "reason"))


def _verdict(data: Mapping[str, object], _about: str, _: str) -> str:
    met = data.get("met")
    word = _value(data, "verdict") or ("met" if met is True else "not met" if met is False else "")
    return _joined(": ", word, _value(data, "text", "summary", "reason"))


def _delivered(data: Mapping[str, object], about: str, _: str) -> str:
    given = data.get("learnings")
    count = len(given) if isinstance(given, list) else 0
    return _joined(": ", _joined(" ", about, f"given {amount(count, 'learning')}"), _list(data, "learnings", " · "))


def _planner(data: Mapping[str, object], _about: str, _: str) -> str:
    return _joined(": ", _value(data, "decision"), _value(data, "reason", "summary", "text"))


def _handoff(data: Mapping[str, object], about: str, _: str) -> str:
    return _joined(": ", _joined(" ", about, _value(data, "outcome")), _value(data, "summary", "reason", "text"))


def _step(data: Mapping[str, object], about: str, state: str) -> str:
    if state in ("failed", "blocked"):
        state = "" if state == "failed" else state
        return _joined(": ", _joined(" ", about, state, _attempt(data)), _brief(_value(data, "reason")))
    before = _value(data, "from")
    change = f"{before} → {state}" if before else "" if state == "merged" else state
    commits = data.get("commits")
    count = len(commits) if isinstance(commits, list | tuple) else commits if isinstance(commits, int) else 0
    landed = f"as {_value(data, 'commit', 'merged_as')[:10]}" if _value(data, "commit", "merged_as") else ""
    size = _joined(" ", _signed(data, "added", "+"), _signed(data, "removed", "-"))
    facts = (
        _attempt(data) if state in ("dispatched", "running") else "",
        f"{count} commit{'s' * (count != 1)}" if count else "no change" if data.get("no_change") is True else "",
        size,
        landed,
        _brief(_value(data, "reason")),
    )
    return _joined("  ", _joined(" ", about, change), *facts)


def _agent(data: Mapping[str, object], about: str, state: str) -> str:
    status = _value(data, "state") if state == "status" else state
    if state == "status" and _value(data, "stuck"):
        return _joined(": ", _joined(" ", actor_name(about), "seems stuck"), _value(data, "cause"))
    code = _value(data, "status") if state == "exited" else ""
    facts = (
        f"with {code}" if code else "",
        _in_brackets(_value(data, "runtime")) if state == "started" else "",
        _value(data, "evidence") if state == "status" else "",
        _usage(data),
    )
    return _joined(": ", _joined(" ", actor_name(about), status, *facts), _value(data, "reason", "doing"))


def _usage(data: Mapping[str, object]) -> str:
    tokens, cost = data.get("tokens"), data.get("cost_usd")
    used = f"{tokens:,} tokens" if isinstance(tokens, int) else ""
    return _in_brackets(_joined(", ", used, f"${cost:.2f}" if isinstance(cost, float) else ""))


def _permission(data: Mapping[str, object], about: str, _: str) -> str:
    verdict = "allowed" if data.get("allowed") is True else "denied"
    return _joined(
        ": ", _joined(" ", verdict, actor_name(about)), _value(data, "doing", "text"), _value(data, "reason")
    )


def _told(data: Mapping[str, object], about: str, _: str) -> str:
    return _joined(": ", actor_name(about), _value(data, "text"))


def _trust(data: Mapping[str, object], _about: str, _: str) -> str:
    contents = data.get("contents")
    paths = sorted(map(_item, contents)) if isinstance(contents, Mapping) else []
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    later = "what was changed past coord" if data.get("direct") is True else "what came with a commit"
    what = later if data.get("first") is False else "this project"
    return _joined(": ", what, ", ".join(paths[:3]) + more)


def _happening(data: Mapping[str, object], about: str, name: str) -> str:
    about = "" if about.startswith("run-") else actor_name(about)
    said = _value(data, "reason", "summary", "text", "outcome", "state", "stage", "title")
    return _joined(": ", _joined(" ", about, name.replace("-", " "), _usage(data)), _joined("; ", said, _waited(data)))


def _waited(data: Mapping[str, object]) -> str:
    """How long that waited for a human."""
    told = data.get("waited_for_human_s")
    values = [told.get(name) for name in _WAITS] if isinstance(told, Mapping) else []
    numbers = [float(v) for v in values if isinstance(v, int | float) and 0 <= v < 1e12]
    if not numbers or len(numbers) < len(values):
        return ""
    from coordinator.model.human_wait import Waited  # who reads the log seldom meets one

    return Waited(*numbers).words


def _prompts(data: Mapping[str, object], _about: str, _: str) -> str:
    rows, gone = data.get("prompts"), data.get("gone")
    told, left = (len(part) if isinstance(part, list) else 0 for part in (rows, gone))
    verb = "found" if data.get("first") is True else "changed"
    return _joined(
        ", ", f"{told} prompt{'' if told == 1 else 's'} {verb}" if told else "", f"{left} gone" if left else ""
    )


def _problem(data: Mapping[str, object], about: str, name: str) -> str:
    line = _value(data, "line")
    place = _joined(":", _value(data, "path"), line if line != "0" else "") or actor_name(about)
    return _joined(": ", place, _value(data, "message", "reason", "text") or name.replace("-", " "))


def _denied(data: Mapping[str, object], _about: str, _: str) -> str:
    name = actor_name(_value(data, "actor"))
    return _joined(": ", f"{name} may not write {_value(data, 'kind')}", _value(data, "reason"))


def _conflict(data: Mapping[str, object], about: str, _: str) -> str:
    files = _list(data, "files", ", ")
    return _joined(": ", _joined(" ", about, f"in {files}" if files else ""), _value(data, "reason"))


def _milestone(data: Mapping[str, object], _about: str, _: str) -> str:
    return _joined(": ", _value(data, "status"), _joined("; ", _value(data, "reason", "text"), _waited(data)))


def _anything(data: Mapping[str, object], about: str, name: str) -> str:
    return _joined(" ", about, name) if not data else _text(data, about, name)


_Say = Callable[[Mapping[str, object], str, str], str]
_SAY: dict[str, _Say] = {
    "intent": _intent,
    "milestone": _milestone,
    "question.asked": _question,
    "question.assumed": _assumed,
    "run.asked": _question,
    "question.answered": _answer,
    "change": _review,
    "decision": _text,
    "artifact": _text,
    "attachment": _text,
    "learning": _text,
    "learning.delivered": _delivered,
    "prompt.created": _created,
    "prompt.edited": _edited,
    "prompt.cancelled": _edited,
    "plan": _plan,
    "feedback.filed": _feedback,
    "feedback": _feedback_became,
    "verdict": _verdict,
    "planner": _planner,
    "handoff": _handoff,
    "step": _step,
    "agent": _agent,
    "agent.told": _told,
    "permission": _permission,
    "trust": _trust,
    "run": _happening,
    "run.prompts": _prompts,
    "iteration": _happening,
    "stage": _happening,
    "problem": _problem,
    "access": _denied,
    "conflict": _conflict,
}
"""By kind, or by family."""


def _about(event: Event) -> str:
    if event.prompt is not None:
        return f"{event.prompt:02d}"
    head, colon, rest = event.subject.partition(":")
    return (
        rest if colon and head in ("agent", "run", "prompt") else "" if event.subject == "milestone" else event.subject
    )


def _attempt(data: Mapping[str, object]) -> str:
    value = data.get("attempt")
    return f"attempt {value}" if isinstance(value, int) and value > 1 else ""


def _because(data: Mapping[str, object]) -> str:
    reason = _value(data, "reason", "why", "rationale")
    return f"· because: {reason}" if reason else ""


def _signed(data: Mapping[str, object], key: str, sign: str) -> str:
    value = data.get(key)
    return f"{sign}{value}" if isinstance(value, int) else ""


def _in_brackets(text: str) -> str:
    return f"({text})" if text else ""


def _value(data: Mapping[str, object], *keys: str) -> str:
    """The first of these that is there, as text."""
    for key in keys:
        value = data.get(key)
        if value is not None and value != "":
            return _item(value)
    return ""


def _brief(text: str) -> str:
    """The first and the last line of a text of several, such as a suite's output, which is read in full elsewhere."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return text
    first, last = (line if len(line) <= _BRIEF else f"{line[:_BRIEF]}…" for line in (lines[0], lines[-1]))
    return f"{first} {'… ' if len(lines) > 2 else ''}{last}"


def _list(data: Mapping[str, object], key: str, between: str) -> str:
    value = data.get(key)
    items = value[:20] if isinstance(value, list | tuple) else [] if value is None else [value]
    return between.join(filter(None, map(_item, items)))


def _item(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_item(item) for item in value[:20])
    return str(value)[:_LONGEST].strip()


def _joined(between: str, *parts: str) -> str:
    return between.join(part for part in parts if part)


def sentence(event: Event) -> str:
    """One readable, safe line for an event: who, what, and the point of it."""
    return str(describe(event))
