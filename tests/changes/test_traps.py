"""What an agent can plant for git to run: none of it does, whatever of ours looks at its work, lands or pushes it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.diff import attempt_change, diff_text, files_between
from coordinator.changes.forge import Remote, pass_forge
from coordinator.changes.gate import MergeRequest, merge_attempt, rehearse_merge
from coordinator.changes.git import Git
from coordinator.changes.history import find_merge
from coordinator.changes.outcome import Merged, Waiting
from coordinator.changes.safekeeping import keep_safe
from coordinator.changes.temporary_checkout import temporary_checkout
from coordinator.changes.worktrees import create, remove
from coordinator.errors import CoordError
from coordinator.model.work import prompt_work

HOOKS = (
    *("post-checkout", "pre-push", "post-merge", "reference-transaction", "post-index-change", "pre-commit"),
    *("commit-msg", "prepare-commit-msg", "pre-merge-commit", "post-commit", "pre-auto-gc", "fsmonitor-watchman"),
)


class Planted:
    """A repository whose loop has begun, and an attempt whose agent sets a trap."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = Repository(folder / "project")
        self.git_dir = self.repo.root / ".git"
        self.repo.git("init", "--quiet", "--bare", "--initial-branch=main", str(folder / "remote.git"))
        self.repo.git("remote", "add", "origin", str(folder / "remote.git"))
        self.repo.git("push", "--quiet", "origin", "main")
        self.repo.suite("look", "test -e README.md")
        Git(self.repo.root).know_programs()
        made = create(self.repo.layout, prompt_work(1), 1, "main")
        self.tree, self.start = made.path, made.base
        self.fired = folder / "fired"
        self.command = f"echo ran >>'{self.fired}'; cat 2>/dev/null"

    def config(self, key: str, value: str = "", file: Path | None = None) -> None:
        self.repo.git("config", "--file", str(file or self.git_dir / "config"), "--add", key, value or self.command)

    def script(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{self.command}\n")
        path.chmod(0o755)

    def commit(self, **files: str) -> None:
        """The agent's work, with old time stamps: git has to look into the files again."""
        self.repo.git("-c", "core.hooksPath=/dev/null", "add", "-A", cwd=self.tree)
        self.repo.commit({"src/app.py": "changed\n", **files}, cwd=self.tree)
        (self.tree / "src/app.py").touch()
        self.fired.unlink(missing_ok=True)


def _filter(planted: Planted, file: Path | None = None) -> None:
    for key in ("clean", "smudge"):
        planted.config(f"filter.x.{key}", file=file)
    planted.config("filter.y.process", file=file)
    planted.config("filter.x.required", "true", file=file)


def monitor(planted: Planted) -> None:
    planted.config("core.fsmonitor")


def hooks(planted: Planted) -> None:
    for name in HOOKS:
        planted.script(planted.git_dir / "hooks" / name)


def hooks_elsewhere(planted: Planted) -> None:
    for name in HOOKS:
        planted.script(planted.tree / "hooks" / name)
    planted.config("core.hooksPath", str(planted.tree / "hooks"))


def filters(planted: Planted) -> None:
    _filter(planted)
    planted.commit(**{".gitattributes": "*.py filter=x\n*.md filter=y\n"})


def filters_of_the_worktree(planted: Planted) -> None:
    planted.config("extensions.worktreeConfig", "true")
    _filter(planted, planted.git_dir / "worktrees/01-1/config.worktree")
    planted.commit(**{".gitattributes": "*.py filter=x\n*.md filter=y\n"})


def included_filters(planted: Planted) -> None:
    _filter(planted, planted.tree / "settings")
    planted.config("include.path", str(planted.tree / "settings"))
    planted.commit(**{".gitattributes": "*.py filter=x\n*.md filter=y\n"})


def filters_included_on_a_condition(planted: Planted) -> None:
    """Settings that count in the next worktree alone, and in the gate's."""
    for number, condition in enumerate(("onbranch:coord/**", "gitdir:**/worktrees/**", "gitdir/i:**/GATE-*")):
        _filter(planted, planted.folder / f"settings-{number}")
        planted.config(f"includeIf.{condition}.path", str(planted.folder / f"settings-{number}"))
    planted.repo.commit({".gitattributes": "*.py filter=x\n*.md filter=y\n"})
    planted.commit(**{".gitattributes": "*.py filter=x\n*.md filter=y\n"})


def filters_included_by_what_is_included(planted: Planted) -> None:
    _filter(planted, planted.folder / "inner")
    planted.repo.git("config", "--file", str(planted.folder / "outer"), "includeIf.onbranch:coord/**.path", "inner")
    planted.config("include.path", str(planted.folder / "outer"))
    planted.repo.commit({".gitattributes": "*.py filter=x\n*.md filter=y\n"})
    planted.commit(**{".gitattributes": "*.py filter=x\n*.md filter=y\n"})


def attributes_of_the_repository(planted: Planted) -> None:
    _filter(planted)
    (planted.git_dir / "info").mkdir(exist_ok=True)
    (planted.git_dir / "info/attributes").write_text("* filter=x diff=x merge=x\n")


def converters(planted: Planted) -> None:
    for key in ("diff.external", "diff.x.command", "diff.x.textconv"):
        planted.config(key)
    planted.commit(**{".gitattributes": "* diff=x\n"})


def merge_driver(planted: Planted) -> None:
    planted.config("merge.x.driver")
    planted.config("merge.default", "x")
    planted.commit(**{".gitattributes": "* merge=x\n"})
    planted.repo.commit({"src/app.py": "line 0\n" + "".join(f"line {n}\n" for n in range(1, 21))})


def signing(planted: Planted) -> None:
    for key in ("gpg.program", "gpg.ssh.program", "gpg.x509.program", "gpg.ssh.defaultKeyCommand"):
        planted.config(key, str(planted.folder / "sign"))
    planted.script(planted.folder / "sign")
    for key in ("commit.gpgSign", "push.gpgSign", "log.showSignature", "merge.verifySignatures"):
        planted.config(key, "true")


def helpers(planted: Planted) -> None:
    for key in ("core.editor", "sequence.editor", "core.pager", "core.askPass", "credential.helper", "core.gitProxy"):
        planted.config(key, "!" * (key == "credential.helper") + planted.command)
    for key in ("pager.diff", "pager.log", "core.alternateRefsCommand", "uploadpack.packObjectsHook"):
        planted.config(key)


def transport(planted: Planted) -> None:
    planted.config("protocol.ext.allow", "always")
    planted.config("protocol.allow", "always")
    planted.repo.git("config", "remote.origin.url", f"ext::sh -c {planted.command.replace(' ', '% ')}")


def other_ends(planted: Planted) -> None:
    for end in ("uploadpack", "receivepack"):
        planted.script(planted.folder / end)
        planted.config(f"remote.origin.{end}", str(planted.folder / end))


def ssh_command(planted: Planted) -> None:
    planted.config("core.sshCommand")
    planted.config("url.ssh://localhost/.insteadOf", str(planted.folder))


def aliases(planted: Planted) -> None:
    for verb in ("status", "diff", "log", "merge", "fetch", "push", "worktree"):
        planted.config(f"alias.{verb}", f"!{planted.command}")


def _repository_within(planted: Planted) -> Path:
    inner = planted.tree / "inner"
    inner.mkdir()
    planted.repo.git("init", "--quiet", cwd=inner)
    planted.repo.commit({"a": "a\n", ".gitattributes": "* filter=x\n"}, cwd=inner)
    return inner


def submodule(planted: Planted) -> None:
    inner = _repository_within(planted)
    _filter(planted, inner / ".git/config")
    planted.config("core.fsmonitor", file=inner / ".git/config")
    for key in ("submodule.recurse", "push.recurseSubmodules", "status.submoduleSummary"):
        planted.config(key, "true")
    planted.config("diff.submodule", "log")
    planted.config("submodule.inner.update", f"!{planted.command}")
    planted.commit(**{".gitmodules": '[submodule "inner"]\n\tpath = inner\n\turl = ./inner\n\tignore = none\n'})
    (inner / "a").write_text("b\n")


def templates(planted: Planted) -> None:
    """For the repository of a submodule that is made with the next worktree."""
    source = planted.folder / "library"
    source.mkdir()
    planted.repo.git("init", "--quiet", "--initial-branch=main", cwd=source)
    planted.repo.commit({"a": "a\n"}, cwd=source)
    allowed = ("-c", "protocol.file.allow=always")
    planted.repo.git(*allowed, "submodule", "--quiet", "add", str(source), "library")
    planted.repo.commit({})
    template = planted.folder / "template"
    for name in HOOKS:
        planted.script(template / "hooks" / name)
    _filter(planted, template / "config")
    (template / "info").mkdir()
    (template / "info/attributes").write_text("* filter=x\n")
    planted.config("init.templateDir", str(template))
    planted.config("submodule.library.update", f"!{planted.command}")


def another_repository(planted: Planted) -> None:
    inner = _repository_within(planted)
    _filter(planted, inner / ".git/config")
    planted.config("core.fsmonitor", file=inner / ".git/config")
    (planted.tree / ".git").write_text(f"gitdir: {inner}/.git\n")


def a_repository_of_its_own(planted: Planted) -> None:
    inner = _repository_within(planted)
    planted.config("core.fsmonitor", file=inner / ".git/config")
    (planted.tree / ".git").unlink()
    (inner / ".git").rename(planted.tree / ".git")


TRAPS: tuple[Callable[[Planted], None], ...] = (
    *(monitor, hooks, hooks_elsewhere, filters, filters_of_the_worktree, included_filters, converters, merge_driver),
    *(attributes_of_the_repository, signing, helpers, transport, other_ends, ssh_command, aliases, submodule),
    *(another_repository, a_repository_of_its_own, filters_included_on_a_condition),
    *(filters_included_by_what_is_included, templates),
)


def everything(planted: Planted) -> list[object]:
    """Each kind of call of ours; what went wrong of it, or could not be done."""
    layout, git, start = planted.repo.layout, Git(planted.repo.root), planted.start
    request = MergeRequest(prompt_work(1), 1, base="main", start=start, suites=("look",))
    tip = git.head("coord/01-1")

    def scratch() -> None:
        with temporary_checkout(git, layout, tip):
            pass

    calls: tuple[Callable[[], object], ...] = (
        lambda: attempt_change(layout, prompt_work(1), 1, "main", start=start),
        lambda: diff_text(layout, start, tip),
        lambda: files_between(git, start, tip),
        lambda: git.run("show", "--format=%B", tip),
        lambda: git.run("cat-file", "blob", f"{tip}:src/app.py"),
        lambda: find_merge(git, prompt_work(1), 1, tip=tip, base_tip=tip, start=start),
        lambda: keep_safe(layout, "coord/01-1", start),
        scratch,
        lambda: create(layout, prompt_work(2), 1, "main"),
        lambda: create(layout, prompt_work(1), 1, "main"),
        lambda: pass_forge(layout, MergeRequest(prompt_work(1), 1, base="main", start=start), Remote(tool="none")),
        lambda: rehearse_merge(layout, request),
        lambda: merge_attempt(layout, request),
        lambda: remove(layout, prompt_work(1), 1, "main"),
    )
    found = []
    for call in calls:
        try:
            found.append(call())
        except CoordError as error:
            found.append(error)
    return found


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_nothing_that_an_agent_plants_is_run(tmp_path: Path, trap: Callable[[Planted], None]) -> None:
    planted = Planted(tmp_path)
    planted.commit()
    trap(planted)
    planted.fired.unlink(missing_ok=True)
    everything(planted)
    assert not planted.fired.exists(), planted.fired.read_text()


def test_what_the_engineer_set_goes_on_and_a_stranger_waits_with_words(tmp_path: Path, own_git_settings: Path) -> None:
    shout = {"smudge": "tr a-z A-Z", "clean": "tr A-Z a-z"}
    planted = Planted(tmp_path)
    for key, value in shout.items():
        planted.repo.git("config", "--file", str(own_git_settings), f"filter.ours.{key}", value)
    planted.commit(**{".gitattributes": "*.txt filter=ours\n", "loud.txt": "hello\n"})
    planted.config("filter.ours.smudge")
    planted.config("filter.ours.clean")
    request = MergeRequest(prompt_work(1), 1, base="main", start=planted.start)
    waiting = merge_attempt(planted.repo.layout, request)
    assert isinstance(waiting, Waiting)
    assert "git config --unset-all filter.ours.smudge" in waiting.reason
    for key in shout:
        planted.repo.git("config", "--unset-all", f"filter.ours.{key}")
    assert isinstance(merge_attempt(planted.repo.layout, request), Merged)
    assert (planted.repo.root / "loud.txt").read_text() == "HELLO\n"
    assert not planted.fired.exists()


def test_a_hook_that_came_since_the_loop_began_does_not_run_and_that_is_said(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    planted.script(planted.git_dir / "hooks/post-checkout")
    warning = create(planted.repo.layout, prompt_work(2), 1, "main").warning
    assert (planted.fired.exists(), "post-checkout came or changed" in warning) == (False, True)
    (planted.git_dir / "coord-programs.json").unlink()
    assert create(planted.repo.layout, prompt_work(3), 1, "main").warning == ""
    assert planted.fired.exists()
