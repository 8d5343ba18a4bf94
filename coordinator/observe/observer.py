"""Everything that is → Snapshot: the one way from the disk and the log to whatever looks at them."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from coordinator.agents.presence import Presence
from coordinator.errors import CoordError
from coordinator.eventlog.snapshot_cache import LogMemory
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.budget_pause import about_budgets
from coordinator.model.claims import false_claims
from coordinator.model.graph import Graph, problems
from coordinator.model.loop_state import judge, next_retry
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.run import Run
from coordinator.model.settings import Settings
from coordinator.model.snapshot import Agent, Loop, Milestone, Snapshot
from coordinator.model.step import Attempt, Step, StepState, derive_step
from coordinator.model.text import plain
from coordinator.model.trust import GONE, Ask, Trusted, ask_about
from coordinator.observe.finishing import finish, is_pending
from coordinator.observe.project import Project
from coordinator.observe.roll import Roll, RollCall
from coordinator.observe.standing import Standing
from coordinator.observe.trust import judgement
from coordinator.observe.usage import FlowSpending, Spending
from coordinator.processes.table import is_stopped
from coordinator.storage.attempts import written_to
from coordinator.storage.config import load_config
from coordinator.storage.documents import MILESTONE_STATUSES, alignment_problem, examine_milestone
from coordinator.storage.files import digest_of, read_limited, sha256
from coordinator.storage.flow_attempts import FlowReader
from coordinator.storage.kept_aside import is_kept, kept_in
from coordinator.storage.locks import is_held
from coordinator.storage.paths import Layout
from coordinator.storage.prompts import PromptReader
from coordinator.storage.runs import AttemptReader, current_run, loop_is_alive, read_loop

if TYPE_CHECKING:
    from coordinator.model.checks import Checks
    from coordinator.model.round import Round
    from coordinator.observe.acceptance import Acceptance
    from coordinator.observe.adopted import Adopted
    from coordinator.observe.pipelines import Pipelines
    from coordinator.observe.rounds import Rounds
    from coordinator.storage.feedback import FindingReader

DOCUMENT_LIMIT = 16 * 1024 * 1024
"""Bytes of a document that services append to."""
_LOOKS = 3
"""How often a look is repeated because a plan was applied meanwhile."""
_SHOWN = (StepState.DISPATCHED, StepState.RUNNING, StepState.CHANGE_OPEN, StepState.FAILED, StepState.BLOCKED)
"""States in which the agent of a prompt's last attempt is still of interest."""
_TRUST_AGE = 5.0
"""Seconds after which trust is judged again, for a checkout that brings other suites tells nobody."""


