"""Events in words: who, a word for what, and the point of it, as they stand on the screen and in `coord log`.

This is also where the keys of `data` are written down: the functions below read those which each kind carries. None
of them is relied on. Whatever is missing is left out, and whatever is there is untrusted.
"""

import re
from collections.abc import Callable, Mapping

from coordinator.lazy.dataclass import dataclass
from coordinator.model.event import NO_TERMINAL, Event
from coordinator.model.text import amount, plain
from coordinator.views.event_values import as_text, brief, in_brackets, joined, listed, signed, value_of

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
    "change.commented": "commented",
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
    "witness.begun": "witness",
    "witness.run": "witness",
    "witness.left": "witness",
    "witness.asked": "witness",
    "criterion.accepted": "accepted",
    "learning.noted": "learned",
    "learning.delivered": "learnings",
    "learning.curated": "learnings",
    "iteration.refused": "refused",
    "planner.decided": "planned",
    "phase.reported": "reported",
    "handoff.given": "handoff",
    "step.failed": "failed",
    "step.merged": "merged",
    "access.denied": "denied",
    "conflict.detected": "conflict",
    "flow.routed": "routed",
    "flow.sealed": "sealed",
    "ownership.violated": "violated",
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
    if about and (actor == about or actor.endswith(f" {about}")):
        about = ""  # an agent on its own prompt: its name says so
    data = {key: value for key, value in event.data.items() if key != NO_TERMINAL}
    text = say(data, about, name.replace("_", "-"))
    aside = "(no terminal)" if event.no_terminal else ""
    return Line(plain(actor), plain(_WORDS.get(event.kind, family)), plain(text).strip(), aside)


def actor_name(actor: str) -> str:
    """`executor-04-1` as people call it: `executor 04`; `04-1-critic.2`: `04 critic.2`. Others stay as they are."""
    match = re.fullmatch(r"([a-z][a-z_-]*)-(\d+)-\d+", actor)
    if match or not actor[:1].isdigit():
        return f"{match[1]} {match[2]}" if match else actor
    from coordinator.views.turn_words import turn_name  # few projects have pipelines

    return turn_name(actor) or actor


# ── what each kind says: data, what it is about (`07`, empty for the milestone), the last part of its kind


def _text(data: Mapping[str, object], about: str, _: str) -> str:
    return joined(" ", about, value_of(data, "text", "summary", "title", "path", "ref"), _because(data))


def _question(data: Mapping[str, object], _about: str, _: str) -> str:
    options = listed(data, "options", " / ")
    return joined("  ", value_of(data, "text"), f"({options})" if options else "")


def _assumed(data: Mapping[str, object], _about: str, _: str) -> str:
    taken = joined(" → ", value_of(data, "text"), value_of(data, "default"))
    risk = value_of(data, "risk")
    return joined("  ", taken, f"(risk: {risk})" if risk else "")


def _answer(data: Mapping[str, object], about: str, _: str) -> str:
    return joined(" → ", about, value_of(data, "answer", "text"))


def _intent(data: Mapping[str, object], _about: str, _: str) -> str:
    parts = (f"{key}: {as_text(value)}" for key, value in data.items() if value)
    return value_of(data, "summary", "text") or " · ".join(parts)


def _review(data: Mapping[str, object], about: str, _: str) -> str:
    return joined(": ", joined(" ", about, _attempt(data)), value_of(data, "note", "comment", "reason", "text"))


def _created(data: Mapping[str, object], about: str, _: str) -> str:
    return joined(" ", about, value_of(data, "title"), in_brackets(value_of(data, "type")), _because(data))


def _edited(data: Mapping[str, object], about: str, _: str) -> str:
    return joined(": ", about, listed(data, "changed", ", ") or value_of(data, "summary", "text", "reason"))


def _plan(data: Mapping[str, object], about: str, _: str) -> str:
    summary = value_of(data, "summary") or joined(" ", value_of(data, "service"), about)
    proposer = value_of(data, "proposer")
    said = joined(" · ", summary, f"proposed by {proposer}" if proposer else "")
    return joined(" · because: ", said, value_of(data, "reason"))


def _feedback(data: Mapping[str, object], _about: str, _: str) -> str:
    again = listed(data, "again", ", ")
    said = joined(
        ": ", joined(" ", value_of(data, "priority"), value_of(data, "category")), value_of(data, "title", "text")
    )
    return joined("; ", said, f"found again after {again}" if again else "")


def _feedback_became(data: Mapping[str, object], about: str, name: str) -> str:
    number = about.removeprefix("feedback:")
    about = f"{number:0>3}" if number.isdigit() else ""
    became = joined(" ", value_of(data, "status"), value_of(data, "priority")) or name
    prompts = listed(data, "prompts", ", ")
    said = joined(" ", about, became if became != "waived" else "", f"as prompt {prompts}" if prompts else "")
    return joined(": ", said, value_of(data, "title", "text"), value_of(data, "reason"))


