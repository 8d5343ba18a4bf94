"""A plan of thirty prompts, hit twenty times at random, ends with the very tree of an undisturbed run."""

import os
import random
import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.piped import pipeline
from support.project import Project, project
from support.proof import trial
from support.terminal import Terminal
from support.wait import wait_until
from support.whole import check_whole

from coordinator.loop.control import start_loop
from coordinator.model.pipeline import ABOUT
from coordinator.storage.runs import current_run, loop_is_alive
from coordinator.terminals.errors import TerminalError

PROMPTS, AT_ONCE, KILLS = 30, 4, 20
PATIENCE = 200.0
"""Seconds in which the plan has to be through, whatever is killed."""
SCRIPT = """\
set -eu
cat README.md {parts} | git hash-object --stdin >part-{number:02d}.txt
git add part-{number:02d}.txt
git diff --cached --quiet || git commit -qm "Part {number}"
sed -i "s/^line {number} .*/line {number} is $(cat part-{number:02d}.txt)/" table.txt
git diff --quiet || git commit -qam "Line {number}"
coord agent done --summary "part {number}"
"""
"""What an agent does depends on what its prompt depends on, and on nothing else; it builds on what is committed."""
STATIONS = "case ${{COORD_TURN:-}} in reader*) coord agent done --summary read; exit ;; esac\n"
"""Of a prompt with a pipeline: its author does all the work, whose reader then looks at it."""
Plan = dict[int, list[int]]


def random_plan(chance: random.Random) -> Plan:
    """Each prompt depends on some of the eight before it."""
    plan: Plan = {}
    for number in range(1, PROMPTS + 1):
        before = range(max(1, number - 8), number)
        plan[number] = sorted(chance.sample(before, min(len(before), chance.choice((0, 1, 1, 2, 3)))))
    return plan


def scripts(plan: Plan) -> dict[int, str]:
    return {
        number: (STATIONS + SCRIPT).format(number=number, parts=" ".join(f"part-{n:02d}.txt" for n in needed))
        for number, needed in plan.items()
    }


def in_stations(made: Project) -> None:
    """Give every third prompt a pipeline."""
    pipeline(made, "author retries=5\nreader retries=5")
    for number, path in enumerate(sorted(made.layout.prompts.glob("*.prompt.md")), 1):
        if number % 3 == 0:
            path.write_text(path.read_text().replace("priority: ", "pipeline: duo\npriority: ", 1))


def fill(made: Project) -> None:
    """Give the project the table in which each prompt has a line, none next to another's."""
    made.repository.commit({"table.txt": "".join(f"line {n} is empty\n\n\n\n" for n in range(1, PROMPTS + 1))})


def undisturbed(folder: Path, plan: Plan) -> str:
    """The tree that the plan comes to."""
    with project(folder, plan, scripts(plan), max_parallel=AT_ONCE) as made:
        fill(made)
        assert made.run_loop(timeout=PATIENCE) == 0, made.said()
        return made.repository.tree()


class Chaos:
    """Kills one thing after the other, and does what an engineer would do about it."""

    def __init__(self, made: Project, terminal: Terminal, chance: random.Random) -> None:
        self.made, self.terminal, self.chance = made, terminal, chance
        self.killed = Counter[str]()
        self.restarted = 0
        self._next = 0
        """Number of the event after which something is killed."""

    def run(self) -> None:
        """Until all is merged."""
        self.set_right()
        deadline = time.monotonic() + PATIENCE
        while set(self.made.states().values()) != {"merged"} or self.made.snapshot().milestone.status != "done":
            assert time.monotonic() < deadline, f"{self.killed}: {self.made.states()}"
            if self.killed.total() < KILLS and len(self.made.events()) >= self._next:
                self.kill()
            self.set_right()
            time.sleep(0.02)
        wait_until(self.is_through, message="the loop to put everything away")

    def is_through(self) -> bool:
        """The run is closed, and nothing is left of the agents, nor of what they were writing."""
        run = current_run(self.made.layout)
        left = self.made.agents() or list(self.made.layout.runs.rglob(".coord-tmp-*"))
        return run is not None and run.state == "ended" and not left

    def kill(self) -> None:
        """Kill something that is there to be killed."""
        victims = {"loop": self.loop, "screen": self.screen, "server": self.server, "agent": self.agent}
        name = self.chance.choice(list(victims))
        pid = victims[name]()
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # it ended by itself meanwhile
            return
        wait_until(lambda: gone(pid), message=f"the end of the {name}")
        self.killed[name] += 1
        self._next = len(self.made.events()) + self.chance.randint(1, 6)

    def set_right(self) -> None:
        """Start again what is gone, and restart what failed."""
        if not loop_is_alive(self.made.layout):
            start_loop(self.made.layout)
            wait_until(lambda: loop_is_alive(self.made.layout), message="the loop to start")
        if self.screen() is None:
            self.terminal.open(self.made)
        if any(q.about.startswith(ABOUT) for q in self.made.snapshot().open_questions):
            for question in self.made.snapshot().open_questions:
                self.made.coord("answer", str(question.seq), "retry", check=False)
        for number, state in self.made.states().items():
            if state == "failed":
                done = self.made.coord("restart", str(number), "--yes", check=False)
                self.restarted += done.returncode == 0

    def loop(self) -> int | None:
        windows = [window for window in self.made.terminals.windows() if window.name == "loop" and not window.dead]
        return windows[0].pid if windows else None

    def screen(self) -> int | None:
        try:
            pid = self.terminal.pid()
        except AssertionError:
            return None
        return None if gone(pid) else pid

    def server(self) -> int | None:
        try:
            return int(self.made.terminals.run("display-message", "-p", "#{pid}"))
        except (TerminalError, ValueError):
            return None

    def agent(self) -> int | None:
        pids = self.made.agents()
        return self.chance.choice(sorted(pids)) if pids else None


def gone(pid: int) -> bool:
    """The process has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("COORD_TEST_SEED") or secrets.randbelow(1_000_000))
    print(f"COORD_TEST_SEED={seed} does the same again")
    return random.Random(seed)


@pytest.mark.slow
@pytest.mark.timeout(500)
@pytest.mark.parametrize("piped", [False, True], ids=["prompts", "pipelines"])
def test_a_plan_hit_twenty_times_ends_with_the_tree_of_an_undisturbed_one(
    make: Callable[..., Project], tmp_path: Path, terminal: Terminal, chance: random.Random, *, piped: bool
) -> None:
    plan = random_plan(chance)
    print("plan:", plan)
    tree = undisturbed(tmp_path / "undisturbed", plan)
    made = make(plan, scripts(plan), max_parallel=AT_ONCE)
    fill(made)
    if piped:
        in_stations(made)
    start = made.repository.head()
    chaos = Chaos(made, terminal, chance)
    began = time.monotonic()
    with trial("a plan of thirty prompts, hit at random", at="any moment") as one:
        chaos.run()
        one.came = ", ".join(f"{count} × {name} killed" for name, count in sorted(chaos.killed.items()))
        print(f"{one.came}, {chaos.restarted} restarted, {time.monotonic() - began:.0f} s")
        assert made.repository.tree() == tree
        check_whole(made, start, "after all", known=[], locks=False)
    assert chaos.killed.total() >= KILLS / 2, "the plan was through too soon"
