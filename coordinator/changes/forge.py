"""The forge gate: a branch is pushed, merged by people on the remote, and seen there.

A plain bare remote will do. What is merged is told by the history alone: ancestry for merges, patch ids for squashes
and rebases; where `gh` or `glab` is installed it opens the pull request, and what it says counts too. Nothing is ever
forced: not on the remote, and not on the local base branch, which only follows the remote's by fast-forward.
"""

from collections.abc import Mapping

from coordinator.changes.diff import attempt_change
from coordinator.changes.fast_forward_repair import settle
from coordinator.changes.folders import Places
from coordinator.changes.gate import MergeRequest, acknowledged
from coordinator.changes.git import Git
from coordinator.changes.history import find_merge, same_patch
from coordinator.changes.land import land
from coordinator.changes.lock import locked
from coordinator.changes.outcome import AtForge, Merged, Outcome, Waiting
from coordinator.changes.pull_request import PullRequest, Tool, find_tool
from coordinator.changes.rules import refuse, unknown_programs
from coordinator.changes.temporary_checkout import sweep
from coordinator.lazy.dataclass import dataclass
from coordinator.model.change import Change
from coordinator.model.text import plain


@dataclass(frozen=True, slots=True)
class Remote:
    """Where changes are pushed."""

    name: str = "origin"
    tool: str = "auto"
    """`auto`, `gh`, `glab` or `none`."""


def pass_forge(places: Places, request: MergeRequest, remote: Remote, *, body: str = "") -> Outcome:
    """Push an attempt's branch, open its pull request, and tell whether it is merged; safe to call again and again.

    `body` is the text of the pull request. Merged comes only once the local base branch has it too. Raises CoordError
    when the remote, its tool or the repository can't be read or written.
    """
    git = Git(places.root)
    with locked(git.place.common / "coord-merge.lock", 5.0) as hold:
        if hold is None:
            return Waiting("another merge is under way")
        sweep(git, places)
        settle(git)
        return _Forge(places, git, request, remote, hold).look(body)


