"""What agents hand in: one function a verb, the same for the command line and for the tools of `coord mcp`."""

import os
from collections.abc import Callable, Mapping

from coordinator.lazy.typing import TYPE_CHECKING, Any, NamedTuple
from coordinator.model.caller import Caller
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.filewatch.stop import Stop


class Answer(NamedTuple):
    """What a verb answers."""

    told: Mapping[str, object]
    """For programs."""
    text: str
    """For people, and for agents."""
    delivered: Callable[[], None] = lambda: None
    """To be called when the caller has it."""


class Call(NamedTuple):
    """One call of a verb."""

    project: Project
    caller: Caller
    values: Mapping[str, Any]
    """As `coordinator.formats.handed_in` has checked them."""
    stop: "Stop | None" = None
    """Ends the wait for an answer."""

    def get(self, key: str) -> str:
        return str(self.values.get(key) or "")


def this_process() -> Caller:
    """The process that runs this, as a caller."""
    return Caller(os.environ, os.getpid(), "")


def hand_in(
    project: Project, verb: str, values: Mapping[str, Any], caller: Caller | None = None, stop: "Stop | None" = None
) -> Answer:
    """Do what a verb says. Raises CoordError: what was wrong, and how to go on."""
    return HANDLERS[verb](Call(project, caller or this_process(), values, stop))


def _context(call: Call) -> Answer:
    from coordinator.client.told import context_record

    record = context_record(call.project, role=call.get("role") or None, environ=call.caller.environ)
    return Answer({"context": record.text, **record.to_json()}, record.text)


def _ask(call: Call) -> Answer:
    from coordinator.client.asking import ask, note_delivered, wait_for_answer
    from coordinator.services import questions as service

    draft = service.ask(
        call.get("text"),
        subject=call.caller.subject,
        context=call.get("context"),
        options=tuple(call.values.get("options", ())),
        default=call.values.get("default"),
        only_dependents=call.values.get("only_dependents", False),
    )
    found = ask(call.project, draft, caller=call.caller, request=call.get("request"))
    question, answer = found.question, found.question.answer
    if answer is None and call.values.get("wait", True):
        answer = wait_for_answer(call.project, question, call.stop)
    told = {"id": question.id, "seq": question.seq, "answer": answer, "new": found.new}
    if answer is None:
        return Answer(told, f"asked as question {question.seq}; ask again to wait for the answer")
    return Answer(told, answer, lambda: note_delivered(found))


def _assume(call: Call) -> Answer:
    from coordinator.client.history import History
    from coordinator.services.questions import assume

    draft = assume(call.get("text"), default=call.get("default"), risk=call.get("risk"), subject=call.caller.subject)
    with History(call.project, required=True, caller=call.caller) as history:
        event = history.assume(draft, request=call.get("request"))
    told = {"id": event.id, "seq": event.seq, "answer": event.data["default"]}
    return Answer(told, f"assumed as question {event.seq}; go on, a human may overrule it later")


def _decide(call: Call) -> Answer:
    from coordinator.client.history import History

    with History(call.project, required=True, caller=call.caller) as history:
        event = history.decide(call.get("text"), call.caller.subject, request=call.get("request"))
    return Answer({"id": event.id, "seq": event.seq}, f"recorded as event {event.seq}")


def _artifact(call: Call) -> Answer:
    from coordinator.client.history import History

    with History(call.project, required=True, caller=call.caller) as history:
        told = {"title": call.get("title"), "subject": call.caller.subject, "request": call.get("request")}
        event, data = history.produced(call.get("path"), **told)
    return Answer({"id": event.id, "seq": event.seq, **data}, f"recorded {data['path']} as event {event.seq}")


def _done(call: Call) -> Answer:
    validation = [_validated(item) for item in call.values.get("validation", ())]
    lists = {name: call.values.get(name, ()) for name in ("decisions", "limitations", "files", "learnings", "answers")}
    lists["checks"] = [found for item in call.values.get("validation", ()) if (found := _check(item))]
    no_change = bool(call.values.get("no_change", False))
    return _hand_off(
        call, "done", "summary", validation=validation, no_change=no_change, next_flow=call.get("next"), **lists
    )


def _fail(call: Call) -> Answer:
    return _hand_off(call, "failed", "verdict", **{name: call.values.get(name, ()) for name in ("left", "learnings")})


