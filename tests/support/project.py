"""Small real projects: git repository, prompts, scripted agents, a tmux server of their own, gone with the test."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, TypeVar

from support.repository import IDENTITY, NO_SETTINGS, Repository
from support.wait import wait_until
from support.warm import Process, interpreter

from coordinator.eventlog.store import EventLog
from coordinator.model.event import Event
from coordinator.model.run import LoopAsk
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Step
from coordinator.observe.observer import Observer
from coordinator.storage.paths import Layout
from coordinator.storage.runs import loop_is_alive, write_loop
from coordinator.terminals.errors import TerminalError
from coordinator.terminals.server import Terminals

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
COORD = [sys.executable, "-m", "coordinator.cli.main"]
"""The command as a process that comes up by itself."""
LoopProcess = Process | subprocess.Popen[bytes]
WRITE = """\
set -eu
echo "by attempt $COORD_ATTEMPT" >"file-$COORD_PROMPT.txt"
git add -A && git commit -qm "Write file $COORD_PROMPT"
coord agent done --summary "wrote file $COORD_PROMPT"
"""
"""A scripted agent that does its work."""
NOTHING = "coord agent done --no-change --summary 'nothing to do'\n"
"""A scripted agent that changes nothing."""


def prompt_text(number: int, *dependencies: int, **values: object) -> str:
    """A prompt file; `values` are further lines of its frontmatter."""
    lines = {"number": number, "title": f"Prompt {number}", "type": "planned", "status": "pending"}
    lines |= {"dependencies": list(dependencies), "priority": "medium", "attempts": 0, "commits": [], **values}
    front = "".join(f"{key}: {value}\n" for key, value in lines.items())
    return f"---\n{front}---\n## Tasks\n\nDo {number}.\n\n## Acceptance Criteria\n\n- It is done.\n"


def _of_all_processes(file: str) -> Iterator[tuple[int, bytes]]:
    """The id and this file of every process that lives and may be looked at."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/{file}", "rb") as opened:
            yield int(name), opened.read()


def _run_anew(words: Sequence[str], env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COORD, *words], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


