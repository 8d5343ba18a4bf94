"""Attempts at the flows of an iteration, as the loop claims them, for whoever speaks as their agents."""

import json
import subprocess

from support.project import COORD, Project

from coordinator.lazy.typing import Any
from coordinator.model.clock import utc_now
from coordinator.model.run import Run
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import WorkId, flow_work, prompt_work
from coordinator.storage.runs import current_run, write_run, write_step


class Speaker:
    """The agent of an attempt that is under way."""

    def __init__(self, made: Project, work: WorkId, role: str, count: int = 1) -> None:
        self.project, self.work, self.role, self.count = made, work, role, count
        key = f"{work.iteration}" if work.flow else f"{work.number:02d}"
        self.agent = f"{work.flow or role}-{key}-{count}"
        if current_run(made.layout) is None:
            write_run(made.layout, Run("run-1", base_branch="main", started=utc_now()))
        self.attempt = self._write(StepState.RUNNING)

    def _write(self, state: StepState) -> Attempt:
        head = self.project.repository.git("rev-parse", "HEAD").strip()
        own = Attempt(self.work, self.count, "run-1", 1, state, utc_now(), utc_now(), self.agent, self.role, base=head)
        self.project.layout.attempt("run-1", self.work, self.count).mkdir(parents=True, exist_ok=True)
        write_step(self.project.layout, own)
        return own

    def end(self, state: StepState = StepState.MERGED) -> None:
        """Let the attempt be over."""
        self._write(state)

    @property
    def environ(self) -> dict[str, str]:
        work = self.work
        own = {"COORD_FLOW": work.flow, "COORD_ITERATION": str(work.iteration)} if work.flow else {}
        return own | {
            "COORD_ROOT": str(self.project.layout.root),
            "COORD_RUN": "run-1",
            "COORD_PROMPT": str(work.number or ""),
            "COORD_ATTEMPT": str(self.count),
            "COORD_AGENT": self.agent,
            "COORD_ROLE": self.role,
        }

    def say(self, verb: str, **values: Any) -> "subprocess.CompletedProcess[str]":
        """`coord agent VERB --json -`."""
        command = [*COORD, "-C", str(self.project.layout.root), "agent", verb, "--json", "-"]
        env = self.project.environment(**self.environ)
        return subprocess.run(command, input=json.dumps(values), env=env, capture_output=True, text=True, check=False)

    def told(self, verb: str, **values: Any) -> Any:
        """What it answers. AssertionError when it refuses."""
        done = self.say(verb, **values)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, verb: str, **values: Any) -> str:
        """What it refuses with."""
        done = self.say(verb, **values)
        assert done.returncode == 3, (done.returncode, done.stdout, done.stderr)
        return done.stderr


def planner(made: Project, iteration: int = 1, count: int = 1) -> Speaker:
    return Speaker(made, flow_work(iteration, "planner"), "planner", count)


def verifier(made: Project, iteration: int = 1, count: int = 1) -> Speaker:
    return Speaker(made, flow_work(iteration, "verifier"), "verifier", count)


def specialist(made: Project, name: str = "security", iteration: int = 1, count: int = 1) -> Speaker:
    return Speaker(made, flow_work(iteration, name), "specialist", count)


def executor(made: Project, number: int, count: int = 1) -> Speaker:
    return Speaker(made, prompt_work(number), "executor", count)