class _Forge:
    """One look at the remote."""

    def __init__(self, places: Places, git: Git, request: MergeRequest, remote: Remote, hold: int) -> None:
        self.places, self.git, self.request, self.remote, self.hold = places, git, request, remote, hold
        self.branch = request.branch or request.work.branch(request.attempt)
        self.base = git.base_branch(request.base)
        self.tracking = f"refs/remotes/{remote.name}/{self.base}"
        self.pushed_as = f"refs/remotes/{remote.name}/{self.branch}"

    def look(self, body: str) -> Outcome:
        """Merged, or refused, or pushed and waiting."""
        name = self.remote.name
        kinds = ("filter.", "merge.", f"remote.{name}.", "url.", "protocol.", "core.gitproxy")
        if waiting := unknown_programs(self.git, kinds):
            return waiting
        url = self.git.run("remote", "get-url", "--", name, ok=None)
        if url.status:
            return Waiting(f"there is no remote {name}: `git remote add {name} URL`, or set `remote` in coord.yaml")
        heads = self.heads()
        if self.base not in heads:
            return Waiting(f"{name} has no branch {plain(self.base)}: push it once, `git push {name} {self.base}`")
        tip = self.fetch(heads[self.base])
        request = self.request
        change = attempt_change(
            self.places, request.work, request.attempt, self.base, start=request.start, branch=self.branch
        )
        merged = self.merged(change, tip)
        if merged is not None:
            return self.follow(merged, tip)
        tree = self.places.worktree(request.work, request.attempt)
        if request.landed:
            return self.acknowledge(change, tip)
        stopped = refuse(self.places, self.git, change, owned=request.owned, tree=tree)
        if stopped is not None:
            return stopped
        waiting = self.push(change, heads.get(self.branch, ""))
        return waiting or self.pull_request(url.text, change, tip, body)

    def acknowledge(self, change: Change, tip: str) -> Merged | Waiting:
        """A human said which commit the change landed as: the local base branch has to have it too."""
        landed = acknowledged(self.git, change, self.request)
        if isinstance(landed, Merged) or not self._has(self.request.landed, tip):
            return landed
        return self.follow(Merged(self.request.landed, tuple(commit.sha for commit in change.commits)), tip)

    def heads(self) -> Mapping[str, str]:
        """The remote's base branch and the attempt's branch there: name → commit."""
        wanted = [f"refs/heads/{self.base}", f"refs/heads/{self.branch}"]
        done = self.git.run("ls-remote", "--heads", "--", self.remote.name, *wanted)
        pairs = (line.split("\t", 1) for line in done.text.splitlines() if "\t" in line)
        return {ref.removeprefix("refs/heads/"): commit for commit, ref in pairs}

    def fetch(self, commit: str) -> str:
        """Have the remote's base branch here; its commit."""
        if self.git.run("rev-parse", "--verify", "--quiet", self.tracking, ok=None).text != commit:
            source = f"+refs/heads/{self.base}:{self.tracking}"
            self.git.run(
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self.remote.name, source, writes=True
            )
        return self.git.run("rev-parse", "--verify", self.tracking).text

    def merged(self, change: Change, tip: str) -> Merged | None:
        """How the remote's base branch got the change; None while it didn't."""
        request = self.request
        start, run = request.start, request.run
        found = find_merge(
            self.git,
            request.work,
            request.attempt,
            branch=self.branch,
            tip=change.tip,
            base_tip=tip,
            start=start,
            run=run,
        )
        if found is not None or not change.tip or change.tip == start:
            return found
        commits = tuple(commit.sha for commit in change.commits)
        same = same_patch(self.git, change.tip, tip)
        return Merged(same, commits) if same else None

    def follow(self, merged: Merged, tip: str) -> Merged | Waiting:
        """Let the local base branch follow the remote's, by fast-forward only."""
        here = self.git.base_commit(self.base)
        if self.git.is_ancestor(tip, here):
            return merged
        where = f"{self.remote.name}/{plain(self.base)}"
        if not self.git.is_ancestor(here, tip):
            return Waiting(
                f"merged in {where}, but {plain(self.base)} here has commits of its own: "
                f"`git pull` there brings both together"
            )
        return land(self.git, self.base, tip, here, self.hold) or merged

    def push(self, change: Change, there: str) -> Waiting | None:
        """Have the branch on the remote, without force; None when it is."""
        known = self.git.run("rev-parse", "--verify", "--quiet", self.pushed_as, ok=None).text
        name = self.remote.name
        if there == change.tip:
            return None
        if not there and known:
            return Waiting(
                f"{name} has no {self.branch} any more, nor its work: `git push {name} {self.branch}` to offer it "
                f"again, or `coord review {self.request.work.number} --reject TEXT`"
            )
        spec = f"refs/heads/{self.branch}:refs/heads/{self.branch}"
        done = self.git.run("push", "--quiet", "--porcelain", "--", name, spec, ok=(0, 1), writes=True, hooks=True)
        if done.status:
            if "[rejected]" in done.err or "[remote rejected]" in done.err:
                return Waiting(f"{name} does not take {self.branch}: {plain(done.err.strip())[:300]}")
            return Waiting(f"{self.branch} can't be pushed to {name}: {plain(done.err.strip())[:300]}")
        self.git.run("update-ref", self.pushed_as, change.tip, writes=True)
        return None

    def pull_request(self, url: str, change: Change, tip: str, body: str) -> Outcome:
        """Have a pull request where a tool is there for it, and take its word that it is merged."""
        tool = find_tool(self.remote.tool, url, self.git.place.top)
        where = f"{self.remote.name}/{self.branch}"
        if tool is None:
            return AtForge(f"pushed as {where}; it counts once {self.remote.name}/{plain(self.base)} has it")
        found = tool.find(self.branch) or self._create(tool, body)
        if found is None:
            return AtForge(f"pushed as {where}")
        if found.state == "merged" and found.commit and self._has(found.commit, tip):
            return self.follow(Merged(found.commit, tuple(commit.sha for commit in change.commits)), tip)
        if found.state == "closed":
            number = self.request.work.number
            return Waiting(f"{found.url} was closed unmerged: reopen it, or `coord review {number} --reject TEXT`")
        return AtForge(f"waits for the merge of {found.url}", found.url, tool.said(found.url, change.tip))

    def _create(self, tool: Tool, body: str) -> PullRequest | None:
        title = " ".join(f"{self.request.work.number:02d} {plain(self.request.title)}".split())
        tool.create(self.branch, self.base, title, body)
        return tool.find(self.branch)

    def _has(self, commit: str, tip: str) -> bool:
        """The remote's base branch holds the commit."""
        known = self.git.run("cat-file", "-e", f"{commit}^{{commit}}", ok=None).status == 0
        return known and self.git.is_ancestor(commit, tip)