def _verdict(data: Mapping[str, object], _about: str, _: str) -> str:
    met = data.get("met")
    words = {True: "met", False: "not met", "yes": "met", "no": "not met", "partly": "partly met"}
    word = (
        value_of(data, "verdict")
        or (words.get(met, "") if isinstance(met, bool | str) else "")
        or value_of(data, "met")
    )
    return joined(
        "; ", joined(": ", word, value_of(data, "rationale", "text", "summary", "reason")), listed(data, "gaps", "; ")
    )


def _delivered(data: Mapping[str, object], about: str, _: str) -> str:
    given = data.get("learnings")
    count = len(given) if isinstance(given, list) else 0
    return joined(": ", joined(" ", about, f"given {amount(count, 'learning')}"), listed(data, "learnings", " · "))


def _planner(data: Mapping[str, object], _about: str, _: str) -> str:
    said = joined(": ", value_of(data, "decision"), value_of(data, "reason", "summary", "text"))
    return joined("; ", said, value_of(data, "blocker"))


def _refused(data: Mapping[str, object], _about: str, _: str) -> str:
    what = f"the decision of event {data['decision']}" if isinstance(data.get("decision"), int) else "a decision"
    return joined(": ", f"{what} is not taken", listed(data, "reasons", "; "))


def _curated(data: Mapping[str, object], _about: str, _: str) -> str:
    count = data.get("learnings")
    return f"keeps {amount(count, 'learning')}" if isinstance(count, int) else ""


def _handoff(data: Mapping[str, object], about: str, _: str) -> str:
    return joined(": ", joined(" ", about, value_of(data, "outcome")), value_of(data, "summary", "reason", "text"))


def _step(data: Mapping[str, object], about: str, state: str) -> str:
    if state in ("failed", "blocked"):
        state = "" if state == "failed" else state
        return joined(": ", joined(" ", about, state, _attempt(data)), brief(value_of(data, "reason")))
    before = value_of(data, "from")
    change = f"{before} → {state}" if before else "" if state == "merged" else state
    commits = data.get("commits")
    count = len(commits) if isinstance(commits, list | tuple) else commits if isinstance(commits, int) else 0
    landed = f"as {value_of(data, 'commit', 'merged_as')[:10]}" if value_of(data, "commit", "merged_as") else ""
    size = joined(" ", signed(data, "added", "+"), signed(data, "removed", "-"))
    facts = (
        _attempt(data) if state in ("dispatched", "running") else "",
        _may_change(data) if state == "prepared" else "",
        f"{count} commit{'s' * (count != 1)}" if count else "no change" if data.get("no_change") is True else "",
        size,
        landed,
        brief(value_of(data, "reason")),
    )
    return joined("  ", joined(" ", about, change), *facts)


def _may_change(data: Mapping[str, object]) -> str:
    contract = data.get("contract")
    writes = listed(contract, "writes", ", ") if isinstance(contract, Mapping) else ""
    return f"may change {brief(writes)}" if writes else ""


def _agent(data: Mapping[str, object], about: str, state: str) -> str:
    status = value_of(data, "state") if state == "status" else state
    if state == "status" and value_of(data, "stuck"):
        return joined(": ", joined(" ", actor_name(about), "seems stuck"), value_of(data, "cause"))
    code = value_of(data, "status") if state == "exited" else ""
    facts = (
        f"with {code}" if code else "",
        in_brackets(value_of(data, "runtime")) if state == "started" else "",
        value_of(data, "evidence") if state == "status" else "",
        _usage(data),
    )
    return joined(": ", joined(" ", actor_name(about), status, *facts), value_of(data, "reason", "doing"))


def _usage(data: Mapping[str, object]) -> str:
    tokens, cost = data.get("tokens"), data.get("cost_usd")
    used = f"{tokens:,} tokens" if isinstance(tokens, int) else ""
    return in_brackets(joined(", ", used, f"${cost:.2f}" if isinstance(cost, float) else ""))


def _permission(data: Mapping[str, object], about: str, _: str) -> str:
    verdict = "allowed" if data.get("allowed") is True else "denied"
    return joined(
        ": ", joined(" ", verdict, actor_name(about)), value_of(data, "doing", "text"), value_of(data, "reason")
    )


def _told(data: Mapping[str, object], about: str, _: str) -> str:
    return joined(": ", actor_name(about), value_of(data, "text"))


def _trust(data: Mapping[str, object], _about: str, _: str) -> str:
    contents = data.get("contents")
    paths = sorted(map(as_text, contents)) if isinstance(contents, Mapping) else []
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    later = "what was changed past coord" if data.get("direct") is True else "what came with a commit"
    what = later if data.get("first") is False else "this project"
    return joined(": ", what, ", ".join(paths[:3]) + more)


def _happening(data: Mapping[str, object], about: str, name: str) -> str:
    about = "" if about.startswith("run-") else actor_name(about)
    said = value_of(data, "reason", "summary", "text", "outcome", "state", "stage", "title")
    return joined(": ", joined(" ", about, name.replace("-", " "), _usage(data)), joined("; ", said, _waited(data)))


