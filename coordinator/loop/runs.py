"""The book of runs: `run.json`, and the events that tell how a run goes."""

import time
from collections.abc import Mapping, Sequence

from coordinator.apply.steps import agent_event
from coordinator.changes.git import Git
from coordinator.errors import CoordError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.iteration import FIRST
from coordinator.eventlog.store import EventLog
from coordinator.failpoint import failpoint
from coordinator.lazy.dataclass import replace
from coordinator.loop import phases
from coordinator.loop.rules.outcome import Outcome
from coordinator.model.budget import run_usage
from coordinator.model.budget_pause import all_wanted
from coordinator.model.clock import timestamp, utc_now
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.human_wait import WAITED, waited_for_human
from coordinator.model.iteration import Move
from coordinator.model.prompt import Prompt
from coordinator.model.prompt_rows import KIND as DESCRIPTION
from coordinator.model.prompt_rows import Row, changes, row_of, rows_after, skipped
from coordinator.model.round import Decision, Phase, phase_of
from coordinator.model.run import Run
from coordinator.model.snapshot import AgentState, LoopState, Milestone, Snapshot
from coordinator.model.step import Attempt
from coordinator.storage.branch import checked_out
from coordinator.storage.documents import write_status
from coordinator.storage.paths import Layout
from coordinator.storage.runs import current_run, new_run, write_run
from coordinator.storage.sweep import sweep

_PAGE = 1000
_TOLD = {LoopState.PAUSED: "run.paused", LoopState.HALTED: "run.halted", LoopState.STUCK: "run.stuck"}