def _run_warm(words: Sequence[str], env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, open(os.devnull, "rb") as nothing:
        code = interpreter().start(words, env, [stream.fileno() for stream in (nothing, out, err)]).wait()
        said = [os.pread(stream.fileno(), os.fstat(stream.fileno()).st_size, 0).decode() for stream in (out, err)]
    return subprocess.CompletedProcess([*COORD, *words], code, *said)


class Project:
    """A project in a temporary folder; `layout` is what everything takes."""

    def __init__(
        self,
        folder: Path,
        prompts: Mapping[int, Sequence[int]],
        scripts: Mapping[int, str],
        settings: Mapping[str, object],
        inside: str = "",
    ) -> None:
        self.repository = Repository(folder / "project", project=inside)
        # agents commit as somebody also where a tmux server was started without IDENTITY in its environment
        with (self.repository.root / ".git/config").open("a") as settings_of_git:
            settings_of_git.write(f"[user]\n\tname = {IDENTITY['GIT_AUTHOR_NAME']}\n")
            settings_of_git.write(f"\temail = {IDENTITY['GIT_AUTHOR_EMAIL']}\n[maintenance]\n\tauto = false\n")
        self.layout: Layout = self.repository.layout
        self.socket = f"coord-test-{os.getpid()}-{secrets.token_hex(4)}"
        self.terminals = Terminals(self.socket, "coord")
        self.own_environment: dict[str, str] = {}
        """What its processes get besides, and instead."""
        self._folder = folder
        self._processes: list[LoopProcess] = []
        self._released: list[int] = []
        """Of the pipes that agents wait at, those that are open for good."""
        self._bin = folder / "bin"
        self._bin.mkdir()
        self.command = self._bin / "coord"
        """The `coord` that its processes find."""
        self.command.write_text(
            f'#!/bin/sh\nPYTHONPATH={quote(str(ROOT))} exec {quote(sys.executable)} -P -m coordinator.cli.main "$@"\n'
        )
        self.command.chmod(0o755)
        for place in (self.layout.prompts, self.layout.scripts, self.layout.suites):
            place.mkdir(parents=True)
        chosen = {"runtime": "scripted", "gate": "auto", "tmux_socket": self.socket, **settings}
        self.layout.config.write_text("".join(f"{key}: {value}\n" for key, value in chosen.items()))
        self.layout.milestone.write_text("---\ntitle: A milestone\nstatus: open\n---\n")
        EventLog.open(self.layout.events_db, create=True).close()
        for number, dependencies in prompts.items():
            self.add(number, *dependencies, script=scripts.get(number, WRITE))

    def add(self, number: int, *dependencies: int, script: str = WRITE, **values: object) -> Path:
        """Add a prompt with its script; the path of the prompt."""
        (self.layout.scripts / f"{number:02d}.sh").write_text(script)
        path = self.layout.prompts / f"{number:02d}-planned-prompt-{number}.prompt.md"
        temporary = path.with_suffix(".new")
        temporary.write_text(prompt_text(number, *dependencies, **values))
        temporary.rename(path)
        return path

    def environment(self, **more: str) -> dict[str, str]:
        """What its processes get: the `coord` of this checkout first on PATH, nothing of an agent or tmux around us."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("COORD_", "TMUX", "GIT_"))}
        own = {"PATH": f"{self._bin}:{kept['PATH']}", "PYTHONPATH": str(ROOT), **NO_SETTINGS}
        return kept | own | IDENTITY | self.own_environment | more

    def coord(self, *arguments: str, check: bool = True, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a `coord` command about this project."""
        words, env = ["-C", str(self.layout.root), *arguments], self.environment(**environ)
        done = _run_warm(words, env) if interpreter().can_run_in(env) else _run_anew(words, env)
        if check and done.returncode:
            raise AssertionError(f"coord {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def start_loop(self, *arguments: str, failpoint: str = "") -> "LoopProcess":
        """Start `coord loop` as a process; `failpoint` is where it kills itself."""
        env = self.environment(**({"COORD_FAILPOINT": failpoint} if failpoint else {}))
        words = ["-C", str(self.layout.root), "loop", *arguments]
        with (self._folder / "loop.out").open("ab") as out, open(os.devnull, "rb") as nothing:
            if interpreter().can_run_in(env):
                process: LoopProcess = interpreter().start(words, env, [f.fileno() for f in (nothing, out, out)])
            else:
                process = subprocess.Popen([*COORD, *words], env=env, stdin=nothing, stdout=out, stderr=out)
        self._processes.append(process)
        return process

    def stop_loops(self) -> None:
        """Kill every loop that was started here."""
        for process in self._processes:
            process.kill()
            process.wait()

    def run_loop(self, *arguments: str, timeout: float = 60) -> int:
        """Run `coord loop --until-idle` to its end; its exit code."""
        process = self.start_loop("--until-idle", *arguments)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the loop goes on after {timeout:g} s:\n{self.said()}") from None

    def answer_until_over(self, loop: "LoopProcess", answer: str = "1", timeout: float = 60) -> int:
        """Give each question the same answer until this loop ends; its exit code."""

        def is_over(snapshot: Snapshot) -> bool:
            for question in snapshot.open_questions:
                self.coord("answer", str(question.seq), answer)
            return loop.poll() is not None

        self.sees(is_over, timeout=timeout, message="the loop's end")
        return loop.returncode

    def said(self) -> str:
        """What the loops printed so far."""
        path = self._folder / "loop.out"
        return path.read_text() if path.exists() else ""

    def snapshot(self) -> Snapshot:
        observer = Observer(self.layout)
        try:
            return observer.snapshot()
        finally:
            observer.close()

    def sees(self, is_so: Callable[[Snapshot], T], *, timeout: float = 60, message: str = "the project") -> T:
        """Wait until something is so of the project, by an observer that keeps what it read; what `is_so` said."""
        observer = Observer(self.layout)
        try:
            return wait_until(lambda: is_so(observer.snapshot()), timeout=timeout, message=message)
        finally:
            observer.close()

    def states(self) -> dict[int, str]:
        """Prompt → state of its step."""
        return {number: step.state.value for number, step in self.snapshot().steps.items()}

    def wait_for(self, number: int, state: str, timeout: float = 60) -> None:
        """Wait until the step of a prompt is in a state, and the log tells so: `step.json` is written before it."""

        def is_known(snapshot: Snapshot) -> bool:
            step = snapshot.steps.get(number)
            return step is not None and step.state.value == state and self.is_logged(step)

        try:
            self.sees(is_known, timeout=timeout, message=f"{number} to be {state}")
        except AssertionError as error:
            raise AssertionError(f"{error}; they are {self.states()}\n{self.said()[-2000:]}") from None

    def is_logged(self, step: Step) -> bool:
        """The log tells of the state that the step's attempt is in."""
        attempt = step.attempt
        if attempt is None or attempt.state is not step.state:
            return True  # its file says so
        told = self.events(step.state.event_kind)
        return any((event.prompt, event.data.get("attempt")) == (step.number, attempt.attempt) for event in told)

    def events(self, *kinds: str) -> list[Event]:
        """All events, or those of these kinds."""
        with EventLog(self.layout.events_db) as log:
            return [event for event in log.since(0, 100_000) if not kinds or event.kind in kinds]

    def attempts(self, number: int) -> list[dict[str, Any]]:
        """Every `step.json` of a prompt, over all runs, in the order of the attempts."""
        found = self.layout.runs.glob(f"run-*/prompts/{number:02d}/attempt-*/step.json")
        return sorted((json.loads(path.read_text()) for path in found), key=lambda step: step["attempt"])

    def agents(self, number: int | None = None) -> list[int]:
        """Live processes of this prompt's agent, or of any: launchers and all that they started."""
        name = b"COORD_AGENT=" if number is None else f"COORD_AGENT=executor-{number:02d}-".encode()
        mark = f"COORD_ROOT={self.layout.root}".encode()
        found = ((pid, environ.split(b"\0")) for pid, environ in _of_all_processes("environ") if mark in environ)
        return [pid for pid, words in found if mark in words and any(word.startswith(name) for word in words)]

    def _left_of_tmux(self) -> list[int]:
        """The server and clients on this project's socket that live, whether they answer or not."""
        words = f"-L\0{self.socket}\0".encode()
        return [pid for pid, line in _of_all_processes("cmdline") if words in line]

    def release(self, name: str = "go") -> None:
        """Let the agents that wait for this file go on, and all that come to it later."""
        (self._folder / name).touch()
        self._released.append(os.open(self._gate(name), os.O_RDWR | os.O_NONBLOCK))

    def until(self, name: str = "go") -> str:
        """A line of a script that waits for `release`, and does nothing meanwhile: it opens a pipe to read."""
        file, gate = quote(str(self._folder / name)), quote(str(self._gate(name)))
        return f"while [ ! -e {file} ]; do true <{gate} || :; done\n"

    def _gate(self, name: str) -> Path:
        path = self._folder / f"{name}.gate"
        if not path.exists():
            os.mkfifo(path)
        return path

    def close(self) -> None:
        """End everything that was started, and remove the socket."""
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self._end_loop()
        for pid in self.agents():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(TerminalError):
            self.terminals.run("kill-server")
            wait_until(lambda: not self.terminals.alive(), message="the tmux server's end")
        for pid in self._left_of_tmux():  # it waits for ever for a control client whose reader was killed
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if os.path.exists(self.terminals.socket_path):
            os.unlink(self.terminals.socket_path)
        for descriptor in self._released:
            os.close(descriptor)

    def _end_loop(self) -> None:
        """End a loop that a command started: it would open the tmux server again that is about to end."""
        if loop_is_alive(self.layout):
            write_loop(self.layout, LoopAsk("stopped", by="the end of a test"))
            wait_until(lambda: not loop_is_alive(self.layout), message="the loop's end")


@contextlib.contextmanager
def project(
    folder: Path,
    prompts: Mapping[int, Sequence[int]],
    scripts: Mapping[int, str] | None = None,
    inside: str = "",
    **settings: object,
) -> Iterator[Project]:
    """A project with prompts (number → dependencies), their scripts (`WRITE` where none is given) and settings.

    `inside`: the folder of its repository that it is; empty: all of it.
    """
    made = Project(folder, prompts, scripts or {}, settings, inside)
    try:
        yield made
    finally:
        made.close()