def _blocked(call: Call) -> Answer:
    return _hand_off(call, "blocked", "reason")


def _hand_off(call: Call, outcome: str, summary: str, **said: Any) -> Answer:
    from coordinator.apply.handoff import hand_off

    caller = call.caller
    request = call.get("request")
    receipt = hand_off(caller.environ, caller.pid, outcome=outcome, summary=call.get(summary), request=request, **said)
    told = {"outcome": receipt.outcome, "agent": receipt.agent, "at": receipt.at, "commits": list(receipt.commits)}
    return Answer(told, f"handed off: {receipt.outcome}")


def _learn(call: Call) -> Answer:
    from coordinator.apply.hand_ins import learn
    from coordinator.eventlog.store import EventLog

    said = {name: call.values[name] for name in ("text", "tags", "paths") if call.values.get(name)}
    with EventLog.open(call.project.layout.events_db) as log:
        event = learn(call.project.layout, log, call.caller, said)
    return Answer({"id": event.id, "seq": event.seq}, f"noted as event {event.seq}")


def _feedback(call: Call) -> Answer:
    from coordinator.client.findings import file_finding
    from coordinator.client.iterating import require_own
    from coordinator.model.feedback import Feedback
    from coordinator.model.prompt import Priority

    require_own(call.project, call.caller, "feedback.filed")
    words: dict[str, Any] = {name: call.get(name) for name in ("category", "location", "issue", "impact", "suggestion")}
    found = Feedback(0, call.get("title"), Priority(call.get("priority") or Priority.MEDIUM), **words)
    item, new = file_finding(call.project, found, call.caller)
    told = {"number": item.number, "priority": item.priority.value, "new": new}
    return Answer(told, f"filed as {item.label}" if new else f"known already as {item.label}: {item.title}")


def _verdict(call: Call) -> Answer:
    from coordinator.client.iterating import give_verdict

    event = give_verdict(call.project, call.caller, _without_request(call))
    return Answer({"id": event.id, "seq": event.seq}, f"verdict given as event {event.seq}; now hand off")


def _plan(call: Call) -> Answer:
    from coordinator.client.iterating import decide

    event, plan = decide(call.project, call.caller, _without_request(call))
    told: dict[str, object] = {"id": event.id, "seq": event.seq, "decision": event.data["decision"]}
    if plan is None:
        return Answer(told, f"decided before, as event {event.seq}; now hand off")
    said = "".join(f"\n{line}" for line in plan.warnings)
    told |= {"summary": plan.summary, "warnings": list(plan.warnings)}
    return Answer(told, f"decided as event {event.seq}: {plan.summary}{said}\nNow hand off; the loop carries it out.")


def _subtask(call: Call) -> Answer:
    from coordinator.client.iterating import add_subtask

    number, new = add_subtask(call.project, call.caller, _without_request(call))
    said = f"prompt {number:02d} {'is made' if new else 'was made before'}"
    if call.values.get("waits"):
        said += "; hand off as blocked, and your prompt goes on from here when that is merged"
    return Answer({"number": number, "new": new}, said)


def _stage(call: Call) -> Answer:
    from coordinator.client.iterating import report_phase

    event = report_phase(call.project, call.caller, _without_request(call))
    return Answer({"id": event.id, "seq": event.seq}, f"reported as event {event.seq}; now hand off")


def _without_request(call: Call) -> dict[str, Any]:
    return {name: value for name, value in call.values.items() if name != "request"}


def _validated(item: Mapping[str, str]) -> str:
    return ": ".join(part for part in (item.get("command", ""), item.get("note", "")) if part)


def _check(item: Mapping[str, str]) -> str:
    """The command that an item names; of a plain text what this process would find as a program."""
    if command := item.get("command", "").strip():
        return command
    import shutil

    from coordinator.formats.check_text import command_of

    return command_of(item.get("note", ""), lambda name: shutil.which(name) is not None)


HANDLERS: dict[str, Callable[[Call], Answer]] = {
    "context": _context,
    "ask": _ask,
    "assume": _assume,
    "decide": _decide,
    "artifact": _artifact,
    "done": _done,
    "fail": _fail,
    "blocked": _blocked,
    "learn": _learn,
    "feedback": _feedback,
    "verdict": _verdict,
    "plan": _plan,
    "subtask": _subtask,
    "stage": _stage,
}
"""Verb of `coordinator.model.agent_verbs` → how it is done."""
