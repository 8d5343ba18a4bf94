"""Runs validation suites on a commit before anybody merges it: on a checkout of its own that is thrown away then."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.lending import Guest
from coordinator.changes.rules import unknown_programs
from coordinator.changes.setup import SetupFailed, Wanted, set_up_checkout
from coordinator.changes.submodules import initialise
from coordinator.changes.suites import Suite, read_suite, run_suite, suite_names
from coordinator.changes.temporary_checkout import sweep, temporary_checkout
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import NamedTuple
from coordinator.model.seal import SuiteRun, names_suite
from coordinator.model.work import WorkId
from coordinator.processes.terminate import terminate_agent


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """A commit and the suites that are to run on it."""

    work: WorkId
    """Whose commit it is: a prompt's, or one of its turns'."""
    attempt: int
    commit: str
    suites: tuple[str, ...]
    """Their names; what is no suite here is told."""
    run: str = ""
    guest: Guest | None = None
    """Strict mode: who runs them."""
    setup: Wanted = Wanted()
    ports: Callable[[], AbstractContextManager[int]] = lambda: nullcontext(0)


class Tried(NamedTuple):
    """What came of it."""

    runs: tuple[SuiteRun, ...]
    unrun: tuple[str, ...]
    """Suites that could not be run, each with the reason; untrusted text."""


def try_suites(places: Places, request: TrialRequest) -> Tried:
    """Run all suites, whatever the ones before came to; one trial at a time for an attempt.

    Safe to call again after a kill. Raises CoordError when no checkout can be made.
    """
    suites: list[Suite] = []
    unrun: list[str] = []
    for name in request.suites:
        try:
            suites.append(read_suite(places, name))
        except CoordError as error:
            unrun.append(f"{name}: {error.message}")
    if not suites:
        return Tried((), tuple(unrun))
    git = Git(places.root)
    strangers = unknown_programs(git, ("filter.",))
    if strangers is not None:
        raise CoordError(strangers.reason, "what it names would have a say in the checkout")
    mark = f"seal-{request.work.checkout(request.attempt)}"
    sweep(git, places, f"{mark}-")
    try:
        runs = _run(places, git, request, suites, mark)
    except SetupFailed as error:
        return Tried((), (*unrun, *(f"{suite.name}: {error.message}" for suite in suites)))
    finally:
        terminate_agent(mark, places.root)
    return Tried(runs, tuple(unrun))


def named_in(places: Places, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Suites of the project that texts name, as `suite unit`."""
    return tuple(name for name in suite_names(places) if any(names_suite(text, name) for text in texts))


def _run(places: Places, git: Git, request: TrialRequest, suites: list[Suite], mark: str) -> tuple[SuiteRun, ...]:
    guest = request.guest
    env = {
        "COORD_ROOT": str(places.root),
        "COORD_RUN": request.run,
        "COORD_PROMPT": str(request.work.number),
        "COORD_ATTEMPT": str(request.attempt),
        "COORD_AGENT": mark,
        "COORD_ROLE": "suite",
    }
    words = guest.words if guest is not None else ()
    with (
        temporary_checkout(git, places, request.commit, prefix=f"{mark}-") as folder,
        request.ports() as port,
    ):
        initialise(git, folder)
        with set_up_checkout(places, folder, request.setup, env, guest, port) as given:
            results = [(suite, run_suite(suite, folder / git.place.prefix, given, words)) for suite in suites]
    return tuple(SuiteRun(one.name, r.status, r.digest, r.timed_out, r.output) for one, r in results)
