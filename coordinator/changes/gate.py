"""The merge gate: a change is merged aside, checked there, and only then lands on the base branch.

Nothing is ever half merged: the result is built as objects (`git merge-tree`), tried in a temporary worktree, and
becomes visible by one step, the move of the base branch. After a kill at any point a second call finds either nothing
done, and does it, or the merge done, and says so. One merge at a time per repository.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from coordinator.changes.build import build
from coordinator.changes.diff import attempt_change, commits_between
from coordinator.changes.fast_forward_repair import settle
from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.history import find_merge, landed_since, same_patch
from coordinator.changes.land import land
from coordinator.changes.lending import Guest
from coordinator.changes.lock import locked
from coordinator.changes.outcome import Conflict, Merged, Nothing, Outcome, Passes, Red, Refused, Rehearsal, Waiting
from coordinator.changes.rules import refuse, unknown_programs
from coordinator.changes.safekeeping import keep_branch, keep_objects
from coordinator.changes.scripts import SETUP
from coordinator.changes.setup import SetupFailed, Wanted, set_up_checkout
from coordinator.changes.submodules import initialise
from coordinator.changes.suites import Suite, read_suite, run_suite
from coordinator.changes.temporary_checkout import sweep, temporary_checkout
from coordinator.errors import CoordError
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.change import Change
from coordinator.model.step import suite_mark
from coordinator.model.text import clip, plain
from coordinator.model.work import WorkId

ROUNDS = 5
"""How often a merge is built anew because the base branch moved meanwhile."""
_KEY = regex.compile(r"[A-Za-z0-9][A-Za-z0-9-]*\Z")


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """Which attempt is to be merged, and what is known of it."""

    work: WorkId
    attempt: int
    title: str = ""
    """Of the prompt; untrusted text."""
    run: str = ""
    branch: str = ""
    """The attempt's own; empty: the one of the usual name."""
    base: str = ""
    """Branch to merge into, as it was when the attempt started; empty: the one checked out now."""
    start: str = ""
    """Commit that the attempt started from."""
    tip: str = ""
    """Commit that was reviewed: a branch that has moved since is refused. Empty: whatever is there."""
    made: str = ""
    """Newest commit of the branch when the change was opened: what is looked for when the branch is gone."""
    opened: str = ""
    """Commit of the base branch when the change was opened."""
    landed: str = ""
    """Commit of the base branch that a human says the change landed as."""
    suites: tuple[str, ...] = ()
    """Names of validation suites that have to pass on the merge result."""
    trailers: Mapping[str, str] = field(default_factory=dict)
    """More trailers for the merge commit."""
    wanted: Callable[[], AbstractContextManager[bool]] = lambda: nullcontext(True)
    """Held while the change lands; False when its attempt was ended meanwhile."""
    landing: Callable[[str], None] = lambda commit: None
    """Told the merge commit as soon as it is built; it may yet be that it does not land."""
    owned: tuple[str, ...] = ()
    """Folders besides its own that the loop writes into, relative to the project's root: prompts of another harness."""
    guest: Guest | None = None
    """Strict mode: who runs the suites, since what they run is what an agent wrote."""
    setup: Wanted = Wanted()
    """How the checkout is made ready in which suites run."""
    ports: Callable[[], AbstractContextManager[int]] = lambda: nullcontext(0)
    """Held while suites run: the first of ten ports that are theirs."""


def merge_attempt(places: Places, request: MergeRequest, *, patience: float = 5.0) -> Outcome:
    """Merge an attempt's branch into its base branch, if every rule allows it; safe to call again after a kill.

    Waits up to `patience` seconds for another merge. Raises CoordError when the repository can't be read or written, or
    a suite can't be found; nothing was changed then.
    """
    git = Git(places.root)
    with locked(git.place.common / "coord-merge.lock", patience) as hold:
        if hold is None:
            return Waiting("another merge is under way")
        sweep(git, places)
        settle(git)
        suites = tuple(read_suite(places, name) for name in request.suites)
        return _Gate(places, git, request, suites, hold).pass_through()


