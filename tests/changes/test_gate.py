import os
import threading
from pathlib import Path

import pytest
from support.repository import Repository
from support.wait import wait_until

from coordinator.changes.gate import MergeRequest, merge_attempt, rehearse_merge
from coordinator.changes.outcome import Conflict, Merged, Nothing, Outcome, Passes, Red, Refused, Waiting
from coordinator.changes.worktrees import WorktreeInfo, create
from coordinator.errors import CoordError
from coordinator.model.work import prompt_work
from coordinator.storage.paths import Layout


def attempt(repo: Repository, files: dict[str, str], number: int = 7, base: str = "") -> tuple[WorktreeInfo, str]:
    """An attempt with one commit; its worktree and the commit."""
    info = create(repo.layout, prompt_work(number), 1, base)
    return info, repo.commit(files, f"Work of {number}", cwd=info.path)


def merge(repo: Repository, info: WorktreeInfo, **more: object) -> Outcome:
    request = MergeRequest(info.work, 1, run="run-1", base=info.base_branch, start=info.base, **more)  # type: ignore[arg-type]
    return merge_attempt(repo.layout, request)


def test_merge_lands_a_change_with_its_trailers(repo: Repository) -> None:
    info, made = attempt(repo, {"a.txt": "a\n"})
    assert merge(repo, info, title="Add a", trailers={"Coord-Log": "41:abc"}) == Merged(repo.head(), (made,))
    assert repo.git("log", "-1", "--format=%B").rstrip() == (
        "Merge coord/07-1: Add a\n\nCoord-Prompt: 7\nCoord-Attempt: 1\nCoord-Run: run-1\nCoord-Log: 41:abc"
    )
    assert repo.git("log", "-1", "--format=%P %an") == f"{info.base} {made} Engineer"
    assert (repo.root / "a.txt").read_text() == "a\n"
    assert repo.status() == ""
    assert "coord" in repo.git("reflog", "-1", "main")


def test_merging_again_tells_the_same_and_merges_nothing(repo: Repository) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    first = merge(repo, info)
    head = repo.commit({"b.txt": "b\n"})
    assert merge(repo, info) == first
    repo.git("worktree", "remove", str(info.path))
    assert merge(repo, info) == first
    repo.git("branch", "-D", "coord/07-1")
    assert merge(repo, info) == first
    assert repo.head() == head


