"""Pull requests, by the forge's own command-line tool where one is installed: `gh` or `glab`."""

import json
import shutil
from pathlib import Path

from coordinator.changes.forge_tool import run_tool
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import TYPE_CHECKING, Any
from coordinator.model.text import plain

if TYPE_CHECKING:
    from coordinator.model.review_comment import Comment

TIMEOUT = 60.0
"""Seconds that the tool gets; it talks to the network."""
_OPEN, _MERGED, _CLOSED = "open", "merged", "closed"
_STATES = {"open": _OPEN, "opened": _OPEN, "merged": _MERGED, "closed": _CLOSED, "locked": _OPEN}
_WITHOUT = "`forge: none` in .coord/coord.yaml goes without it"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What the forge says about a branch's pull request (or merge request)."""

    url: str
    state: str
    """`open`, `merged` or `closed`."""
    commit: str = ""
    """Commit on the base branch that it was merged as; empty while it isn't."""


class Tool:
    """One of the tools, run in the repository."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder

    def find(self, branch: str) -> PullRequest | None:
        """The newest pull request of a branch; None when it has none. CoordError when the tool can't tell."""
        if self.name == "gh":
            args = ["pr", "list", f"--head={branch}", "--state=all", "--limit=1", "--json=url,state,mergeCommit"]
        else:
            args = ["mr", "list", f"--source-branch={branch}", "--all", "--per-page=1", "--output=json"]
        found = self._json(self._run(*args))
        return _read(found[0]) if found else None

    def create(self, branch: str, base: str, title: str, body: str) -> None:
        """Open a pull request for a branch that is pushed."""
        if self.name == "gh":
            self._run("pr", "create", f"--head={branch}", f"--base={base}", f"--title={title}", f"--body={body}")
        else:
            ends = (f"--source-branch={branch}", f"--target-branch={base}")
            self._run("mr", "create", *ends, f"--title={title}", f"--description={body}", "--yes")

    def said(self, url: str, tip: str) -> "tuple[Comment, ...]":
        """What people and failed checks say of a pull request whose branch ends at `tip`; of GitHub's only."""
        if self.name != "gh":
            return ()
        from coordinator.changes.forge_review import said_at_github

        return said_at_github(self._run, url, tip)

    def _run(self, *args: str) -> str:
        said = run_tool(self.name, args, self._folder, seconds=TIMEOUT, without=_WITHOUT)
        return said.decode("utf-8", "replace")

    def _json(self, text: str) -> list[Any]:
        try:
            value = json.loads(text or "[]")
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, list):
            raise CoordError(f"{self.name} answered something else than JSON", f"update {self.name}")
        return value


def find_tool(setting: str, url: str, folder: Path) -> Tool | None:
    """The tool for a remote: the one that is set, or for `auto` the one its address calls for; None without one."""
    host = url.split("://", 1)[-1].split("/", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0].lower()
    guess = "gh" if "github" in host else "glab" if "gitlab" in host else ""
    name = {"auto": guess, "none": ""}.get(setting, setting)
    if not name:
        return None
    if shutil.which(name):
        return Tool(name, folder)
    if setting == "auto":
        return None
    raise CoordError(f"{name} isn't installed, or not on PATH", "install it, or set `forge: none` in .coord/coord.yaml")


def _read(value: Any) -> PullRequest | None:
    if not isinstance(value, dict):
        return None
    merge = value.get("mergeCommit")
    commit = merge.get("oid") if isinstance(merge, dict) else ""
    commit = commit or value.get("merge_commit_sha") or value.get("squash_commit_sha") or ""
    state = _STATES.get(str(value.get("state")).lower(), _OPEN)
    return PullRequest(plain(str(value.get("url") or value.get("web_url") or "")), state, str(commit))
