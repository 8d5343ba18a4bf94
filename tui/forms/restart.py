"""Kill and restart: which agent is ended, what becomes of its prompt, and what is lost."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work

from coordinator.errors import CoordError
from coordinator.model.clock import timestamp
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.text import age
from coordinator.views.spans import Span
from tui.forms.host import Draft, FormHost
from tui.forms.message import Line
from tui.forms.prompt_form import PromptForm
from tui.forms.stages import Offer, labelled
from tui.messages import WorkSeen
from tui.paint.figures import dollars, tokens
from tui.selection import agent_by_id
from tui.widgets.footer import Hint

if TYPE_CHECKING:
    from coordinator.model.change import Change


class _AttemptForm(PromptForm):
    """A form about the attempt of one prompt, or about that of the flow whose agent is in focus."""

    def __init__(self, host: FormHost, draft: Draft | None = None) -> None:
        self.agent = host.flow_agent
        super().__init__(host, draft)
        if self.agent:
            self.number = 0
        self._lost: tuple[str, ...] = ()

    @classmethod
    def draft_key(cls, host: FormHost) -> str:
        return f"{cls.SERVICE} {host.flow_agent or host.target}"

    def name_of(self, host: FormHost) -> str:
        return f"{self.SERVICE.capitalize()} {self.agent}" if self.agent else super().name_of(host)

    def filled(self) -> Mapping[str, str]:
        return {"agent": self.agent} if self.agent else {}

    @property
    def attempt(self) -> Attempt | None:
        snapshot = self.host.snapshot
        if snapshot is not None and self.agent:
            return next((one for one in snapshot.flows.values() if one.agent == self.agent), None)
        step = snapshot.steps.get(self.number) if snapshot is not None else None
        return step.attempt if step is not None else None

    @property
    def patch_offer(self) -> Offer:
        """For work that is merged, which nothing but a patch changes."""
        return Offer("p", "patch it instead", partial(self.host.change_form, "patch"), retry=False)

    def start(self) -> None:
        super().start()
        attempt = self.attempt
        if attempt is not None and attempt.state.live and attempt.prompt:
            self._look_at_work(attempt)

    @work(thread=True, group="work", exit_on_error=False)
    def _look_at_work(self, attempt: Attempt) -> None:
        """What the agent has made so far; git is asked in a thread."""
        try:
            self.post_message(WorkSeen(attempt.prompt, self.host.source.work(attempt)))
        except CoordError:
            return  # what there is to lose stays unknown: the plan says where it would be

    @on(WorkSeen)
    def _work_seen(self, message: WorkSeen) -> None:
        self._lost = lost(message.change)
        self.say()

    def more_lines(self) -> list[Line]:
        attempt, snapshot = self.attempt, self.host.snapshot
        if attempt is None or snapshot is None or not attempt.state.live:
            return []
        told = " ".join(self._lost) if attempt.prompt else "What it has not handed in is lost."
        spent = _spent(attempt, snapshot, self.host.clock())
        return [labelled("So far", "quiet", [Span(f"{attempt.agent} worked {spent}. {told}")])]


class KillForm(_AttemptForm):
    """End an agent with everything it started."""

    SERVICE = "kill"
    HELP: ClassVar[str] = (
        "Ends the agent with everything it started: it is asked first, then its whole process tree is ended. Its "
        "commits and its worktree stay. You say what becomes of its prompt."
    )

    def offers(self) -> Sequence[Offer]:
        attempt = self.attempt
        if attempt is not None and attempt.state is StepState.MERGED:
            return (self.patch_offer,) if attempt.prompt else ()
        return (Offer("r", "restart it instead", partial(self.host.change_form, "restart"), retry=False),)


class RestartForm(_AttemptForm):
    """A new attempt, with what its agent should know."""

    SERVICE = "restart"
    HELP: ClassVar[str] = (
        "Runs the prompt again as a new attempt; an agent that works on it is ended first. It goes on from the commits "
        "and files of the last one, or starts from the base. What you write is put into the prompt. ctrl+e edits the "
        "prompt before it starts again."
    )

    def extra_hints(self) -> tuple[Hint, ...]:
        return (("^e", "edit it first", "form.editor"),) if self.number else ()

    def edit_body(self) -> None:
        """Edit the prompt first: the edit form restarts it too."""
        if self.number:
            self.host.change_form("edit", {"running": "restart", "status": "pending"})

    def offers(self) -> Sequence[Offer]:
        return (self.patch_offer,) if self.number else ()


def _spent(attempt: Attempt, snapshot: Snapshot, now: float) -> str:
    """`2m13, 18k tokens, $0.12`: what an attempt has cost so far, as far as anybody knows."""
    agent = agent_by_id(snapshot, attempt.agent)
    parts = [age(now - timestamp(attempt.started or attempt.since))]
    if agent is not None:
        parts += [f"{tokens(agent.tokens)} tokens"] if agent.tokens is not None else []
        parts += [dollars(agent.cost_usd)] if agent.cost_usd is not None else []
    return ", ".join(parts)


def lost(change: "Change") -> tuple[str, ...]:
    """What an attempt has made: what stays on its branch, and what is in its worktree only."""
    commits = len(change.commits)
    kept = f"{_commits(commits)} on {change.branch}." if commits else "No commit yet."
    loose = (*change.modified, *change.untracked)
    if not loose:
        return (kept, "Nothing is uncommitted.")
    shown = ", ".join(loose[:3]) + (f" and {len(loose) - 3} more" if len(loose) > 3 else "")
    return (kept, f"Not committed: {shown}.")


def _commits(count: int) -> str:
    return "1 commit stays" if count == 1 else f"{count} commits stay"
