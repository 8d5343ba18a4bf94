"""Strict mode: what an agent commits is in a store of its own, and what lands was checked on its way out of it."""

import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.repository import Repository
from support.strict import USER, needs_strict

from coordinator.agents.user import find_user
from coordinator.changes.agent_user import share
from coordinator.changes.diff import attempt_change
from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.lending import store_of, take_back
from coordinator.changes.outcome import Merged
from coordinator.changes.worktrees import Removed, WorktreeInfo, create, remove
from coordinator.errors import CoordError
from coordinator.model.work import prompt_work
from coordinator.observe.agent_user import guest_of

pytestmark = needs_strict
COMMIT = "git add -A && git -c user.name=a -c user.email=a@x commit -qm w"
WHO = {"GIT_AUTHOR_NAME": "E", "GIT_AUTHOR_EMAIL": "e@x", "GIT_COMMITTER_NAME": "E", "GIT_COMMITTER_EMAIL": "e@x"}


class Lent:
    """An attempt that an agent's user works on."""

    def __init__(self, folder: Path) -> None:
        self.repo = Repository(folder / "project")
        self.tree: WorktreeInfo = create(self.repo.layout, prompt_work(1), 1, "main")
        self.share()

    def share(self) -> None:
        guest = guest_of(find_user(USER))
        assert guest is not None
        self.guest = guest
        share(self.repo.layout, prompt_work(1), 1, guest)

    def agent(self, script: str, cwd: Path | None = None, *, check: bool = True) -> str:
        """Run a script as the agent does."""
        environ = {"PATH": os.environ["PATH"], **self.guest.env}
        words = (*self.guest.words, "sh", "-ec", script)
        done = subprocess.run(words, cwd=cwd or self.tree.path, env=environ, capture_output=True, text=True)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def swap(self, name: str, content: bytes) -> None:
        """As the agent, put other content under the name of each loose object of that name that it may write."""
        data = zlib.compress(b"blob %d\0%b" % (len(content), content)).hex()
        write = f"import pathlib,sys; pathlib.Path(sys.argv[1]).write_bytes(bytes.fromhex('{data}'))"
        for store in (self.repo.root / ".git/objects", store_of(self.tree.path) / "objects"):
            path = store / name[:2] / name[2:]
            self.agent(f'rm -f "{path}"; mkdir -p "{path.parent}"; python3 -c "{write}" "{path}"', check=False)

    def land(self) -> object:
        return merge_attempt(self.repo.layout, MergeRequest(prompt_work(1), 1, base="main", start=self.tree.base))


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lent]:
    for name, value in WHO.items():
        monkeypatch.setenv(name, value)
    folder = Path(tempfile.mkdtemp(prefix="coord strict "))
    folder.chmod(0o755)
    before = os.umask(0o022)
    yield Lent(folder)
    os.umask(before)
    shutil.rmtree(folder)


def test_what_was_reviewed_lands_whatever_the_agent_does_to_its_objects_then(lent: Lent) -> None:
    lent.agent(f"echo reviewed >src/app.py; {COMMIT}")
    blob = lent.agent("git rev-parse HEAD:src/app.py")
    change = attempt_change(lent.repo.layout, prompt_work(1), 1, "main", start=lent.tree.base)
    assert [file.path for file in change.files] == ["src/app.py"]
    lent.swap(blob, b"swapped\n")
    assert take_back(lent.repo.layout, prompt_work(1), 1) == ""
    lent.swap(blob, b"swapped\n")
    assert isinstance(lent.land(), Merged)
    assert lent.repo.git("show", "main:src/app.py") == "reviewed"
    assert (lent.repo.root / "src/app.py").read_text() == "reviewed\n"


def test_objects_that_are_not_what_their_names_say_are_not_taken_over(lent: Lent) -> None:
    lent.agent(f"echo reviewed >src/app.py; {COMMIT}")
    lent.swap(lent.agent("git rev-parse HEAD:src/app.py"), b"swapped\n")
    change = attempt_change(lent.repo.layout, prompt_work(1), 1, "main", start=lent.tree.base)
    assert ("can't be taken over" in change.damaged, change.commits) == (True, ())
    assert "kept as 01-1.git.kept-1" in take_back(lent.repo.layout, prompt_work(1), 1)
    assert lent.repo.head("coord/01-1") == lent.tree.base
    assert lent.repo.git("fsck", "--full", "--strict") == ""


