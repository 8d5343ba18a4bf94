"""Finding out from the history alone whether an attempt is merged: what makes merging safe to repeat."""

from coordinator.changes.diff import commits_between
from coordinator.changes.git import Git, branch_name
from coordinator.changes.outcome import Merged


def find_merge(
    git: Git, number: int, attempt: int, *, tip: str, base_tip: str, branch: str = "", start: str = "", run: str = ""
) -> Merged | None:
    """How an attempt's work got into the base branch; None when it didn't, or when it produced none.

    While its branch is there, ancestry tells, whoever merged it. Once that is gone the trailers of merge commits do, on
    the base branch's own line only: what agents committed can't claim to be a merge. `branch`: the attempt's own, if it
    has not the usual name: another project in the repository may have an attempt of the same numbers.
    """
    if not tip:
        return _by_trailers(git, number, attempt, branch or branch_name(number, attempt), base_tip, start, run)
    if tip == start or not git.is_ancestor(tip, base_tip):
        return None
    merges = git.run("rev-list", "--parents", "--merges", "--ancestry-path", "--reverse", f"{tip}..{base_tip}")
    for line in merges.text.splitlines():
        commit, first, *others = line.split(" ")
        if tip in others:
            return Merged(commit, _shas(git, first, tip))
    if start and git.is_ancestor(start, tip):
        return Merged(tip, _shas(git, start, tip))
    return None


def _by_trailers(
    git: Git, number: int, attempt: int, branch: str, base_tip: str, start: str, run: str
) -> Merged | None:
    if not (start or run):
        return None
    wanted = {"Coord-Prompt": str(number), "Coord-Attempt": str(attempt)} | ({"Coord-Run": run} if run else {})
    greps = [f"--grep=^{key}: {value}$" for key, value in wanted.items()]
    span = f"{start}..{base_tip}" if start else base_tip
    log = ("log", "-z", "--first-parent", "--merges", "--all-match", "--format=%H%n%P%n%s%n%(trailers:only,unfold)")
    for record in git.run(*log, *greps, span, "--").fields:
        commit, parents, subject, *lines = record.split("\n")
        trailers = dict(line.split(": ", 1) for line in lines if ": " in line)
        if wanted.items() <= trailers.items() and f"{subject}:".startswith(f"Merge {branch}:"):
            first, *others = parents.split(" ")
            return Merged(commit, _shas(git, first, others[0]))
    return None


def _shas(git: Git, base: str, tip: str) -> tuple[str, ...]:
    return tuple(commit.sha for commit in commits_between(git, base, tip))