class Observer:
    """Reads a project and keeps what it read, so that the next look costs only what changed.

    Belongs to one thread. Raises CoordError when the log can't be read, or at the first look the settings; everything
    else that is wrong becomes a problem of the snapshot. Settings that can't be read later leave the last good ones in
    force.
    """

    def __init__(self, layout: Layout, findings: "Callable[[], FindingReader] | None" = None) -> None:
        """`findings`: what others read of them already; asked for only where a milestone iterates."""
        self.layout = layout
        self._findings = findings
        self._had_settings = os.path.lexists(layout.config)
        """Its settings were in a file when they were read last: they are not given up when that is gone."""
        self.config = Project(layout).config
        self.unread: CoordError | None = None
        """Why the settings of before are in force still."""
        self._prompts = PromptReader(layout, self.config)
        self._log = LogMemory(layout.events_db)
        self._attempts = AttemptReader(layout, self._log)
        self._flows = FlowReader(layout, self._log)
        self._spending = Spending(layout)
        self._flow_spending = FlowSpending(layout)
        self._piped: Pipelines | None = None
        self._graph = Graph.of(())
        self._graph_problems: tuple[Problem, ...] = ()
        self._roll = RollCall(layout)
        self._found: Roll | None = None
        self._read_from: tuple[Mapping[int, Prompt], Mapping[int, Attempt], Mapping[int, int]] = ({}, {}, {})
        self._derived: dict[int, Step] = {}
        """Steps as files, attempts and words tell them."""
        self._steps: dict[int, Step] = {}
        """The same, with where merged work stands."""
        self._standing = Standing(layout)
        self._rounds: Rounds | None = None
        self._acceptance: Acceptance | None = None
        self._claims: tuple[Problem, ...] = ()
        self._presence = Presence(layout.root)
        self._windows: Adopted | None = None
        self._adopted: tuple[Agent, ...] = ()
        self._loop_alive = False
        self._unfinished: Problem | None = None
        self._kept: tuple[Problem, ...] = ()
        self._trust: Trusted | Ask = Trusted()
        self._judged = 0.0
        """When trust was judged last, on the monotonic clock."""
        self._documents: dict[str, bytes] = {}
        self._unreadable: Problem | None = None
        """What is wrong with the alignment document: hand-offs can't be written into it meanwhile."""
        self._document_paths = frozenset((layout.coord, layout.alignment, layout.milestone, layout.loop_json))

    def snapshot(self) -> Snapshot:
        """Look at everything."""
        return self.refresh(None)

    def refresh(self, changed: Collection[Path] | None) -> Snapshot:
        """Look again at the changed paths, or at everything for None; the log is read on in either case.

        A plan that a killed process left unfinished is finished first.
        """
        for _ in range(_LOOKS):
            done, self._unfinished = finish(self.layout)
            snapshot = self._look(None if done else changed)
            if self._unfinished is not None or not is_pending(self.layout):
                break
        return snapshot

    def _look(self, changed: Collection[Path] | None) -> Snapshot:
        if changed is None or self.layout.config in changed or self.layout.coord in changed:
            self._read_settings()
        self._judge_trust(changed)
        touched = self._log.read_on()
        if changed is not None and touched:
            changed = {*changed, *self._attempt_folders(touched)}
        # attempts first: an end that one did not come to is taken out of its prompt's file before its record says so
        self._attempts.leave_out(self._roll.foreign_runs(self.config))
        attempts = self._attempts.refresh(changed)
        files = self._prompts.refresh(changed)
        self._follow_pipelines(attempts, everything=changed is None)
        run = current_run(self.layout)
        self._flows.refresh(run.id if run is not None else None, changed)
        found = self._roll.call(files, attempts, self._log, self.config.space)
        if found is not self._found:
            self._graph = self._graph.updated(found.prompts.values())
            self._graph_problems = problems(self._graph, found.prompts)
            self._found = found
        self._derive(found, attempts)
        self._steps = self._standing.look(self._derived, found.prompts, self._graph, self.config.base_branch or "")
        if changed is None or not self._document_paths.isdisjoint(changed):
            self._read_documents()
        if changed is None or self._kept or any(is_kept(path.name) for path in changed):
            self._kept = tuple(self._kept_aside())
        return self._compose(found, attempts, run)

    def _follow_pipelines(self, attempts: Mapping[int, Attempt], *, everything: bool) -> None:
        """Look at the turns of prompts that have a pipeline, where there are any."""
        if self._piped is None and any(attempt.pipeline for attempt in attempts.values()):
            from coordinator.observe.pipelines import Pipelines

            self._piped = Pipelines(self.layout, self._log)
        if self._piped is not None:
            self._piped.refresh(attempts, everything=everything)

    def _read_settings(self) -> None:
        had, there = self._had_settings, os.path.lexists(self.layout.config)
        try:
            config = load_config(self.layout)
            self._had_settings = there and os.path.lexists(self.layout.config)
            if had and not self._had_settings:
                self._had_settings = True
                raise CoordError(f"{self.layout.rel(self.layout.config)} is gone", "bring it back, or make a new one")
            self.config = config
        except CoordError as error:
            self.unread = error
        else:
            self.unread = None
            self._prompts.configure(self.config)

    def _settings_problem(self) -> Problem | None:
        if self.unread is None:
            return None
        remedy = f"{self.unread.remedy}; until then the settings of before are in force"
        return Problem(self.layout.rel(self.layout.config), 0, "bad-settings", plain(self.unread.message), remedy)

    def attended(self) -> list[Path]:
        """Directories of the attempts that are under way, and where a base has to move: what a watch has to attend."""
        return [
            *self._standing.folders,
            *(self._rounds.folders if self._rounds is not None else ()),
            *(self._acceptance.folders if self._acceptance is not None else ()),
            *(folder for attempt in self._under_way() for folder in written_to(self.layout.root, attempt)),
        ]

    def _under_way(self) -> Iterator[Attempt]:
        for step in self._steps.values():
            if step.attempt is not None and step.state in (StepState.DISPATCHED, StepState.RUNNING):
                yield step.attempt
        for attempt in (*self._flows.last.values(), *(self._piped.turns.values() if self._piped else ())):
            if attempt.state.live:
                yield attempt

    def outlived(self) -> bool:
        """A process has ended that the last snapshot took for alive, or the loop began. Costs next to nothing."""
        if self._unfinished is not None and not is_held(self.layout.journal):
            return True
        return loop_is_alive(self.layout) != self._loop_alive or self._presence.outlived()

    def look_around(self) -> bool:
        """Look at the windows that the setting `adopt` names, for the next snapshots; True when they are others now.

        Takes one call of tmux for each server, and another one for screens; nothing where the setting is
        empty, or where nobody trusts the project.
        """
        before, patterns = self._adopted, self.config.adopt if isinstance(self._trust, Trusted) else ()
        if not patterns:
            self._windows, self._adopted = None, ()
        else:
            from coordinator.observe.adopted import Adopted

            if self._windows is None or self._windows.patterns != patterns:
                self._windows = Adopted(self.layout.root, patterns)
            self._adopted = self._windows.look()
        return self._adopted != before

    def folders(self) -> list[Path]:
        """Prompt folders besides the project's own."""
        return [self.layout.root / folder for folder in self.config.prompt_folders]

    def close(self) -> None:
        self._log.close()

    def _attempt_folders(self, numbers: Iterable[int]) -> Iterable[Path]:
        run = current_run(self.layout)
        if run is None:
            return ()
        return (self.layout.run(run.id) / "prompts" / f"{number:02d}" for number in numbers)

    def _derive(self, found: Roll, attempts: Mapping[int, Attempt]) -> None:
        """Steps of all prompts; those stay whose prompt and attempt are the very objects they were derived from."""
        old_prompts, old_attempts, old_said = self._read_from
        said = self._log.said_done
        if old_prompts is found.prompts and old_attempts is attempts and old_said is said:
            return
        before = self._derived
        self._derived = {}
        for number, prompt in found.prompts.items():
            attempt, known = attempts.get(number), before.get(number)
            same = known is not None and old_prompts[number] is prompt and old_attempts.get(number) is attempt
            if known is None or not same or old_said.get(number) != said.get(number):
                step = derive_step(prompt, attempt, said.get(number, 0))
                known = known if known == step else step
            self._derived[number] = known
        self._claims = false_claims(found.prompts, self._derived)
        self._read_from = (found.prompts, attempts, said)

    def _judge_trust(self, changed: Collection[Path] | None) -> None:
        """Files that decide what runs are looked at again with everything else, and every few seconds."""
        now = time.monotonic()
        asking = isinstance(self._trust, Ask)
        if changed is None or asking or now > self._judged + _TRUST_AGE or self.layout.config in changed:
            self._judged, self._trust = now, judgement(self.layout)

    def _direct(self, found: Roll) -> Iterator[tuple[str, str]]:
        """Files as they came past coord and still are. Prompts that nobody works on are edited freely."""
        if not self._log.direct:
            return
        prompts = {prompt.path: prompt for prompt in found.prompts.values()}
        places = (self.layout.prompts, *self.folders())
        for path, digest in self._log.direct.items():
            prompt = prompts.get(path)
            if prompt is not None:
                stands = prompt.digest == digest and self._steps[prompt.number].state is not StepState.PENDING
            elif digest == GONE and (self.layout.root / path).parent in places:
                stands = False
            else:
                stands = _is_version(self.layout.root / path, digest)
            if stands:
                yield path, digest

    def _read_documents(self) -> None:
        self._documents, self._unreadable = {}, alignment_problem(self.layout)
        for path in (self.layout.alignment, self.layout.milestone, self.layout.loop_json):
            with suppress(OSError, CoordError):
                self._documents[self.layout.rel(path)] = read_limited(path, DOCUMENT_LIMIT)

    def _kept_aside(self) -> Iterator[Problem]:
        for folder in (self.layout.coord, self.layout.prompts, *self.folders()):
            yield from kept_in(str(folder), plain(self.layout.rel(folder)))

    def _compose(self, found: Roll, attempts: Mapping[int, Attempt], run: Run | None) -> Snapshot:
        questions = self._piped.still_asked(self._log.questions) if self._piped else self._log.questions
        asked_over = about_budgets(questions)
        turns = self._piped.spent(asked_over) if self._piped else None
        self._spending.look(run.id if run is not None else None, attempts, asked_over, turns)
        self._flow_spending.look(self._flows.all, asked_over)
        self._loop_alive = loop_is_alive(self.layout)
        asked, loop_problem = read_loop(self.layout)
        milestone, milestone_problem = self._milestone()
        untrusted = self._trust if isinstance(self._trust, Ask) else None
        direct = dict(self._direct(found)) if untrusted is None else {}
        asks = untrusted or ask_about(direct)
        told = asks.problem if asks is not None else None
        found_wrong = (loop_problem, milestone_problem, told, _log_problem(self.layout), self._unfinished, *self._kept)
        found_wrong = (self._settings_problem(), *found_wrong)
        extra = [problem for problem in found_wrong if problem is not None]
        settings = milestone.over(self.config.settings)
        if settings.isolation != "shared" and not _has_git(self.layout.root):
            settings = replace(settings, isolation="shared")
        round_ = self._round(milestone, run, settings)
        if round_ is not None and self.config.on_failure == "auto":
            settings = replace(settings, on_failure="plan")
        loop: Loop = judge(
            graph=self._graph,
            prompts=found.prompts,
            steps=self._steps,
            questions=questions,
            settings=settings,
            asked=asked.state,
            alive=self._loop_alive,
            max_parallel=asked.max_parallel or self.config.max_parallel,
            unreadable=found.unusable,
            turn=round_ if milestone.status != "done" else None,
        )
        stopped = is_stopped if asked_over else None
        agents = self._presence.of(self._of_interest(attempts), attended=self._loop_alive, stopped=stopped)
        return Snapshot(
            project=self.config.project,
            milestone=milestone,
            loop=loop,
            graph=self._graph,
            prompts=found.prompts,
            steps=self._steps,
            run=run.id if run is not None else None,
            iteration=run.iteration if run is not None else 0,
            agents=agents,
            adopted=tuple(a if a.prompt in found.prompts else replace(a, prompt=None) for a in self._adopted),
            questions=questions,
            reviews=self._log.reviews,
            problems=tuple(sorted(self._problems(found, extra))),
            head=self._log.head,
            highest_number=found.highest,
            settings=settings,
            spent=self._spending.run,
            used=self._spending.ever,
            waits=self._log.waits,
            samples=self._log.samples,
            documents=self._documents,
            fingerprints={path: sha256(data) for path, data in self._documents.items()},
            untrusted=untrusted,
            direct=direct,
            due=next_retry(found.prompts, self._steps, settings, agents, tuple(self._flows.last.values())),
            unfinished=self._unfinished is not None,
            elsewhere=self._attempts.elsewhere,
            flows=self._flows.last,
            flow_counts=self._flows.counts,
            flows_spent=self._flow_spending.run,
            stages=self._piped.turns if self._piped else {},
            pipelines=self._piped.positions if self._piped else {},
            unusable=found.unusable,
            round=round_,
            checks=self._checks(found, run),
        )

    def _round(self, milestone: Milestone, run: Run | None, settings: Settings) -> "Round | None":
        """The present iteration, of a milestone that iterates."""
        if not milestone.iterate:
            self._rounds = None
            return None
        if self._rounds is None:
            from coordinator.observe.rounds import Rounds
            from coordinator.storage.feedback import FindingReader

            findings = self._findings() if self._findings is not None else FindingReader(self.layout)
            self._rounds = Rounds(self.layout, findings)
        return self._rounds.look(
            self._log,
            milestone,
            run,
            settings,
            configured=self.config.base_branch or "",
            document=self._documents.get(self.layout.rel(self.layout.milestone)),
            steps=self._steps,
            flows=self._flows,
        )

    def _checks(self, found: Roll, run: Run | None) -> "Checks | None":
        """What merged prompts named to show their acceptance criteria."""
        merged = (step.attempt for step in self._steps.values() if step.state is StepState.MERGED)
        if not any(attempt.receipt.checks for attempt in merged if attempt is not None and attempt.receipt is not None):
            return None
        from coordinator.observe.acceptance import Acceptance, named_checks

        if self._acceptance is None:
            self._acceptance = Acceptance(self.layout)
        numbers, configured = named_checks(self._steps), self.config.base_branch or ""
        return self._acceptance.look(numbers, found.prompts, self._steps, self._log.shown, run, configured)

    def _problems(self, found: Roll, more: Iterable[Problem]) -> Iterator[Problem]:
        yield from (
            *found.problems,
            *self._graph_problems,
            *self._attempts.problems,
            *self._flows.problems,
            *(self._piped.problems if self._piped else ()),
            *self._claims,
            *self._standing.problems,
            *((self._unreadable,) if self._unreadable is not None else ()),
            *(self._rounds.problems if self._rounds is not None else ()),
            *more,
        )

    def _milestone(self) -> tuple[Milestone, Problem | None]:
        """The milestone as its file tells it, with the status that was logged last, if any was."""
        milestone, problem = examine_milestone(self.layout)
        logged = self._log.milestone_status
        return (replace(milestone, status=logged) if logged in MILESTONE_STATUSES else milestone), problem

    def _of_interest(self, attempts: Mapping[int, Attempt]) -> Iterator[Attempt]:
        """Attempts whose agents are at work, or whose end still matters; one with a pipeline has none of its own."""
        for number, attempt in attempts.items():
            step = self._steps.get(number)
            if attempt.pipeline:
                yield from self._piped.of_interest(attempt) if self._piped else ()
                continue
            if attempt.state.live or (step is not None and step.state is attempt.state and step.state in _SHOWN):
                yield attempt
        newest = max((work.iteration for work in self._flows.last), default=0)
        for work, attempt in self._flows.last.items():
            if attempt.state.live or (work.iteration == newest and attempt.state in _SHOWN):
                yield attempt


def _log_problem(layout: Layout) -> Problem | None:
    """A log that nobody can write to: without it the loop does nothing, and has no other place to say so."""
    if not layout.events_db.exists() or os.access(layout.events_db, os.W_OK):
        return None
    message = "the event log can't be written: nothing is recorded, so nothing is started"
    remedy = "look at its owner, mode and attributes (ls -l, lsattr), and whether the disk is mounted writable"
    return Problem(layout.rel(layout.events_db), 0, "log-unwritable", message, remedy)


def _is_version(path: Path, digest: str) -> bool:
    try:
        return (digest_of(path) or GONE) == digest
    except (OSError, CoordError):
        return False


def _has_git(root: Path) -> bool:
    """The project lies in a repository, as far as a look at the folders tells: this is asked for every snapshot."""
    return any((folder / ".git").exists() for folder in (root, *root.parents))