def _phase(data: Mapping[str, object], about: str, name: str) -> str:
    what = value_of(data, "decision", "phase")
    return joined(": ", what, value_of(data, "reason")) if what else _happening(data, about, name)


def _not_taken(data: Mapping[str, object], _about: str, _: str) -> str:
    told = data.get("reasons")
    return "; ".join(map(as_text, told[:5])) if isinstance(told, list) else "what a Planner decided"


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
    return joined(
        ", ", f"{told} prompt{'' if told == 1 else 's'} {verb}" if told else "", f"{left} gone" if left else ""
    )


def _problem(data: Mapping[str, object], about: str, name: str) -> str:
    line = value_of(data, "line")
    place = joined(":", value_of(data, "path"), line if line != "0" else "") or actor_name(about)
    return joined(": ", place, value_of(data, "message", "reason", "text") or name.replace("-", " "))


def _denied(data: Mapping[str, object], _about: str, _: str) -> str:
    name = actor_name(value_of(data, "actor"))
    return joined(": ", f"{name} may not write {value_of(data, 'kind')}", value_of(data, "reason"))


def _conflict(data: Mapping[str, object], about: str, _: str) -> str:
    files = listed(data, "files", ", ")
    return joined(": ", joined(" ", about, f"in {files}" if files else ""), value_of(data, "reason"))


def _milestone(data: Mapping[str, object], _about: str, _: str) -> str:
    return joined(": ", value_of(data, "status"), joined("; ", value_of(data, "reason", "text"), _waited(data)))


def _begun(data: Mapping[str, object], _about: str, _: str) -> str:
    before = data.get("before")
    aside = f"{value_of(before, 'title')} is set aside" if isinstance(before, dict) else ""
    verb = "goes on again" if data.get("again") else "begins"
    return joined("; ", f"{joined(' ', value_of(data, 'id'), value_of(data, 'title'))} {verb}", aside)


def _anything(data: Mapping[str, object], about: str, name: str) -> str:
    return joined(" ", about, name) if not data else _text(data, about, name)


def _witness(data: Mapping[str, object], about: str, name: str) -> str:
    exit_, command, commit = data.get("exit"), value_of(data, "command"), value_of(data, "commit")[:10]
    ended = "" if exit_ is None else "held" if exit_ == 0 else f"failed with {value_of(data, 'exit')}"
    how = "not run unasked" if "why" in data else ended
    return joined("  ", joined(" ", _criterion(about), how or name), command, f"on {commit}" if commit else "")


def _accepted(data: Mapping[str, object], about: str, _: str) -> str:
    return joined(" ", _criterion(about), value_of(data, "text"), _because(data))


def _criterion(about: str) -> str:
    return about.removeprefix("criterion:")


def _criteria(data: Mapping[str, object], _about: str, _: str) -> str:
    told = data.get("criteria")
    items = list(told.items())[:20] if isinstance(told, Mapping) else ()
    return " · ".join(f"{as_text(number)}: {as_text(text)}" for number, text in items)


def _flow(data: Mapping[str, object], about: str, name: str) -> str:
    from coordinator.views.flow_events import SAY  # no other event needs it

    return SAY.get(name, _anything)(data, about, name)


_Say = Callable[[Mapping[str, object], str, str], str]
_SAY: dict[str, _Say] = {
    "intent": _intent,
    "milestone": _milestone,
    "milestone.created": _begun,
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
    "witness": _witness,
    "criterion": _accepted,
    "planner": _planner,
    "phase": _text,
    "handoff": _handoff,
    "step": _step,
    "agent": _agent,
    "agent.told": _told,
    "permission": _permission,
    "trust": _trust,
    "run": _happening,
    "run.prompts": _prompts,
    "run.criteria": _criteria,
    "iteration": _happening,
    "iteration.phase": _phase,
    "iteration.ended": _phase,
    "iteration.refused": _not_taken,
    "stage": _happening,
    "problem": _problem,
    "access": _denied,
    "conflict": _conflict,
    "flow": _flow,
    "stage.published": _flow,
    "ownership": _flow,
}
"""By kind, or by family."""


def _about(event: Event) -> str:
    if event.prompt is not None:
        return f"{event.prompt:02d}"
    head, colon, rest = event.subject.partition(":")
    if head == "stage":
        from coordinator.views.turn_words import turn_subject

        return turn_subject(rest)
    return (
        rest if colon and head in ("agent", "run", "prompt") else "" if event.subject == "milestone" else event.subject
    )


def _attempt(data: Mapping[str, object]) -> str:
    value = data.get("attempt")
    return f"attempt {value}" if isinstance(value, int) and value > 1 else ""


def _because(data: Mapping[str, object]) -> str:
    reason = value_of(data, "reason", "why", "rationale")
    return f"· because: {reason}" if reason else ""


def sentence(event: Event) -> str:
    """One readable, safe line for an event: who, what, and the point of it."""
    return str(describe(event))