def test_an_agent_writes_nothing_into_the_repository(lent: Lent) -> None:
    git = lent.repo.root / ".git"
    lent.agent(f"echo x >f; {COMMIT}; git branch -f main HEAD; git config core.fsmonitor 'touch /tmp/owned'; git gc -q")
    places = [path for path in (git, *git.rglob("*")) if not path.is_symlink()]
    lines = "\n".join(f'[ ! -w "{path}" ] || echo "{path}"' for path in places)
    assert lent.agent(lines + "\ntrue") == ""
    assert lent.repo.head() == lent.tree.base
    attempt_change(lent.repo.layout, prompt_work(1), 1, "main")
    assert lent.repo.git("log", "--format=%s", "main..coord/01-1") == "w"


def test_a_worktree_comes_back_as_the_agent_left_it(lent: Lent) -> None:
    lent.agent(f"echo 1 >made; {COMMIT}; echo 2 >>src/app.py; echo 3 >new")
    live = attempt_change(lent.repo.layout, prompt_work(1), 1, "main", start=lent.tree.base)
    assert take_back(lent.repo.layout, prompt_work(1), 1) == ""
    after = attempt_change(lent.repo.layout, prompt_work(1), 1, "main", start=lent.tree.base)
    assert after == live
    assert (after.modified, after.untracked, after.strayed) == (("src/app.py",), ("new",), "")
    assert not store_of(lent.tree.path).exists()
    lent.share()
    lent.agent(f"git checkout -q src/app.py; rm new; echo 4 >made; {COMMIT}")
    take_back(lent.repo.layout, prompt_work(1), 1)
    assert isinstance(lent.land(), Merged)
    assert isinstance(remove(lent.repo.layout, prompt_work(1), 1, "main"), Removed)
    assert not lent.tree.path.exists()


def test_the_engineers_hooks_run_for_an_agents_commits(lent: Lent) -> None:
    take_back(lent.repo.layout, prompt_work(1), 1)
    hook = lent.repo.root / "tools" / "commit-msg"
    hook.parent.mkdir()
    hook.write_text('#!/bin/sh\nprintf "\\nChecked: yes\\n" >>"$1"\n')
    hook.chmod(0o755)
    lent.repo.git("config", "core.hooksPath", "tools")
    lent.share()
    lent.agent(f"echo 1 >made; {COMMIT}")
    take_back(lent.repo.layout, prompt_work(1), 1)
    assert lent.repo.git("log", "-1", "--format=%(trailers:key=Checked,valueonly)", "coord/01-1").strip() == "yes"


def test_commits_beside_the_branch_and_stashes_are_kept(lent: Lent) -> None:
    lent.agent(f"echo 1 >made; {COMMIT}; git switch -qc side; echo 2 >made; {COMMIT}; echo 3 >made")
    lent.agent("git -c user.name=a -c user.email=a@x stash -q")
    take_back(lent.repo.layout, prompt_work(1), 1)
    change = attempt_change(lent.repo.layout, prompt_work(1), 1, "main", start=lent.tree.base)
    assert change.strayed
    assert lent.repo.git("show", "refs/coord/01-1/heads/side:made") == "2"
    assert lent.repo.git("show", "refs/coord/01-1/stash:made") == "3"


def test_git_looks_into_an_agents_worktree_as_that_agent(lent: Lent, tmp_path: Path) -> None:
    trap = lent.tree.path / "fired"
    lent.agent(
        f"""mkdir sub && cd sub && git init -q && echo a >a && {COMMIT}
git config filter.x.clean 'id -u >>"{trap}"; cat'; git config core.fsmonitor 'id -u >>"{trap}"; false'
echo '* filter=x' >.gitattributes; cd .. && {COMMIT}; touch -d '1 hour ago' sub/a; echo b >sub/a
git config filter.y.clean 'id -u >>"{trap}"; cat'; echo '* filter=y' >.gitattributes
touch -d '1 hour ago' src/app.py"""
    )
    attempt_change(lent.repo.layout, prompt_work(1), 1, "main", start=lent.tree.base)
    fired = set(trap.read_text().split()) if trap.exists() else set()
    assert fired <= {str(lent.guest.uid)}
    take_back(lent.repo.layout, prompt_work(1), 1)
    trap.unlink(missing_ok=True)
    attempt_change(lent.repo.layout, prompt_work(1), 1, "main", start=lent.tree.base)
    remove(lent.repo.layout, prompt_work(1), 1, "main")
    assert not trap.exists()


def test_nobody_but_root_takes_a_lent_worktree_back(lent: Lent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CoordError, match="belongs to an agent's user"):
        take_back(lent.repo.layout, prompt_work(1), 1)
