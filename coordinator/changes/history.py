"""Finding out from the history alone whether an attempt is merged: what makes merging safe to repeat."""

from coordinator.changes.diff import commits_between
from coordinator.changes.git import Git
from coordinator.changes.outcome import Merged
from coordinator.model.work import WorkId

_CANDIDATES = 500
"""Newest commits of a base branch among which a squashed change is looked for."""
_PATCH_LIMIT = 64 * 1024 * 1024


def find_merge(
    git: Git, work: WorkId, attempt: int, *, tip: str, base_tip: str, branch: str = "", start: str = "", run: str = ""
) -> Merged | None:
    """How an attempt's work got into the base branch; None when it didn't, or when it produced none.

    While its branch is there, ancestry tells, whoever merged it. Once that is gone the trailers of merge commits do, on
    the base branch's own line only: what agents committed can't claim to be a merge. `branch`: the attempt's own, if it
    has not the usual name: another project in the repository may have an attempt of the same numbers.
    """
    if not tip:
        return _by_trailers(git, work, attempt, branch or work.branch(attempt), base_tip, start, run)
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


def same_patch(git: Git, tip: str, base: str, since: str = "") -> str:
    """The commit by which a squash, a rebase or cherry-picks brought a change into `base`; empty when none did.

    `since`: a commit of the base branch that had none of it yet; empty: the one at which the branches parted.
    """
    fork = git.merge_base(base, tip)
    if not fork or fork == base:
        return ""
    theirs = _patch_ids(git, "log", f"--max-count={_CANDIDATES}", "--first-parent", f"{since or fork}..{base}")
    squashed = next(iter(_patch_ids(git, "diff-tree", fork, tip)), "")
    if squashed in theirs:
        return theirs[squashed]
    own = _patch_ids(git, "log", "--reverse", "--no-merges", f"{fork}..{tip}") if theirs else {}
    rebased = [theirs.get(patch, "") for patch in own]
    return rebased[-1] if rebased and all(rebased) else ""


def landed_since(git: Git, tip: str, start: str, base: str, opened: str, looked: str) -> str:
    """The commit by which somebody brought an open change into the base branch by hand; empty when nobody did.

    `start`: commit that the attempt started from; `opened`: where the base branch was when the change was opened, for
    what was there by then nobody brought who had seen it; `looked`: where it was at the last look.
    """
    if not tip or tip == start or git.is_ancestor(tip, opened):
        return ""
    if git.is_ancestor(tip, base):
        merges = git.run("rev-list", "--parents", "--merges", "--ancestry-path", "--reverse", f"{tip}..{base}")
        return next((line.split(" ")[0] for line in merges.text.splitlines() if tip in line.split(" ")[2:]), tip)
    new = git.run("rev-list", "--max-count=1", "--first-parent", "--no-merges", f"{looked or opened}..{base}", "--")
    return same_patch(git, tip, base, opened) if new.text else ""


def _patch_ids(git: Git, verb: str, *args: str) -> dict[str, str]:
    """Patch id → commit, in the order of the patches that git prints."""
    plainly = ("--no-color", "--no-ext-diff", "--no-textconv", "--full-index", "--binary")
    patch = git.main.run(verb, "-p", *plainly, *args, "--", limit=_PATCH_LIMIT)
    if patch.cut or not patch.out:
        return {}
    lines = git.run("patch-id", "--stable", stdin=patch.out).text.splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


def _by_trailers(
    git: Git, work: WorkId, attempt: int, branch: str, base_tip: str, start: str, run: str
) -> Merged | None:
    if not (start or run):
        return None
    wanted = {"Coord-Prompt": str(work.number), "Coord-Attempt": str(attempt)} | ({"Coord-Run": run} if run else {})
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
