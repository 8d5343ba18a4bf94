"""What people do to a project: apply plans, answer, tell, permit, ask something of the loop; in their own name."""

from contextlib import AbstractContextManager, nullcontext

from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.caller import Caller
from coordinator.model.event import Actor, ActorKind, Event
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coordinator.apply.cleaning import Leftover as Leftover
    from coordinator.apply.plans import Applied
    from coordinator.loop.rules.outcome import Outcome
    from coordinator.model.intent import Version
    from coordinator.model.plan import PastPlan, Plan
    from coordinator.model.snapshot import Snapshot
    from coordinator.model.step import Attempt
    from coordinator.model.trust import Ask, Shown
    from coordinator.model.work import WorkId
    from coordinator.services.intent import SetIntent


def actor(caller: Caller | None = None) -> Actor:
    """Whoever calls, or runs this process, as the log will have it."""
    from coordinator.eventlog.identity import who

    return who() if caller is None else who(caller.environ, caller.pid)


def caller_of(environ: "Mapping[str, str]", pid: int, folder: str) -> Caller:
    """A process as a caller, with what the agent that it belongs to was launched with."""
    from coordinator.eventlog.identity import launched_with

    return Caller(launched_with(environ, pid), pid, folder)


class Steering:
    """The ways to change what a project does, for a caller of any thread. Raises CoordError."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._layout = project.layout

    def human(self, doing: str) -> Actor:
        """The human that runs this process. Refused for an agent, and the log has that it tried."""
        from coordinator.apply.humans import humans_only

        return humans_only(self._layout, doing)

    # ── plans

    def planning(self) -> AbstractContextManager[None]:
        """While it lasts, nobody else applies a plan: what is planned in it is never stale."""
        from coordinator.apply.plans import planning

        return planning(self._layout)

    def apply(self, plan: "Plan") -> "Applied":
        """Make a plan come true. Refused, and StalePlan among it: nothing was written."""
        from coordinator.apply.plans import apply

        return apply(self._layout, plan, actor())

    def set_intent(self, request: "SetIntent", *, dry_run: bool) -> "tuple[Plan, Version | None]":
        """Make a version of the intent, or say how it would be done: the plan, and the version in force after it."""
        from coordinator.apply.plans import apply, planning
        from coordinator.client.look import look
        from coordinator.eventlog.intents import newest_version
        from coordinator.eventlog.store import EventLog
        from coordinator.lazy.dataclass import replace
        from coordinator.services.intent import plan_intent

        alone = nullcontext() if dry_run else planning(self._layout)
        with alone, EventLog.open(self._layout.events_db, create=not dry_run, missing_ok=dry_run) as log:
            before = newest_version(log)
            known = replace(request, logged=before.intent if before is not None else None)
            plan = plan_intent(look(self._project), known)
            if not dry_run:
                apply(self._layout, plan, actor())
            return plan, newest_version(log)

    def plan_undo(self, snapshot: "Snapshot", plan_id: str | None = None) -> "Plan":
        """The plan that takes back an applied one, or one's own newest; Refused when it can't be taken back."""
        from coordinator.apply.undo import plan_undo

        who = actor()  # an agent may take back nothing: what it is refused for is not for want of a plan
        return plan_undo(self._layout, snapshot, plan_id, who.name if who.kind is ActorKind.HUMAN else None)

    def past_plans(self, snapshot: "Snapshot") -> "tuple[PastPlan, ...]":
        """The plans that were applied and not taken back, newest first, each with why it stays if it has to."""
        from coordinator.apply.undo import past_plans

        return past_plans(self._layout, snapshot)

    # ── agents

    def answer(self, question: str, text: str) -> Event:
        """Answer a question by its id or number."""
        from coordinator.apply.plans import answer

        return answer(self._layout, question, text, actor())

    def built_on(self, question: str) -> tuple[int, ...] | None:
        """Prompts that may rest on an answer that was only assumed; None where a human has it to answer."""
        from coordinator.eventlog.questions import questions

        with self._project.log() as log:
            found = next((q for q in questions(log) if question in (str(q.seq), q.id)), None)
        if found is None or not found.taken:
            return None
        from coordinator.client.look import look
        from coordinator.services.questions import built_on

        snapshot = look(self._project)
        return built_on(found, snapshot.graph, snapshot.steps)

    def permit(self, attempt: "Attempt", *, allow: bool, reason: str, seen: str = "") -> str:
        """Answer what an agent asks leave for, and say what that was. Refused when it isn't what was `seen`."""
        from coordinator.apply.permissions import permit

        return permit(self._layout, attempt, actor(), allow=allow, reason=reason, seen=seen)

    def check_tell(self, attempt: "Attempt") -> None:
        """Refused where `tell` would be."""
        from coordinator.apply.messages import check

        check(self._layout, attempt)

    def tell(self, attempt: "Attempt", text: str) -> bool:
        """Send an agent a message; whether its screen has changed since."""
        from coordinator.apply.messages import tell

        return tell(self._layout, attempt, actor(), text)

    def attempt(self, work: "WorkId", count: int) -> "Attempt | None":
        """An attempt as it is now; None when there is none any more."""
        from coordinator.apply.steps import find_attempt

        return find_attempt(self._layout, work, count)

    # ── the loop

    def check_start(self) -> tuple[str, ...]:
        """Refused when no agent could be started now; else a sentence for each one that can't."""
        from coordinator.loop.control import check_start

        return check_start(self._layout)

    def run_loop(
        self, *, until_idle: bool, max_parallel: int | None, on_event: "Callable[[Event], None] | None"
    ) -> "Outcome":
        """Be the loop, until somebody stops it or, with `until_idle`, nothing is left to run."""
        from coordinator.loop.process import run_loop

        return run_loop(self._layout, until_idle=until_idle, max_parallel=max_parallel, on_event=on_event)

    def start_loop(self, *, until_idle: bool = False, max_parallel: int | None = None) -> str:
        """Start the loop in a tmux window, and wait until it has begun; the window's id."""
        from coordinator.loop.control import start_loop

        return start_loop(self._layout, until_idle=until_idle, max_parallel=max_parallel)

    def set_loop(self, state: str) -> None:
        """Ask the loop to be `running`, `paused` or `stopped`."""
        from coordinator.loop.control import set_loop

        set_loop(self._layout, state, actor())

    # ── what of the project may run

    def what_would_run(self, asked: "Ask") -> "tuple[Shown, ...]":
        """The files that a human is asked about before anything of the project runs, with what is new in them."""
        from coordinator.observe.trust import show

        return show(self._layout, asked)

    def give_trust(self, asked: "Ask") -> None:
        """Let the project run as it was shown; Refused when it is another one by now."""
        from coordinator.observe.trust import give_trust

        give_trust(self._layout, actor(), asked)

    # ── what ended work left

    def leftovers(self) -> "list[Leftover]":
        """All that is there, of this project alone."""
        from coordinator.apply.cleaning import leftovers

        return leftovers(self._layout)

    def clear(self, found: "list[Leftover]") -> "list[Leftover]":
        """Clear what holds nothing, each as it is then. What is kept says why."""
        from coordinator.apply.cleaning import clear

        return clear(self._layout, found)


def attempt_of(snapshot: "Snapshot", number: int) -> "Attempt":
    """The last attempt of a prompt. CoordError when it has none."""
    step = snapshot.steps.get(number)
    if step is None or step.attempt is None:
        raise CoordError(f"prompt {number} has no agent", "`coord agents` lists them")
    return step.attempt
