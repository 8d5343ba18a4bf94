"""What it costs to bring a change of ten files through the gate so that it outlasts a power cut.

Beside it git's own merge, which leaves all to the page cache, and the same with `core.fsync=all`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from bench.report import Row, print_rows
from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.outcome import Merged
from coordinator.changes.safekeeping import keep_safe
from coordinator.changes.worktrees import WorktreeInfo, create
from coordinator.model.work import prompt_work

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.repository import Repository

TIMES = 20
FILES = 10
_NAME = {"GIT_AUTHOR_NAME": "b", "GIT_AUTHOR_EMAIL": "b@x", "GIT_COMMITTER_NAME": "b", "GIT_COMMITTER_EMAIL": "b@x"}


def main() -> list[Row]:
    """Merges in turns, so that what the machine does besides hits all alike."""
    ours, kept, plain, synced = [], [], [], []
    with _repository() as (repo, changes):
        for _ in range(TIMES):
            kept.append(_timed(_keep, repo, next(changes)))
            ours.append(_timed(_merge, repo, next(changes)))
            plain.append(_timed(_git, repo, next(changes)))
            synced.append(_timed(_git, repo, next(changes), "-c", "core.fsync=all"))
    floor = statistics.median(plain)
    return [
        Row("a change through the gate, durable, p50", statistics.median(ours), "ms", "git merge", floor),
        Row("… of that: the agent's objects, checked, synced", statistics.median(kept), "ms", "git merge", floor),
        Row("git merge with core.fsync=all, p50", statistics.median(synced), "ms", "git merge", floor),
    ]


@contextmanager
def _repository() -> Iterator[tuple[Repository, Iterator[WorktreeInfo]]]:
    os.environ.update(_NAME)
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        repo = Repository(Path(folder) / "project")
        yield repo, _changes(repo)


def _changes(repo: Repository) -> Iterator[WorktreeInfo]:
    for number in count(1):
        tree = create(repo.layout, prompt_work(number), 1, "main")
        repo.commit({f"made/{number}-{n}.py": f"value = {n}\n" * 40 for n in range(FILES)}, cwd=tree.path)
        yield tree


def _merge(repo: Repository, tree: WorktreeInfo) -> None:
    done = merge_attempt(repo.layout, MergeRequest(tree.work, 1, base="main", start=tree.base))
    assert isinstance(done, Merged), done


def _keep(repo: Repository, tree: WorktreeInfo) -> None:
    keep_safe(repo.layout, tree.branch, tree.base)


def _git(repo: Repository, tree: WorktreeInfo, *settings: str) -> None:
    subprocess.run(["git", *settings, "merge", "-q", "--no-ff", "-m", "m", tree.branch], cwd=repo.root, check=True)


def _timed(work: Callable[..., None], *args: object) -> float:
    start = time.perf_counter()
    work(*args)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    print_rows(main())