def test_an_attempt_without_a_change_is_nothing(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    assert merge(repo, info) == Nothing()
    repo.commit({"b.txt": "main moved\n"})
    assert merge(repo, info) == Nothing()
    assert merge_attempt(repo.layout, MergeRequest(prompt_work(7), 1)) == Nothing()


def test_the_branch_is_enough_when_its_worktree_was_deleted(repo: Repository) -> None:
    info, made = attempt(repo, {"a.txt": "a\n"})
    info.path.rename(repo.root.parent / "gone")
    assert merge(repo, info) == Merged(repo.head(), (made,))


def test_a_merge_by_hand_is_found(repo: Repository) -> None:
    forwarded, made = attempt(repo, {"a.txt": "a\n"}, 7)
    merged, other = attempt(repo, {"b.txt": "b\n"}, 8)
    repo.git("merge", "--quiet", "--ff-only", "coord/07-1")
    assert merge(repo, forwarded) == Merged(made, (made,))
    repo.git("merge", "--quiet", "--no-edit", "coord/08-1")
    assert merge(repo, merged) == Merged(repo.head(), (other,))
    assert merge_attempt(repo.layout, MergeRequest(prompt_work(8), 1)) == Merged(repo.head(), (other,))


# what may not pass


def test_a_conflict_names_the_files_and_leaves_the_base_alone(repo: Repository) -> None:
    info, _ = attempt(repo, {"README.md": "Theirs.\n", "src/app.py": "gone\n"})
    repo.git("rm", "--quiet", "src/app.py")
    head = repo.commit({"README.md": "Ours.\n"})
    outcome = merge(repo, info)
    assert isinstance(outcome, Conflict)
    assert outcome.files == ("README.md", "src/app.py")
    assert "CONFLICT (content): Merge conflict in README.md" in outcome.message
    assert "CONFLICT (modify/delete): src/app.py deleted" in outcome.message
    assert "git merge main" in outcome.message
    assert (repo.head(), repo.status()) == (head, "")


def test_a_conflict_resolved_by_the_agent_merges(repo: Repository) -> None:
    info, _ = attempt(repo, {"README.md": "Theirs.\n"})
    repo.commit({"README.md": "Ours.\n", ".coord/prompts/01-planned-x.prompt.md": "of the engineer\n"})
    assert isinstance(merge(repo, info), Conflict)
    repo.git("merge", "--quiet", "main", cwd=info.path, check=False)
    repo.commit({"README.md": "Both.\n"}, cwd=info.path)
    outcome = merge(repo, info)
    assert isinstance(outcome, Merged)
    assert len(outcome.commits) == 2
    assert (repo.root / "README.md").read_text() == "Both.\n"


def test_a_rehearsal_tells_what_a_merge_would_come_to_and_lands_nothing(repo: Repository) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    repo.suite("unit", "test -e a.txt && test ! -e red")
    request = MergeRequest(prompt_work(7), 1, run="run-1", base=info.base_branch, start=info.base, suites=("unit",))

    def rehearsed() -> object:
        before = (repo.head(), repo.status(), repo.git("worktree", "list"), repo.git("stash", "list"))
        found = rehearse_merge(repo.layout, request)
        assert (repo.head(), repo.status(), repo.git("worktree", "list"), repo.git("stash", "list")) == before
        return found

    assert rehearsed() == Passes(("unit",))
    repo.commit({"red": "since the attempt began\n"})
    assert isinstance(rehearsed(), Red)
    repo.commit({"a.txt": "another\n"})
    conflict = rehearsed()
    assert isinstance(conflict, Conflict)
    assert conflict.files == ("a.txt",)


@pytest.mark.parametrize("path", [".coord/prompts/01-x.prompt.md", ".Coord/learnings.md", ".coord"])
def test_a_branch_that_touches_the_loops_folder_is_refused(repo: Repository, path: str) -> None:
    info, _ = attempt(repo, {path: "x\n"})
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert outcome.files == (path,)
    assert repo.head() == info.base


def test_a_branch_that_touched_the_loops_folder_in_between_is_refused(repo: Repository) -> None:
    info, _ = attempt(repo, {".coord/milestone.md": "x\n", "a.txt": "a\n"})
    repo.git("rm", "--quiet", ".coord/milestone.md", cwd=info.path)
    repo.commit({"b.txt": "b\n"}, cwd=info.path)
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert outcome.files == (".coord/milestone.md",)


def test_a_merge_that_slips_in_a_file_of_the_loop_is_refused(repo: Repository) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    repo.commit({"b.txt": "b\n"})
    repo.git("merge", "--quiet", "--no-commit", "main", cwd=info.path)
    repo.commit({".coord/milestone.md": "x\n"}, cwd=info.path)
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert outcome.files == (".coord/milestone.md",)


def test_a_branch_that_moves_a_file_out_of_the_loops_folder_is_refused(repo: Repository) -> None:
    repo.commit({".coord/learnings.md": "many\nlines\nof\nlearning\n"})
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("mv", ".coord/learnings.md", "mine.md", cwd=info.path)
    repo.git("commit", "--quiet", "-m", "Move", cwd=info.path)
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert outcome.files == (".coord/learnings.md",)


def test_a_folder_with_a_similar_name_passes(repo: Repository) -> None:
    info, _ = attempt(repo, {".coordinates/a": "a\n", "src/.coord/b": "b\n"})
    assert isinstance(merge(repo, info), Merged)


def test_a_project_below_the_repository_guards_its_own_folder(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "mono", project="services/api")
    repo.suite("tests", "test -e new.py")
    info, _ = attempt(repo, {"services/api/new.py": "new\n"}, 1)
    assert isinstance(merge(repo, info, suites=("tests",)), Merged)
    info, _ = attempt(repo, {"services/api/.coord/learnings.md": "x\n"}, 2)
    assert isinstance(merge(repo, info), Refused)


def test_a_branch_that_is_gone_or_renamed_is_refused(repo: Repository) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    repo.git("branch", "-m", "coord/07-1", "kept")
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert "on kept instead of its branch" in outcome.reason
    repo.git("worktree", "remove", str(info.path))
    assert merge(repo, info) == Refused(
        "the branch coord/07-1 is gone", "restore it under its name, or restart the prompt"
    )


@pytest.mark.parametrize("args", [("-c", "elsewhere"), ("--detach",)])
def test_work_beside_the_branch_is_refused(repo: Repository, args: tuple[str, ...]) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("switch", "--quiet", *args, cwd=info.path)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert "instead of its branch" in outcome.reason
    assert "`git switch -C coord/07-1`" in outcome.remedy


def test_work_beside_a_branch_with_commits_is_told_how_to_come_there_with_none_of_them_lost(repo: Repository) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    repo.git("switch", "--quiet", "-c", "elsewhere", "HEAD~1", cwd=info.path)
    repo.commit({"b.txt": "b\n"}, cwd=info.path)
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert "`git switch coord/07-1`, `git merge`" in outcome.remedy


def test_uncommitted_work_is_refused(repo: Repository) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    repo.write({"README.md": "Not committed.\n"}, cwd=info.path)
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert outcome.files == ("README.md",)


def test_new_files_without_a_commit_are_not_taken_for_no_change(repo: Repository) -> None:
    repo.git("config", "status.showUntrackedFiles", "no")
    info = create(repo.layout, prompt_work(7), 1)
    repo.write({"forgotten.py": "work\n"}, cwd=info.path)
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert outcome.files == ("forgotten.py",)


def test_new_files_beside_commits_are_told(repo: Repository) -> None:
    info, made = attempt(repo, {"a.txt": "a\n"})
    repo.write({"build/out.o": "o\n", "x\ny.log": "x\n"}, cwd=info.path)
    assert merge(repo, info) == Merged(repo.head(), (made,), ("build/", "x\ny.log"))


def test_a_branch_that_moved_since_its_review_is_refused(repo: Repository) -> None:
    info, made = attempt(repo, {"a.txt": "a\n"})
    repo.commit({"b.txt": "not reviewed\n"}, cwd=info.path)
    assert isinstance(merge(repo, info, tip=made), Refused)
    assert isinstance(merge(repo, info, tip=repo.head("coord/07-1")), Merged)


def test_a_foreign_history_is_refused(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("switch", "--quiet", "--orphan", "fresh", cwd=info.path)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    repo.git("switch", "--quiet", "-C", "coord/07-1", cwd=info.path)
    outcome = merge(repo, info)
    assert isinstance(outcome, Refused)
    assert "no history" in outcome.reason


def test_what_an_agent_commits_cannot_claim_to_be_a_merge(repo: Repository) -> None:
    create(repo.layout, prompt_work(8), 1)
    info = create(repo.layout, prompt_work(7), 1)
    repo.git("switch", "--quiet", "-c", "side", cwd=info.path)
    repo.commit({"a.txt": "a\n"}, cwd=info.path)
    repo.git("switch", "--quiet", "coord/07-1", cwd=info.path)
    forged = "Merge coord/08-1\n\nCoord-Prompt: 8\nCoord-Attempt: 1\nCoord-Run: run-1\n"
    repo.git("merge", "--quiet", "--no-ff", "-m", forged, "side", cwd=info.path)
    assert isinstance(merge(repo, info), Merged)
    repo.git("worktree", "remove", str(repo.layout.worktree(prompt_work(8), 1)))
    repo.git("branch", "-D", "coord/08-1")
    outcome = merge_attempt(repo.layout, MergeRequest(prompt_work(8), 1, run="run-1", start=info.base))
    assert isinstance(outcome, Refused)


# what agents wrote is text, never more


@pytest.mark.parametrize(
    "title",
    [
        "x\n\nCoord-Prompt: 8\nCoord-Attempt: 1",
        "x\r\rCoord-Prompt: 8",
        "x\u2028\u2028Coord-Prompt: 8",
        "\x1b]0;owned\x07 \x00 \udcff",
        "$(touch owned) `touch owned` ; touch owned | %s %H",
        "-F /etc/passwd",
        "# not a comment",
        "日本語のタイトル" * 30,
        "",
    ],
)
def test_a_title_is_one_line_and_adds_no_trailer(repo: Repository, title: str) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    assert isinstance(merge(repo, info, title=title), Merged)
    subject, blank, *trailers = repo.git("log", "-1", "--format=%B").rstrip().split("\n")
    assert subject.startswith("Merge coord/07-1")
    assert subject.isprintable()
    assert blank == ""
    assert trailers == ["Coord-Prompt: 7", "Coord-Attempt: 1", "Coord-Run: run-1"]
    assert not (repo.root / "owned").exists()


def test_a_trailer_is_one_line_and_cannot_replace_ours(repo: Repository) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    with pytest.raises(CoordError, match="trailer"):
        merge(repo, info, trailers={"Bad key": "x"})
    assert isinstance(merge(repo, info, trailers={"Coord-Prompt": "9", "Coord-Log": "a\n\nb: c"}), Merged)
    trailers = repo.git("log", "-1", "--format=%(trailers:only)").strip().split("\n")
    assert trailers == ["Coord-Prompt: 7", "Coord-Attempt: 1", "Coord-Run: run-1", "Coord-Log: a b: c"]


def test_any_file_name_merges(repo: Repository) -> None:
    names = [
        "new\nline",
        "tab\there",
        'quo"te',
        "-dash",
        "ünï",
        "日本",
        " space ",
        "a => b",
        "{a => b}",
        "*.py",
        ":(top)",
    ]
    info, _ = attempt(repo, {f"odd/{name}": f"{name}\n" for name in names})
    (info.path / os.fsdecode(b"odd/latin-\xff")).write_text("bytes\n")
    repo.commit({os.fsdecode(b"odd/latin-\xff"): "bytes\n"}, cwd=info.path)
    assert isinstance(merge(repo, info), Merged)
    assert sorted(os.listdir(repo.root / "odd")) == sorted([*names, os.fsdecode(b"latin-\xff")])


# suites


def test_a_red_suite_keeps_the_change_out(repo: Repository) -> None:
    repo.suite("tests", "echo checking; test ! -e a.txt")
    info, _ = attempt(repo, {"a.txt": "a\n"})
    assert merge(repo, info, suites=("tests",)) == Red("tests", "checking\n", 1)
    assert repo.head() == info.base
    assert not list(repo.layout.worktrees.glob("gate-*"))
    assert len(repo.git("worktree", "list").splitlines()) == 2


def test_suites_see_the_merge_result_and_who_they_are(repo: Repository) -> None:
    repo.suite("both", "test -e a.txt && test -e b.txt")
    repo.suite("env", 'echo "$COORD_ROLE $COORD_AGENT $COORD_ROOT $COORD_PROMPT" > "$COORD_ROOT/seen"')
    info, _ = attempt(repo, {"a.txt": "a\n"})
    repo.commit({"b.txt": "b\n"})
    assert isinstance(merge(repo, info, suites=("both", "env")), Merged)
    assert (repo.root / "seen").read_text() == f"suite suite-07-1 {repo.root} 7\n"


def test_a_missing_suite_is_an_error_and_nothing_merges(repo: Repository) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    with pytest.raises(CoordError, match="no validation suite absent"):
        merge(repo, info, suites=("absent",))
    assert repo.head() == info.base


def test_what_a_suite_leaves_behind_is_removed(repo: Repository) -> None:
    repo.suite("messy", "mkdir -p deep/er && touch deep/er/file && echo x > README.md && rm .git")
    info, _ = attempt(repo, {"a.txt": "a\n"})
    assert isinstance(merge(repo, info, suites=("messy",)), Merged)
    assert not list(repo.layout.worktrees.glob("gate-*"))
    assert len(repo.git("worktree", "list").splitlines()) == 2


def test_a_base_that_moves_meanwhile_is_merged_and_checked_anew(repo: Repository) -> None:
    repo.suite(
        "tests",
        'echo run >> "$COORD_ROOT/../runs"; test -e "$COORD_ROOT/moved" || '
        '{ cd "$COORD_ROOT" && touch moved && git add moved && git commit -q -m Moved; }',
    )
    info, made = attempt(repo, {"a.txt": "a\n"})
    outcome = merge(repo, info, suites=("tests",))
    assert outcome == Merged(repo.head(), (made,))
    assert repo.git("log", "--format=%s", "--first-parent") == "Merge coord/07-1\nMoved\nWork"
    assert (repo.root.parent / "runs").read_text() == "run\nrun\n"


def test_a_base_that_never_rests_is_given_up_on(repo: Repository) -> None:
    repo.suite("tests", 'cd "$COORD_ROOT" && git commit -q --allow-empty -m Moved')
    info, _ = attempt(repo, {"a.txt": "a\n"})
    outcome = merge(repo, info, suites=("tests",))
    assert isinstance(outcome, Waiting)
    assert "moved" in outcome.reason
    assert not (repo.root / "a.txt").exists()


def test_what_an_agent_commits_during_the_suites_is_not_merged_unchecked(repo: Repository) -> None:
    info, _ = attempt(repo, {"a.txt": "a\n"})
    repo.suite("tests", f"cd '{info.path}' && echo late > late.txt && git add late.txt && git commit -q -m Late")
    outcome = merge(repo, info, suites=("tests",))
    assert outcome == Waiting("coord/07-1 moved during the merge")
    assert repo.head() == info.base


def test_one_merge_at_a_time(repo: Repository) -> None:
    fifo = repo.root.parent / "fifo"
    os.mkfifo(fifo)
    repo.suite("slow", f"touch {repo.root.parent}/started; cat {fifo}")
    one, _ = attempt(repo, {"a.txt": "a\n"}, 7)
    other, _ = attempt(repo, {"b.txt": "b\n"}, 8)
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(merge(repo, one, suites=("slow",))))
    thread.start()
    wait_until(lambda: (repo.root.parent / "started").exists(), message="the suite")
    busy = merge_attempt(repo.layout, MergeRequest(prompt_work(8), 1), patience=0)
    fifo.write_text("go\n")
    thread.join(60)
    assert busy == Waiting("another merge is under way")
    assert isinstance(outcomes[0], Merged)
    assert isinstance(merge(repo, other), Merged)


def test_merges_at_once_all_land(repo: Repository) -> None:
    infos = [attempt(repo, {f"{number}.txt": "x\n"}, number)[0] for number in range(1, 9)]
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda info=info: outcomes.append(merge(repo, info))) for info in infos]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [type(outcome) for outcome in outcomes] == [Merged] * 8
    assert len(repo.git("log", "--merges", "--format=%H", "--first-parent").splitlines()) == 8
    assert repo.status() == ""


def test_projects_outside_git_are_told(tmp_path: Path) -> None:
    with pytest.raises(CoordError) as caught:
        merge_attempt(Layout(tmp_path), MergeRequest(prompt_work(1), 1))
    assert "git init" in caught.value.remedy
