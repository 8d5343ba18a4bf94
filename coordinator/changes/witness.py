"""Runs what is claimed to show a criterion: on a checkout of exactly that commit, made for it and thrown away then.

What was committed, and the command itself where it stands in the project's suites or a human allowed it, run with the
rights that suites have. Any other command runs in a sandbox or not at all; and what holds there without the commit's
files shows nothing of them, so that a human is asked about it too.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from coordinator.changes.agent_user import hand_over
from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.lending import Guest
from coordinator.changes.lock import locked
from coordinator.changes.lost_tests import lost_tests
from coordinator.changes.rules import unknown_programs
from coordinator.changes.sandbox import Sandbox, find_sandbox
from coordinator.changes.setup import SetupFailed, Wanted, set_up_checkout
from coordinator.changes.submodules import initialise
from coordinator.changes.suites import Suite, SuiteResult, run_suite
from coordinator.changes.temporary_checkout import WITNESS, other_encodings, sweep, temporary_checkout
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.model.witnesses import NOT_READY, TIMED_OUT
from coordinator.processes.terminate import terminate_agent

NO_SANDBOX = "This machine has no sandbox for it: bubblewrap (`bwrap`) is not there, or may not work here."
BLANK = "In the sandbox it holds without any file of the commit as well: it shows nothing of the project."
_CONTROL = 120.0
"""Seconds that a command gets to show that it does not hold on just anything."""


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    """A command and what it is to run on."""

    command: str
    commit: str
    mark: str
    """What its processes are marked with, as an agent's are with its id."""
    seconds: float
    allowed: bool = False
    """It may run as suites do; else in a sandbox only."""
    start: str = ""
    """A commit of before the work: what did not hold there, and holds now, was brought about. Empty: none is known."""
    looks_before: bool = True
    """What holds is tried on `start` as well."""
    known_before: bool | None = None
    """Whether it held on `start`, where that is known already."""
    run: str = ""
    guest: Guest | None = None
    """Strict mode: who runs it."""
    setup: Wanted = Wanted()
    ports: Callable[[], AbstractContextManager[int]] = lambda: nullcontext(0)
    begins: Callable[[], None] = lambda: None
    """Called right before the command starts on the commit; what it raises keeps the command from running."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How it ended."""

    exit: int
    """`TIMED_OUT` and `NOT_READY` among them."""
    output: str
    """The end of it; untrusted, and with its secrets."""
    digest: str
    seconds: float
    sandboxed: bool
    doubts: tuple[str, ...] = ()
    """What was done to tests since the work began, so that a check that holds shows little."""
    held_before: bool | None = None
    """It holds, and did on the commit that the work began on; None: it was not tried there, or can't be told."""


@dataclass(frozen=True, slots=True)
class Unasked:
    """It did not run, or does not count, unless a human says so."""

    why: str
    """A sentence for people."""


def run_witness(places: Places, request: WitnessRequest, *, patience: float = 5.0) -> Ran | Unasked:
    """Run a command on a commit. Safe to call again after a kill. Raises CoordError where no checkout can be made.

    One at a time per repository: another one is waited for `patience` seconds.
    """
    git = Git(places.root)
    words = request.guest.words if request.guest is not None else ()
    sandbox = None if request.allowed else find_sandbox(words)
    if sandbox is None and not request.allowed:
        return Unasked(NO_SANDBOX)
    strangers = unknown_programs(git, ("filter.",))
    if strangers is not None:
        raise CoordError(strangers.reason, "what it names would have a say in the checkout")
    with locked(git.place.common / "coord-witness.lock", patience) as hold:
        if hold is None:
            raise CoordError("another command of a witness runs", "it is tried again")
        sweep(git, places, WITNESS)
        try:
            return _Run(places, git, request, sandbox, words).result()
        finally:
            terminate_agent(request.mark, places.root)


class _Run:
    def __init__(
        self, places: Places, git: Git, request: WitnessRequest, sandbox: Sandbox | None, words: tuple[str, ...]
    ) -> None:
        self.places, self.git, self.request, self.sandbox, self.words = places, git, request, sandbox, words

    def result(self) -> Ran | Unasked:
        began = time.monotonic()
        try:
            with temporary_checkout(self.git, self.places, self.request.commit, prefix=WITNESS) as folder:
                found = self._on(folder, self.request.begins)
        except SetupFailed as error:
            output = error.ended.output if error.ended is not None else f"{error.message}; {error.remedy}"
            found = SuiteResult(NOT_READY, output)
        status = TIMED_OUT if found.timed_out else found.status
        before = self._held_before() if status == 0 else None
        if status == 0 and self.sandbox is not None and self._is_blank(before):
            return Unasked(BLANK)
        seconds = round(time.monotonic() - began, 2)
        doubts = self._doubts() if status == 0 else ()
        return Ran(status, found.output, found.digest, seconds, self.sandbox is not None, doubts, before)

    def _doubts(self) -> tuple[str, ...]:
        """Why it shows little that the command held."""
        request = self.request
        return (
            *lost_tests(self.git, request.start, request.commit, request.command),
            *other_encodings(self.git),
        )

    def _held_before(self) -> bool | None:
        """It held on the commit that the work began on, made ready as the present one is; None: that can't be told."""
        request = self.request
        if request.known_before is not None:
            return request.known_before
        wanted = request.looks_before or self.sandbox is not None
        if not wanted or not request.start or self.git.run("cat-file", "-e", request.start, ok=None).status:
            return None
        try:
            with temporary_checkout(self.git, self.places, request.start, prefix=WITNESS) as folder:
                (folder / self.git.place.prefix).mkdir(parents=True, exist_ok=True)
                return self._on(folder).green
        except SetupFailed:
            return None

    def _is_blank(self, before: bool | None) -> bool:
        """It holds without any of the commit's files; and it did before the work, where that can be told.

        That something is not there any more is shown by the second.
        """
        if before is False:
            return False
        with temporary_checkout(self.git, self.places, self.request.commit, prefix=WITNESS, empty=True) as folder:
            if self.request.guest is not None:
                hand_over(folder, self.request.guest)
            (folder / self.git.place.prefix).mkdir(parents=True, exist_ok=True)
            return self._run(folder, self._env(), min(self.request.seconds, _CONTROL)).green

    def _on(self, folder: Path, begins: Callable[[], None] = lambda: None) -> SuiteResult:
        request = self.request
        with request.ports() as port:
            initialise(self.git, folder)
            with set_up_checkout(self.places, folder, request.setup, self._env(), request.guest, port) as given:
                begins()
                return self._run(folder, given, request.seconds)

    def _run(self, folder: Path, env: Mapping[str, str], seconds: float) -> SuiteResult:
        command, cwd = self.request.command, folder / self.git.place.prefix
        if self.sandbox is not None:
            command = self.sandbox.wrap(command, self.git, self.places, folder, own=not self.words)
        return run_suite(Suite(self.request.mark, command, seconds), cwd, env, self.words)

    def _env(self) -> dict[str, str]:
        request = self.request
        return {
            "COORD_ROOT": str(self.places.root),
            "COORD_RUN": request.run,
            "COORD_AGENT": request.mark,
            "COORD_ROLE": "suite",
        }