class RunBook:
    """Opens a run when there is work, takes an unfinished one up again, ends it when all is merged."""

    def __init__(self, layout: Layout, log: EventLog) -> None:
        self._layout = layout
        self._log = log
        self._run: Run | None = None
        self._milestone = Milestone("")
        self._prompts = ""
        self._base = ""
        self._state: LoopState | None = None
        self._last: Snapshot | None = None
        self._seen: Mapping[int, Prompt] | None = None
        self._rows: dict[int, Row] | None = None
        self.was_cut_off = False
        """The life of the loop before this one did not get to say that it ends."""

    @property
    def run(self) -> Run:
        """The run that new attempts belong to; one is opened if none is."""
        if self._run is None:
            again = self._again()
            run_id = new_run(
                self._layout,
                self._milestone.title,
                milestone_id=self._milestone.id,
                budget_usd=self._milestone.budget.cost_usd if self._milestone.budget is not None else None,
                started=utc_now(),
                prompts=self._prompts,
                base_branch=self._base,
                phase=Phase.EXECUTING.value if again and self._milestone.iterate else "",
            )
            self._run = current_run(self._layout) or Run(run_id, self._milestone.title)
            self._say("run.started", data=again, epoch=self._run.epoch)
            self._began(self._run)
        return self._run

    def _began(self, run: Run) -> None:
        """Log that the first iteration begins; once, also where a kill came between."""
        if self._milestone.iterate and not run.moves:
            self._log.append([phases.began(run)], SYSTEM, run.id, run.iteration)

    def _again(self) -> Mapping[str, object] | None:
        """What to say of a run that gives a milestone which was done new work: it is open from now on."""
        if self._last is None or self._last.milestone.status != "done":
            return None
        write_status(self._layout, "open")
        new = self._last.standing.removeprefix("done, ").removeprefix("done")
        return {"reason": f"the milestone was done; it goes on{f' with {new}' if new else ''}"}

    def base_branch(self, configured: str) -> str:
        """The branch that the run's attempts start from and land on: recorded when it begins, and kept from then on.

        Raises CoordError while it has none and no branch is checked out.
        """
        if self._run is not None and self._run.base_branch:
            return self._run.base_branch
        self._base = Git(self._layout.root).base_branch(configured)
        if self._run is not None:
            self._run = replace(self._run, base_branch=self._base)
            write_run(self._layout, self._run)
        return self._base

    @property
    def is_open(self) -> bool:
        """There is a run that has not ended."""
        return self._run is not None

    def open(self, snapshot: Snapshot) -> None:
        """Take up the run that an earlier life of the loop did not end."""
        self._milestone = snapshot.milestone
        self._prompts = snapshot.settings.space or snapshot.settings.prompts_folder
        found = current_run(self._layout)
        if found is None or found.state != "running":
            return
        if _of_another(found, snapshot.milestone):
            self._run = found
            self._left(snapshot)
            return
        self._run = replace(found, epoch=found.epoch + 1)
        said = self._log.tail(1, Filter(kinds=("run.started", "run.resumed", "run.stopped")))
        self.was_cut_off = bool(said) and said[0].kind != "run.stopped"
        write_run(self._layout, self._run)
        here, base = checked_out(self._layout.root), found.base_branch
        moved = bool(base and here) and here != base
        told = {"reason": f"it began on {base} and lands there, though {here} is checked out now"}
        self._say("run.resumed", data=told if moved else None, epoch=self._run.epoch)
        self._began(self._run)

    def adopted(self, attempts: Sequence[Attempt], snapshot: Snapshot) -> None:
        """Log which running agents this life of the loop took over; that they are paused is not said again later."""
        paused = {one.attempt.agent for one in all_wanted(snapshot) if one.paused}
        drafts = [
            agent_event(
                attempt,
                "agent.status",
                state=(AgentState.PAUSED if attempt.agent in paused else AgentState.WORKING).value,
                reason="taken over by a new loop",
            )
            for attempt in attempts
        ]
        if drafts:
            self._log.append(drafts, SYSTEM, self.run.id)

    def follow(self, snapshot: Snapshot) -> None:
        """Log what became of the prompts, a pause, a halt, being stuck, and going on after it; each once."""
        self._milestone = snapshot.milestone
        self._prompts = snapshot.settings.space or snapshot.settings.prompts_folder
        self._last = snapshot
        if self._run is not None and _of_another(self._run, snapshot.milestone):
            self._left(snapshot)
        self._describe(snapshot)
        state, before = snapshot.loop.state, self._state
        if state is before or self._run is None:
            self._state = state
            return
        if state is LoopState.FINISHED and snapshot.milestone.status != "open":
            write_status(self._layout, snapshot.milestone.status)
            self._end_at_last(self._run, snapshot.loop.reason)
        elif state in _TOLD:
            self._say(_TOLD[state], reason=snapshot.loop.reason)
        elif before in _TOLD and state in (LoopState.RUNNING, LoopState.WAITING):
            self._say("run.resumed", reason=snapshot.loop.reason)
        self._state = state

    def begin(self, snapshot: Snapshot, over: tuple[int, Phase], move: Move) -> None:
        """Begin a phase after the iteration and phase that are over, or end it all; nothing where that was done before.

        The log is told first: killed in between, the same is told again, and not written twice.
        """
        run = self.run
        if (run.iteration, phase_of(run.phase)) != over:
            return
        for iteration, drafts in phases.told(run, move):
            self._log.append(drafts, SYSTEM, run.id, iteration)
        failpoint("phase-recorded")
        self._run = phases.after(run, move)
        if move.decision is Decision.DONE:
            self.close_milestone(snapshot, move.reason)
            return
        if move.decision is Decision.STUCK:
            self._hand_over(snapshot, "stuck", move.reason, move.remedy)
        if Phase.DECIDED in (over[1], move.phase):
            write_status(self._layout, "stuck" if move.phase is Phase.DECIDED else "open")
        write_run(self._layout, self._run)

    def close_milestone(self, snapshot: Snapshot, reason: str) -> None:
        """Nothing is left to run: the milestone is done, and with it the run."""
        self._hand_over(snapshot, "done", reason)
        waited = {WAITED: waited_for_human(snapshot, time.time()).to_json()}
        self._say("milestone.status", subject="milestone", data=waited, status="done", reason=reason)
        failpoint("close-recorded")
        write_status(self._layout, "done")
        self._end(reason)

    def _hand_over(self, snapshot: Snapshot, status: str, reason: str, remedy: str = "") -> None:
        """Write the hand-over page; a milestone ends without one where that can't be done, and the log says so."""
        from coordinator.loop.handover import write_handover

        try:
            write_handover(self._layout, self._log, snapshot, status, reason, remedy=remedy)
        except (OSError, CoordError) as error:
            why = error.message if isinstance(error, CoordError) else (error.strerror or "unknown").lower()
            self._say("problem.found", subject="milestone", message=f"the hand-over page can't be written: {why}")

    def leave(self, outcome: Outcome) -> None:
        """This life of the loop ends; an unfinished run is taken up by the next one."""
        if self._run is not None:
            self._say("run.stopped", data={"outcome": outcome.state, "reason": outcome.reason, **self._usage()})

    def _describe(self, snapshot: Snapshot) -> None:
        """Tell the log which prompts there are now, where that is not what it was told last."""
        if snapshot.prompts is self._seen:
            return
        self._seen = snapshot.prompts
        before = self._told_rows() if self._rows is None else self._rows
        self._rows = {number: row_of(prompt, snapshot.steps[number]) for number, prompt in snapshot.prompts.items()}
        where: dict[str, object] = {"folder": snapshot.settings.space} if snapshot.settings.space else {}
        drafts = [Draft(DESCRIPTION, "milestone", {**data, **where}) for data in changes(before, self._rows)]
        drafts += [Draft("step.skipped", f"prompt:{n}", {"reason": "cancelled"}) for n in skipped(before, self._rows)]
        if drafts:  # together: what is told is never told again
            run = self._run
            self._log.append(drafts, SYSTEM, *((run.id,) if run is not None else (None, FIRST)))

    def _told_rows(self) -> dict[int, Row]:
        """What earlier lives of the loop told of the prompts."""
        rows: dict[int, Row] = {}
        seq = 0
        while events := self._log.since(seq, _PAGE, Filter(kinds=(DESCRIPTION,))):
            seq = events[-1].seq
            for event in events:
                rows = rows_after(rows, event.data)
        return rows

    def _end_at_last(self, run: Run, otherwise: str) -> None:
        """End a run after a kill between the end of its milestone and its own, for the reason that was told then."""
        told = self._log.tail(1, Filter(kinds=("milestone.status", "run.finished")))
        reason = told[0].data.get("reason") if told else None
        finished = bool(told) and (told[0].kind, told[0].subject) == ("run.finished", f"run:{run.id}")
        self._end(reason if isinstance(reason, str) and reason else otherwise, told=finished)

    def _end(self, reason: str, *, told: bool = False) -> None:
        if self._run is not None:
            if not told:
                self._say("run.finished", data={"reason": reason, **self._usage()})
            sweep(self._layout)
            decided = Phase.DECIDED.value if self._milestone.iterate else ""
            write_run(self._layout, replace(self._run, state="ended", outcome="done", phase=decided, ended=utc_now()))
            self._run, self._base = None, ""

    def _left(self, snapshot: Snapshot) -> None:
        """End a run whose milestone has given way to another one."""
        assert self._run is not None, "it is of another milestone"
        reason = f"another milestone began: {snapshot.milestone.title}"
        self._say("run.finished", data={"reason": reason, **self._usage()})
        write_run(self._layout, replace(self._run, state="ended", outcome="left", ended=utc_now()))
        self._run, self._base, self._state = None, "", None

    def _usage(self) -> dict[str, object]:
        """What the run used, as far as anybody told."""
        if self._last is None:
            return {}
        now = time.time()
        used = run_usage(self._last, now)
        began = timestamp(self._run.started) if self._run is not None else 0.0
        waited = waited_for_human(self._last, now, began).to_json()
        return {**used.told(), "seconds": round(used.seconds, 1), WAITED: waited}

    def _say(self, kind: str, subject: str = "", *, data: Mapping[str, object] | None = None, **more: object) -> None:
        run = self._run.id if self._run is not None else None
        self._log.append([Draft(kind, subject or f"run:{run}", {**(data or {}), **more})], SYSTEM, run)


def _of_another(run: Run, milestone: Milestone) -> bool:
    """A run belongs to another milestone than the present one. Where it had no id, its title tells."""
    if not milestone.id or run.milestone_id == milestone.id:
        return False
    return bool(run.milestone_id) or run.milestone != milestone.title