def rehearse_merge(places: Places, request: MergeRequest, *, patience: float = 5.0) -> Rehearsal:
    """Build the merge result aside and run the suites on it, but land nothing; raises as `merge_attempt` does."""
    git = Git(places.root)
    with locked(git.place.common / "coord-merge.lock", patience) as hold:
        if hold is None:
            return Waiting("a merge is under way")
        sweep(git, places)
        suites = tuple(read_suite(places, name) for name in request.suites)
        return _Gate(places, git, request, suites, hold).rehearse()


def find_landed(places: Places, request: MergeRequest, base_tip: str, looked: str) -> Merged | None:
    """How somebody brought an open change into the base branch by hand since it was opened; None when nobody did.

    `base_tip`: where the base branch is; `looked`: where it was at the last look. Changes nothing.
    """
    git = Git(places.root)
    tip = git.head(request.branch) or request.made
    if git.run("cat-file", "-e", f"{tip}^{{commit}}", ok=None).status:
        return None
    commit = landed_since(git, tip, request.start, base_tip, request.opened, looked)
    if not commit:
        return None
    made = commits_between(git, request.start, tip) if request.start else []
    return Merged(commit, tuple(one.sha for one in made))


def acknowledged(git: Git, change: Change, request: MergeRequest) -> Merged | Waiting:
    """The change as a human says that it landed, once the base branch has that commit."""
    if git.is_ancestor(request.landed, change.base_tip):
        commits = tuple(commit.sha for commit in change.commits) or ((request.made,) if request.made else ())
        return Merged(request.landed, commits)
    return Waiting(f"{plain(change.base_branch)} here does not have {request.landed[:10]}: `git pull` there")


