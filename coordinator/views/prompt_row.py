"""The one fact about a prompt that matters now, in a few words, with the tone to say it in."""

import time
from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property, lru_cache

from coordinator.lazy.typing import NamedTuple
from coordinator.model.budget_pause import about_budgets, paused_by
from coordinator.model.clock import timestamp
from coordinator.model.graph import SATISFIED
from coordinator.model.limits import Limit, holds, limits
from coordinator.model.loop_state import held_by_questions, resumes_at, retry_at, startable, subject_number
from coordinator.model.prompt import Prompt, PromptType
from coordinator.model.queue import Place, lineup
from coordinator.model.snapshot import Agent, AgentState, LoopState, Question, Snapshot
from coordinator.model.step import Step, StepState
from coordinator.model.text import age, clip, plain

_REASON = 40
"""Columns that a reason written by somebody else gets."""
_SAID = 80
"""Columns that the last line of a set-up gets."""


_SOON = 120.0
"""Seconds from which on a time of day says more than a countdown."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Tone(StrEnum):
    """What a row is about; each has a glyph and a colour of its own."""

    DONE = "done"
    RUNNING = "running"
    REVIEW = "review"
    """A change is open."""
    ATTENTION = "attention"
    """An agent can't go on without a human."""
    NEXT = "next"
    """Nothing is missing but a free agent."""
    WAITING = "waiting"
    FAILED = "failed"
    BLOCKED = "blocked"
    """It can't start until somebody changes something: blocked, held, in a cycle, behind a missing prompt."""
    CANCELLED = "cancelled"


class Fact(NamedTuple):
    """Safe to print on one line."""

    text: str
    tone: Tone


class Badge(NamedTuple):
    """What kind of prompt it is, where that is worth saying."""

    kind: PromptType
    text: str


def badge(prompt: Prompt) -> Badge | None:
    """`patches 02`, `emergent`, `review fix`; None for planned work."""
    if prompt.type is PromptType.USER_PATCH:
        fixed = names(prompt.patches_prompts, 3)
        return Badge(prompt.type, f"patches {fixed}" if fixed else "user patch")
    if prompt.type is PromptType.EMERGENT:
        return Badge(prompt.type, "emergent")
    if prompt.type is PromptType.REVIEW_FIX:
        return Badge(prompt.type, "review fix")
    return None


def until(moment: float | None, now: float) -> str:
    """` for 12s`, ` until 15:04`, ` until 30 Nov 15:04`: how long something lasts; empty when it is over or unknown."""
    if moment is None or moment <= now:
        return ""
    if moment - now < _SOON:
        return f" for {age(moment - now + 0.999)}"
    there, here = time.localtime(moment), time.localtime(now)
    day = "" if there[:3] == here[:3] else f"{there.tm_mday} {_MONTHS[there.tm_mon - 1]} "
    return f" until {day}{there.tm_hour:02d}:{there.tm_min:02d}"


def limit_words(runtime: str, limit: Limit, now: float) -> str:
    """`limit of claude until 14:00`; where nobody told when it ends, when somebody tries again."""
    if limit.told:
        return f"limit of {plain(runtime)}{until(limit.until, now)}"
    return f"limit of {plain(runtime)}, tries again in {age(limit.until - now + 0.999)}"


def names(numbers: Iterable[int], limit: int) -> str:
    """`02`, `02, 05`, `02, 05, 07 and 3 more`: at most `limit` of them by name."""
    labels = [f"{number:02d}" for number in numbers]
    if len(labels) <= limit + 1:
        return ", ".join(labels)
    return f"{', '.join(labels[:limit])} and {len(labels) - limit} more"


def closed_cycles(snapshot: Snapshot) -> tuple[tuple[int, ...], ...]:
    """The graph's cycles that still hold their members: one that has ended opens its cycle."""
    steps = snapshot.steps
    return tuple(c for c in snapshot.graph.cycles if not any(steps[n].state in SATISFIED for n in c))


