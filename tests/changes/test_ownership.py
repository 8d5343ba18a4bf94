"""What a turn changes beyond what its flow may write: found however it was done, kept as a patch, and taken back."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repository import Repository
from support.turn import CODE, TESTS, Turn

from coordinator.changes.git import Git
from coordinator.changes.ownership import Checkout
from coordinator.changes.worktree_state import not_committed
from coordinator.changes.worktrees import create
from coordinator.model.ownership import Touched, not_owned
from coordinator.model.work import prompt_work


def test_what_is_its_own_stays_and_no_commit_is_made(turn: Turn) -> None:
    head = turn.commit({"src/app.py": "new\n", "src/b.py": "b\n"})
    turn.write({"src/open.py": "not committed\n"})
    found = turn.take_back(*CODE)
    assert found.said == ()
    assert turn.repo.head(turn.info.branch) == head
    assert turn.git("status", "--porcelain") == "?? src/open.py"


def test_an_implementer_that_edits_adds_and_deletes_tests(turn: Turn) -> None:
    turn.git("rm", "-q", "tests/test_b.py")
    turn.commit({"src/app.py": "new\n", "tests/test_a.py": "assert True\n", "tests/test_c.py": "pass\n"})
    before = turn.repo.head(turn.info.branch)
    found = turn.take_back(*CODE)
    assert found.said == ("tests/test_a.py", "tests/test_b.py", "tests/test_c.py")
    assert turn.git("diff", "--name-only", turn.base, turn.info.branch) == "src/app.py"
    assert turn.git("status", "--porcelain") == ""
    assert turn.git("log", "-1", "--format=%an %s %P") == f"coord Take back {before}"
    assert b"+assert True" in found.patch
    assert b"-assert b" in found.patch
    (turn.tree / "p.patch").write_bytes(found.patch)
    turn.git("apply", "p.patch")
    assert (turn.tree / "tests/test_a.py").read_text() == "assert True\n"


def test_a_critic_that_edits_code_commits_nothing_and_leaves_files(turn: Turn) -> None:
    turn.write({"src/app.py": "mine\n", "notes.txt": "seen\n", "tests/__pycache__/x.pyc": "cache"})
    turn.write({"src/made.py": "staged\n"})
    turn.git("add", "src/made.py")
    (turn.tree / "docs/a.md").unlink()
    found = turn.take_back()
    assert found.said == ("docs/a.md", "notes.txt", "src/app.py", "src/made.py")
    assert turn.git("status", "--porcelain") == "?? tests/__pycache__/"
    assert turn.repo.head(turn.info.branch) == turn.base
    assert b"+seen" in found.patch
    assert b"+mine" in found.patch


@pytest.mark.parametrize("hide", ["--assume-unchanged", "--skip-worktree"])
def test_what_git_was_told_not_to_look_at_is_found(turn: Turn, hide: str) -> None:
    turn.git("update-index", hide, "tests/test_a.py", "src/app.py")
    turn.write({"tests/test_a.py": "hidden\n"})
    assert turn.git("status", "--porcelain") == ""
    assert turn.take_back(*CODE).said == ("tests/test_a.py",)
    assert (turn.tree / "tests/test_a.py").read_text() == "assert 1\n"
    turn.write({"src/app.py": "seen by git again\n"})
    assert turn.git("status", "--porcelain") == " M src/app.py"


def test_a_file_that_moves_leaves_and_arrives(turn: Turn) -> None:
    turn.git("mv", "tests/test_a.py", "src/test_a.py")
    turn.git("commit", "-qm", "Move")
    assert turn.take_back(*CODE).said == ("tests/test_a.py",)
    assert turn.at("tests/test_a.py") == "assert 1"
    turn.git("mv", "src/made.py", "tests/made.py")
    turn.git("commit", "-qm", "Move")
    assert turn.take_back(*CODE).said == ("tests/made.py",)


def test_a_mode_alone_is_a_change(turn: Turn) -> None:
    (turn.tree / "tests/test_a.py").chmod(0o755)
    turn.git("commit", "-qam", "Run it")
    assert turn.take_back(*CODE).said == ("tests/test_a.py",)
    assert turn.git("ls-tree", turn.info.branch, "tests/test_a.py").startswith("100644")
    assert not os.access(turn.tree / "tests/test_a.py", os.X_OK)


@pytest.mark.parametrize("commit", [True, False])
def test_a_link_in_the_place_of_a_folder_is_taken_back_with_it(turn: Turn, tmp_path: Path, commit: bool) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "test_a.py").write_text("not ours\n")
    shutil.rmtree(turn.tree / "tests")
    (turn.tree / "tests").symlink_to(outside)
    if commit:
        turn.git("add", "-A")
        turn.git("commit", "-qm", "Link")
    found = turn.take_back("**", "!tests/*.py")
    assert "tests" in found.said
    assert (turn.tree / "tests/test_a.py").read_text() == "assert 1\n"
    assert not (turn.tree / "tests").is_symlink()
    assert (outside / "test_a.py").read_text() == "not ours\n"
    assert turn.git("status", "--porcelain") == ""


def test_a_folder_in_the_place_of_a_file_is_taken_back(turn: Turn) -> None:
    (turn.tree / "docs/a.md").unlink()
    turn.commit({"docs/a.md/own.py": "mine\n"})
    assert turn.take_back("*.py").said == ("docs/a.md", "docs/a.md/own.py")
    assert (turn.tree / "docs/a.md").read_text() == "A\n"


def test_history_that_was_rewritten_is_told_and_its_own_part_of_it_stays(turn: Turn) -> None:
    turn.write({"src/app.py": "new\n"})
    turn.git("add", "-A")
    turn.git("commit", "-q", "--amend", "-m", "As if it had always been so")
    before = turn.repo.head(turn.info.branch)
    found = turn.take_back(*CODE)
    assert found.said == ("the history of coord/07-1 from before it",)
    assert turn.git("log", "-1", "--format=%P", turn.info.branch) == turn.base
    assert turn.at("src/app.py") == "new"
    assert turn.git("for-each-ref", "--format=%(objectname)", "refs/coord/07-1/") == before


def test_commits_of_before_that_were_thrown_away_are_back(turn: Turn) -> None:
    turn.git("reset", "-q", "--hard", "HEAD~1")
    assert "tests/test_b.py" in turn.take_back(*CODE).said
    assert turn.at("tests/test_b.py") == "assert b"
    turn.git("reset", "-q", "--hard", "main")
    turn.take_back()
    assert turn.repo.head(turn.info.branch) == turn.base


def test_a_switched_branch_is_left_and_what_was_committed_there_is_kept(turn: Turn) -> None:
    turn.git("switch", "-q", "-c", "elsewhere")
    made = turn.commit({"src/app.py": "there\n", "tests/test_a.py": "there\n"})
    found = turn.take_back(*CODE)
    assert found.said == ("tests/test_a.py", "its worktree was on elsewhere")
    assert turn.git("symbolic-ref", "--short", "HEAD") == turn.info.branch
    assert turn.repo.head("elsewhere") == made
    assert turn.git("status", "--porcelain") == " M src/app.py"


@pytest.mark.parametrize("how", ["rebase", "detach", "delete"])
def test_a_checkout_that_is_on_no_branch_is_on_its_own_again(turn: Turn, how: str) -> None:
    if how == "rebase":
        turn.repo.commit({"src/made.py": "other\n"}, "Landed")
        turn.repo.git("rebase", "-q", "main", cwd=turn.tree, check=False)
    else:
        turn.git("switch", "-q", "--detach")
        made = turn.commit({"src/app.py": "x\n"})
    if how == "delete":
        turn.git("branch", "-qD", turn.info.branch)
    found = turn.take_back()
    assert "its worktree was on no branch" in found.said
    assert turn.repo.head(turn.info.branch) == turn.base
    assert turn.git("status").startswith(f"On branch {turn.info.branch}\n")
    assert turn.git("status", "--porcelain") == ""
    if how != "rebase":
        assert made in turn.git("for-each-ref", "--format=%(objectname)", "refs/coord/07-1/")


def test_a_lock_that_a_killed_git_left_is_no_hindrance(turn: Turn) -> None:
    turn.commit({"tests/test_a.py": "x\n"})
    (turn.repo.root / ".git/worktrees/07-1/index.lock").touch()
    assert turn.take_back(*CODE).said == ("tests/test_a.py",)


def test_a_repository_in_it_is_put_aside(turn: Turn) -> None:
    Repository(turn.tree / "nested")
    assert turn.take_back(*TESTS).said == ("nested, which is put aside",)
    assert (turn.aside("nested") / "README.md").exists()
    assert turn.git("status", "--porcelain") == ""


def test_a_submodule_that_is_moved_is_where_it_was(turn: Turn, tmp_path: Path) -> None:
    allow = ("-c", "protocol.file.allow=always")
    Repository(tmp_path / "origin")
    turn.git(*allow, "submodule", "add", "--quiet", str(tmp_path / "origin"), "lib/sub")
    turn.git("commit", "-qm", "With a submodule")
    turn.base = turn.repo.head(turn.info.branch)
    turn.repo.commit({"lib.txt": "new\n"}, "Move", turn.tree / "lib/sub")
    turn.git("commit", "-qam", "Move")
    assert turn.take_back(*CODE, "!lib/**").said == ("lib/sub",)
    assert turn.git("diff", turn.base, turn.info.branch) == ""
    assert turn.git("status", "--porcelain") == ""
    assert (turn.aside("lib/sub") / "lib.txt").exists()


# ── merges


def test_what_landed_meanwhile_is_nobodys_doing_who_merged_it(turn: Turn) -> None:
    turn.repo.commit({"tests/test_a.py": "landed\n", "docs/a.md": "landed\n"}, "Landed")
    turn.git("merge", "-q", "-m", "Merge", "main")
    head = turn.commit({"src/app.py": "mine\n"})
    assert turn.take_back(*CODE).said == ()
    assert turn.repo.head(turn.info.branch) == head


def test_a_merge_in_which_more_was_changed_keeps_what_landed(turn: Turn) -> None:
    landed = turn.repo.commit({"tests/test_a.py": "landed\n"}, "Landed")
    turn.git("merge", "-q", "-m", "Merge", "main")
    turn.commit({"tests/test_a.py": "changed\n", "tests/test_b.py": "changed\n"})
    assert turn.take_back(*CODE).said == ("tests/test_a.py", "tests/test_b.py")
    assert turn.at("tests/test_a.py") == "landed"
    assert turn.at("tests/test_b.py") == "assert b"
    assert landed in turn.git("rev-list", turn.info.branch)


def test_a_merge_that_took_judgement_over_what_is_not_its_own_is_undone(turn: Turn) -> None:
    turn.base = turn.repo.commit({"tests/test_a.py": "of the branch\n"}, "Before", turn.tree)
    landed = turn.repo.commit({"tests/test_a.py": "landed\n"}, "Landed")
    turn.repo.git("merge", "-q", "main", cwd=turn.tree, check=False)
    turn.commit({"tests/test_a.py": "both\n", "src/app.py": "mine\n"})
    assert turn.take_back(*CODE).said == ("tests/test_a.py",)
    assert turn.at("tests/test_a.py") == "of the branch"
    assert turn.at("src/app.py") == "mine"
    assert landed not in turn.git("rev-list", turn.info.branch)  # else the gate would take it for merged, and lose it


def test_a_fast_forward_to_what_landed_is_no_change(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    landed = repo.commit({"src/app.py": "landed\n"}, "Landed")
    repo.git("merge", "-q", "--ff-only", "main", cwd=info.path)
    found = Checkout(Git(repo.root), info.path, info.branch, info.base, "main").find(())
    assert (found.said, found.head) == ((), landed)


# ── any of it, and where it lies


def test_a_project_in_a_folder_of_its_repository_writes_below_that_folder(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "mono", project="app")
    info = create(repo.layout, prompt_work(7), 1)
    repo.commit({"app/tests/a.py": "mine\n", "tests/a.py": "theirs\n"}, "Turn", info.path)
    found = Checkout(Git(repo.layout.root), info.path, info.branch, info.base, "main").find(("/tests/**",))
    assert found.said == ("tests/a.py",)


def test_a_repository_with_long_names_is_no_other(tmp_path: Path) -> None:
    turn = Turn(Repository(tmp_path / "long", hash_name="sha256"))
    turn.git("rm", "-q", "tests/test_b.py")
    turn.commit({"tests/test_c.py": "pass\n"})
    turn.write({"tests/d.py": "pass\n"})
    assert turn.take_back(*CODE).said == ("tests/d.py", "tests/test_b.py", "tests/test_c.py")
    assert turn.repo.head(turn.info.branch) != ""


def test_names_of_all_kinds_are_put_back(turn: Turn) -> None:
    names = ['tests/a "b"\\c.py', "tests/-x", "tests/line\nbreak", os.fsdecode(b"tests/\xff\xfe"), "tests/ü [a].py"]
    turn.commit(dict.fromkeys(names, "x\n"))
    found = turn.take_back(*CODE)
    assert len(found.said) == 5
    assert all(name.isprintable() for name in found.said)
    assert turn.git("diff", "--name-only", turn.base, turn.info.branch) == ""
    assert not any(os.path.lexists(turn.tree / name) for name in names)


DO: dict[str, Callable[[Turn, str], object]] = {
    "write": lambda turn, path: turn.write({path: f"changed {path}\n"}),
    "delete": lambda turn, path: (turn.tree / path).unlink(missing_ok=True),
    "add": lambda turn, path: turn.git("add", "-A"),
    "commit": lambda turn, path: turn.git("commit", "-q", "--allow-empty", "-am", "Turn"),
    "amend": lambda turn, path: turn.git("commit", "-q", "--amend", "--allow-empty", "-am", "Other"),
    "hide": lambda turn, path: turn.repo.git("update-index", "--assume-unchanged", path, cwd=turn.tree, check=False),
    "mode": lambda turn, path: (turn.tree / path).exists() and (turn.tree / path).chmod(0o755),
}
PATHS = ["src/app.py", "src/made.py", "src/new.py", "tests/test_a.py", "tests/test_b.py", "tests/new.py", "docs/a.md"]


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(DO)), st.sampled_from(PATHS)), max_size=8),
    writes=st.sampled_from([CODE, TESTS, (), ("*.md", "src/*.py")]),
)
def test_whatever_it_does_what_is_not_its_own_is_as_before(
    steps: list[tuple[str, str]], writes: tuple[str, ...]
) -> None:
    with TemporaryDirectory() as folder:
        turn = Turn(Repository(Path(folder) / "project"))
        for what, path in steps:
            DO[what](turn, path)
        is_own = {path: not not_owned({path: Touched(True, True)}, writes) for path in PATHS}
        own = {path: (turn.tree / path).read_bytes() for path in PATHS if is_own[path] and (turn.tree / path).is_file()}
        turn.take_back(*writes)
        changed = turn.git("diff", "--name-only", turn.base, turn.info.branch).splitlines()
        assert all(is_own[path] for path in changed)
        left = [line[3:] for line in turn.repo.git("status", "--porcelain", "-uall", cwd=turn.tree).splitlines()]
        assert all(is_own[path.strip()] for path in left)
        assert {path: (turn.tree / path).read_bytes() for path in own} == own


def test_what_was_not_committed_when_it_began_is_nobodys_change(turn: Turn) -> None:
    turn.write({".env": "KEY=1\n", "src/app.py": "open\n", "build/log": "1\n"})
    Repository(turn.tree / "vendor")
    began = not_committed(Git(turn.repo.root), turn.tree)
    checkout = Checkout(Git(turn.repo.root), turn.tree, turn.info.branch, turn.base, "main")
    assert checkout.find((), began=began).said == ()
    assert checkout.find(("**",), began=began).left == ()
    turn.write({"build/log": "2\n", "src/app.py": "mine\n", "new.txt": "x\n"})
    found = checkout.find((), began=began)
    stays = "which was there and not committed: it stays as it is now"
    assert found.said == ("new.txt", f"build/log, {stays}", f"src/app.py, {stays}")
    checkout.put_back(found, "Take back", turn.aside)
    assert (turn.tree / "build/log").read_text() == "2\n"
    assert (turn.tree / "src/app.py").read_text() == "mine\n"
    assert not (turn.tree / "new.txt").exists()


def test_what_it_may_change_and_did_not_commit_is_named(turn: Turn) -> None:
    turn.write({"src/app.py": "open\n", "src/new.py": "n\n", "tests/x.py": "t\n"})
    checkout = Checkout(Git(turn.repo.root), turn.tree, turn.info.branch, turn.base, "main")
    assert checkout.find(CODE).left == ("src/app.py", "src/new.py")
    turn.commit({"src/made.py": "y\n"})
    assert checkout.find(CODE).left == ("src/app.py",)


def test_a_heap_of_files_is_put_aside_as_it_is(turn: Turn) -> None:
    turn.write({f"modules/m{n // 100}/{n}.js": "x\n" for n in range(2001)} | {"src/one.txt": "x\n"})
    found = turn.take_back()
    assert found.said == ("src/one.txt", "modules, which is put aside")
    assert len(list(turn.aside("modules").rglob("*.js"))) == 2001
    assert turn.git("status", "--porcelain") == ""