class _Gate:
    """One merge."""

    def __init__(self, places: Places, git: Git, request: MergeRequest, suites: tuple[Suite, ...], hold: int) -> None:
        self.places, self.git, self.request, self.suites, self.hold = places, git, request, suites, hold
        self.branch = request.branch or request.work.branch(request.attempt)
        self.base = git.base_branch(request.base)
        self.tree = places.worktree(request.work, request.attempt)

    def pass_through(self) -> Outcome:
        """Build, check and land; anew when the base branch moved meanwhile."""
        request, waiting = self.request, Waiting(f"{plain(self.base)} keeps moving")
        for _ in range(ROUNDS):
            change = self.change()
            merged = find_merge(
                self.git,
                request.work,
                request.attempt,
                branch=self.branch,
                tip=change.tip,
                base_tip=change.base_tip,
                start=request.start,
                run=request.run,
            )
            if merged is not None:
                keep_objects(self.git, request.start or change.fork, merged.commit)
                keep_branch(self.git, self.base)
                return merged
            if request.landed:
                return acknowledged(self.git, change, request)
            stopped = self.refuse(change) or self.strangers() or self.merge(change)
            if not isinstance(stopped, Waiting) or self.git.head(self.base) == change.base_tip:
                return stopped
            waiting = stopped
        return waiting

    def change(self) -> Change:
        request = self.request
        return attempt_change(
            self.places, request.work, request.attempt, self.base, start=request.start, branch=self.branch
        )

    def refuse(self, change: Change) -> Refused | Nothing | None:
        request = self.request
        return refuse(self.places, self.git, change, reviewed=request.tip, owned=request.owned, tree=self.tree)

    def strangers(self) -> Waiting | None:
        """Programs that would have a say in the result, and that nobody knows of."""
        return unknown_programs(self.git, ("filter.", "merge."))

    def merge(self, change: Change) -> Merged | Conflict | Red | Waiting:
        """Build the result aside, try it, and land it. Waiting with a moved base branch means: build anew."""
        keep_objects(self.git, change.fork, change.tip)
        keep_branch(self.git, self.branch)
        result = build(self.git, self.places, change.base_tip, change.tip, self.message())
        if isinstance(result, Waiting):
            return result
        there = self.there_already(change, result)
        if there is not None:
            return there
        if isinstance(result, Conflict):
            return self.explained(result)
        self.request.landing(result)
        red = self.try_suites(result)
        if red is not None:
            return red
        if self.git.head(self.branch) != change.tip:
            return Waiting(f"{self.branch} moved during the merge")
        with self.request.wanted() as wanted:
            if not wanted:
                return Waiting("its attempt was ended meanwhile")
            waiting = land(self.git, self.base, result, change.base_tip, self.hold)
        return waiting or Merged(result, tuple(commit.sha for commit in change.commits), change.untracked)

    def there_already(self, change: Change, result: str | Conflict) -> Merged | None:
        """A squash or cherry-picks by hand brought it in: merging it again would add nothing, or conflict."""
        if change.fork == change.base_tip:
            return None
        if isinstance(result, str) and self.git.tree(result) != self.git.tree(change.base_tip):
            return None
        same = same_patch(self.git, change.tip, change.base_tip)
        return Merged(same, tuple(commit.sha for commit in change.commits)) if same else None

    def rehearse(self) -> Rehearsal:
        """Build and check, as `merge` does before it lands."""
        request, change = self.request, self.change()
        stopped = self.refuse(change)
        if isinstance(stopped, Refused):
            return stopped
        if waiting := self.strangers():
            return waiting
        result = build(self.git, self.places, change.base_tip, change.tip, self.message(), try_only=True)
        if isinstance(result, Conflict):
            return self.explained(result)
        if isinstance(result, Waiting):
            return result
        return self.try_suites(result) or Passes(request.suites)

    def try_suites(self, commit: str) -> Red | None:
        """Run the validation suites on the merge result, in a checkout of it that is removed afterwards."""
        if not self.suites:
            return None
        request = self.request
        env = {
            "COORD_ROOT": str(self.places.root),
            "COORD_RUN": request.run,
            "COORD_PROMPT": str(request.work.number),
            "COORD_ATTEMPT": str(request.attempt),
            "COORD_AGENT": suite_mark(request.work, request.attempt),
            "COORD_ROLE": "suite",
        }
        guest = request.guest
        try:
            with temporary_checkout(self.git, self.places, commit) as folder, request.ports() as port:
                initialise(self.git, folder)
                with set_up_checkout(self.places, folder, request.setup, env, guest, port) as given:
                    return self.run_suites(folder, given, guest.words if guest is not None else ())
        except SetupFailed as error:
            ended = error.ended
            if ended is None:
                return Red(SETUP, f"{error.message}; {error.remedy}", 1)
            return Red(SETUP, ended.output, ended.status, ended.timed_out)

    def run_suites(self, folder: Path, env: Mapping[str, str], words: tuple[str, ...]) -> Red | None:
        for suite in self.suites:
            result = run_suite(suite, folder / self.git.place.prefix, env, words)
            if not result.green:
                return Red(suite.name, result.output, result.status, result.timed_out)
        return None

    def explained(self, conflict: Conflict) -> Conflict:
        """The conflict, with what the agent has to do about it."""
        what = conflict.message or "; ".join(plain(name) for name in conflict.files)
        how = (
            f"{self.branch} conflicts with {plain(self.base)}:\n{what}\n"
            f"Run `git merge {plain(self.base)}` in your worktree, resolve the conflicts so that both intentions hold, "
            "commit, and hand off again."
        )
        return Conflict(conflict.files, how)

    def message(self) -> str:
        """The merge commit's message; a title is one line of it and can't add trailers."""
        request = self.request
        title = clip(" ".join(plain(request.title).split()), 100)
        subject = f"Merge {self.branch}: {title}" if title else f"Merge {self.branch}"
        trailers = {"Coord-Prompt": str(request.work.number), "Coord-Attempt": str(request.attempt)}
        if request.run:
            trailers["Coord-Run"] = request.run
        for key, value in request.trailers.items():
            if not _KEY.match(key):
                raise CoordError(f"{plain(key)!r} can't be a trailer of a commit", "use letters, digits and dashes")
            trailers.setdefault(key, value)
        lines = [f"{key}: {' '.join(plain(value).split())}" for key, value in trailers.items()]
        return subject + "\n\n" + "\n".join(lines) + "\n"