class Facts:
    """The facts of one snapshot. What several rows share is found once, and only if a row asks for it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._limits = lru_cache(maxsize=1)(lambda now: limits(snapshot, now))

    def of(self, number: int, now: float) -> Fact:
        """The fact about a prompt that the snapshot has."""
        step = self.snapshot.steps[number]
        match step.state:
            case StepState.MERGED:
                return Fact(_worked(step), Tone.DONE)
            case StepState.SKIPPED:
                return Fact("cancelled", Tone.CANCELLED)
            case StepState.DISPATCHED | StepState.RUNNING:
                return self._live(step, now)
            case StepState.CHANGE_OPEN:
                return self._open(step)
            case StepState.FAILED:
                return self._failed(step, now)
            case StepState.BLOCKED:
                return Fact(_because(blocked_word(step), step.reason), Tone.BLOCKED)
            case StepState.PENDING:
                return self._pending(number, now)

    @cached_property
    def ready(self) -> tuple[int, ...]:
        """Prompts that would start now if agents were free, in that order."""
        s = self.snapshot
        return startable(s.graph, s.prompts, s.steps, s.questions)

    @cached_property
    def _line(self) -> dict[int, Place]:
        return {place.number: place for place in lineup(self.snapshot)}

    @cached_property
    def _next(self) -> int | None:
        """The first that waits for a free agent at most."""
        return next((place.number for place in self._line.values() if place.waits != "folder"), None)

    def _live(self, step: Step, now: float) -> Fact:
        agent = self._agents.get(step.number)
        attempt = step.attempt
        runtime = plain(agent.runtime if agent else attempt.runtime if attempt else "agent")
        if agent is not None and agent.state is AgentState.PAUSED:
            return Fact(agent.state.words, Tone.ATTENTION)
        if self._over_budget and paused_by(self._over_budget, step.number) is not None:
            return Fact(f"{runtime} is over its budget", Tone.ATTENTION)
        if step.number in self._asking:
            return Fact(f"{runtime} asks a question", Tone.ATTENTION)
        if agent is not None and agent.state in _AGENT_NEEDS:
            return Fact(f"{runtime} {_AGENT_NEEDS[agent.state]}", Tone.ATTENTION)
        if agent is not None and agent.stuck is not None:
            return Fact(f"{runtime} stuck: {plain(agent.stuck.words(now))}", Tone.ATTENTION)
        began = timestamp(attempt.started or attempt.since) if attempt else 0.0
        spent = f" {age(now - began)}" if began else ""
        if agent is not None and agent.setting_up:
            said = f": {clip(plain(agent.doing), _SAID)}" if agent.doing else ""
            return Fact(f"setting up{spent}{said}", Tone.RUNNING)
        if step.state is StepState.DISPATCHED:
            return Fact(f"{runtime} starts{spent}", Tone.RUNNING)
        if agent is not None and agent.state is AgentState.RATE_LIMITED:
            return Fact(f"{runtime} rate-limited{until(agent.resets_at, now) or spent}", Tone.RUNNING)
        return Fact(f"{runtime}{spent}", Tone.RUNNING)

    def _open(self, step: Step) -> Fact:
        attempt = step.attempt
        size = f" +{attempt.added} -{attempt.removed}" if attempt and (attempt.added or attempt.removed) else ""
        review = self.snapshot.reviews.get(step.number)
        if review is not None and attempt is not None and review.attempt == attempt.attempt:
            word = "approved" if review.approved else "rejected"
            return Fact(_because(word, step.reason or ("merging" if review.approved else review.note)), Tone.REVIEW)
        if self.snapshot.settings.gate == "review":
            return Fact(f"review{size}", Tone.REVIEW)
        word = "at the forge" if self.snapshot.settings.gate == "forge" else "checks"
        return Fact(_because(word + size, step.reason), Tone.REVIEW)

    def _failed(self, step: Step, now: float) -> Fact:
        text = failed_word(step)
        retry = self._retry_at(step)
        if retry is not None:
            left = retry - now
            held = self._held
            if held is None or step.number in held:
                return Fact(f"{text} · retry after an answer", Tone.FAILED)
            return Fact(f"{text} · retry {'now' if left <= 0 else 'in ' + age(left + 0.999)}", Tone.FAILED)
        if step.number in self.snapshot.loop.halted_by:
            return Fact(f"{text} · halted", Tone.FAILED)
        return Fact(text, Tone.FAILED)

    def _pending(self, number: int, now: float) -> Fact:
        graph = self.snapshot.graph
        missing = graph.dangling.get(number)
        if missing:
            word = "unreadable" if self._unreadable.issuperset(missing) else "missing"
            return Fact(f"needs {names(missing, 2)}, {word}", Tone.BLOCKED)
        if number in self._cycles:
            return Fact(self._cycles[number], Tone.BLOCKED)
        unmet = [d for d in graph.dependencies[number] if not self.snapshot.steps[d].satisfied]
        away = [d for d in unmet if self.snapshot.steps[d].elsewhere]
        if away:
            return Fact(f"needs {names(away, 2)}, merged elsewhere", Tone.BLOCKED)
        if unmet:
            return Fact(f"after {names(unmet, 3)}", Tone.WAITING)
        held = self._held
        if held is None or number in held:
            return Fact("after an answer", Tone.WAITING)
        again = resumes_at(self.snapshot.steps[number], self.snapshot.settings)
        if (held_by := holds(self.snapshot, number, now, self._limits(now))) is not None:
            return Fact(limit_words(*held_by, now), Tone.WAITING)
        if again is not None and again > now:
            return Fact(f"interrupted · goes on in {age(again - now + 0.999)}", Tone.WAITING)
        place = self._line.get(number)
        if place is not None and place.waits == "folder":
            return Fact(f"after {names(place.holders, 3)}, same folder", Tone.WAITING)
        if self._next == number and self.snapshot.loop.state is LoopState.RUNNING:
            return Fact("next", Tone.NEXT)
        return Fact("ready", Tone.NEXT)

    def _retry_at(self, step: Step) -> float | None:
        if step.state is not StepState.FAILED:
            return None
        return retry_at(step, self.snapshot.prompts[step.number], self.snapshot.settings)

    @cached_property
    def _agents(self) -> dict[int, Agent]:
        """By prompt: the agent of its newest attempt."""
        found = sorted(self.snapshot.agents, key=lambda agent: agent.attempt)
        return {agent.prompt: agent for agent in found if agent.prompt is not None}

    @cached_property
    def _asking(self) -> frozenset[int]:
        return frozenset(
            number for q in self.snapshot.open_questions if (number := subject_number(q.subject)) is not None
        )

    @cached_property
    def _over_budget(self) -> tuple[Question, ...]:
        return about_budgets(self.snapshot.open_questions)

    @cached_property
    def _unreadable(self) -> frozenset[int]:
        """Numbers whose files have problems that keep them out."""
        found = (number for problem in self.snapshot.problems for number in problem.numbers[:1])
        return frozenset(found).difference(self.snapshot.prompts)

    @cached_property
    def _cycles(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for cycle in closed_cycles(self.snapshot):
            path = " → ".join(f"{number:02d}" for number in cycle)
            text = "waits for itself" if len(cycle) == 2 else f"cycle {clip(path, _REASON)}"
            found.update(dict.fromkeys(cycle, text))
        return found

    @cached_property
    def _held(self) -> frozenset[int] | None:
        return held_by_questions(self.snapshot.questions, self.snapshot.graph)


_AGENT_NEEDS = {
    AgentState.PERMISSION: "asks permission",
    AgentState.WAITING: "waits for input",
    AgentState.INTERRUPTED: "was interrupted",
    AgentState.CRASHED: "crashed",
    AgentState.LOST: "is lost",
    AgentState.KILLED: "was killed",
}


def blocked_word(step: Step) -> str:
    """`blocked`, `held`, or `killed, held`: why a blocked step does not go on."""
    attempt = step.attempt
    if attempt is None or not attempt.held:
        return "blocked"
    return "killed, held" if attempt.killed else "held"


def failed_word(step: Step) -> str:
    """`failed`, `failed, attempt 2`, or `killed, attempt 2` where that was asked for."""
    attempt = step.attempt
    if attempt is None:
        return "failed"
    return f"{'killed' if attempt.killed else 'failed'}, attempt {attempt.attempt}"


def _worked(step: Step) -> str:
    """How long its last attempt worked; empty when nobody measured."""
    attempt = step.attempt
    if attempt is None:
        return ""
    began = timestamp(attempt.started)
    ended = timestamp(attempt.exit.at if attempt.exit else attempt.since)
    return age(ended - began) if began and ended >= began else ""


def _because(word: str, reason: str) -> str:
    reason = clip(plain(reason), _REASON)
    return f"{word} · {reason}" if reason else word
