from support.repository import Repository

from coordinator.changes.gate import MergeRequest, merge_attempt
from coordinator.changes.outcome import Conflict, Merged, Nothing, Red, Refused, Waiting
from coordinator.changes.worktrees import create


def test_merge_lands_a_change_with_its_trailers(repo: Repository) -> None:
    info = create(repo.layout, 7, 1)
    made = repo.commit({"a.txt": "a\n"}, cwd=info.path)
    outcome = merge_attempt(repo.layout, MergeRequest(7, 1, title="Add a", run="run-1", start=info.base))
    assert outcome == Merged(repo.head(), (made,))
    assert repo.git("log", "-1", "--format=%B") == (
        "Merge coord/07-1: Add a\n\nCoord-Prompt: 7\nCoord-Attempt: 1\nCoord-Run: run-1\n"
    ).rstrip("\n")
    assert repo.git("log", "-1", "--format=%P") == f"{info.base} {made}"
    assert (repo.root / "a.txt").read_text() == "a\n"
    assert repo.status() == ""


def test_merging_again_tells_the_same_and_merges_nothing(repo: Repository) -> None:
    info = create(repo.layout, 7, 1)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    request = MergeRequest(7, 1, start=info.base, run="run-1")
    first = merge_attempt(repo.layout, request)
    repo.commit({"b.txt": "b\n"})
    head = repo.head()
    assert merge_attempt(repo.layout, request) == first
    assert repo.head() == head


def test_an_attempt_without_a_change_is_nothing(repo: Repository) -> None:
    info = create(repo.layout, 7, 1)
    assert merge_attempt(repo.layout, MergeRequest(7, 1, start=info.base)) == Nothing()


def test_a_conflict_names_the_files_and_leaves_the_base_alone(repo: Repository) -> None:
    info = create(repo.layout, 7, 1)
    repo.commit({"README.md": "Theirs.\n"}, cwd=info.path)
    head = repo.commit({"README.md": "Ours.\n"})
    outcome = merge_attempt(repo.layout, MergeRequest(7, 1))
    assert isinstance(outcome, Conflict)
    assert outcome.files == ("README.md",)
    assert "CONFLICT (content): Merge conflict in README.md" in outcome.message
    assert "git merge main" in outcome.message
    assert (repo.head(), repo.status()) == (head, "")


def test_a_red_suite_keeps_the_change_out(repo: Repository) -> None:
    repo.suite("tests", "echo checking; test ! -e a.txt")
    info = create(repo.layout, 7, 1)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    outcome = merge_attempt(repo.layout, MergeRequest(7, 1, suites=("tests",)))
    assert outcome == Red("tests", "checking\n", 1)
    assert repo.head() == info.base
    assert [path.name for path in repo.layout.worktrees.iterdir() if path.name.startswith("gate-")] == []
    assert len(repo.git("worktree", "list").splitlines()) == 2


def test_a_branch_that_touches_the_loops_folder_is_refused(repo: Repository) -> None:
    info = create(repo.layout, 7, 1)
    repo.commit({".coord/prompts/01-planned-x.prompt.md": "x\n"}, cwd=info.path)
    outcome = merge_attempt(repo.layout, MergeRequest(7, 1))
    assert isinstance(outcome, Refused)
    assert outcome.files == (".coord/prompts/01-planned-x.prompt.md",)


def test_the_engineers_changes_in_the_way_are_waited_for(repo: Repository) -> None:
    info = create(repo.layout, 7, 1)
    repo.commit({"README.md": "New.\n"}, cwd=info.path)
    repo.write({"README.md": "Mine, not committed.\n"})
    outcome = merge_attempt(repo.layout, MergeRequest(7, 1))
    assert isinstance(outcome, Waiting)
    assert outcome.files == ("README.md",)
    assert repo.head() == info.base
    assert (repo.root / "README.md").read_text() == "Mine, not committed.\n"
