from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.diff import attempt_change, diff_text
from coordinator.changes.git import Git
from coordinator.changes.worktrees import create
from coordinator.errors import CoordError
from coordinator.model.change import FileChange
from coordinator.model.work import prompt_work


def test_an_attempt_tells_commits_files_and_what_is_not_committed(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    first = repo.commit({"a.txt": "1\n2\n"}, "Add a", cwd=info.path)
    repo.git("mv", "src/app.py", "src/main.py", cwd=info.path)
    (info.path / "logo.bin").write_bytes(b"\0\1\2")
    repo.git("add", "logo.bin", cwd=info.path)
    second = repo.commit({"README.md": "Other.\n"}, "Move \x1f and\tmore", cwd=info.path)
    repo.write({"README.md": "Not committed.\n", "new\nfile": "x\n"}, cwd=info.path)
    repo.git("mv", "a.txt", "b.txt", cwd=info.path)
    repo.commit({"elsewhere.txt": "main moved\n"})
    change = attempt_change(repo.layout, prompt_work(7), 1)
    assert (change.tip, change.fork, change.base_tip) == (second, info.base, repo.head())
    assert [(commit.sha, commit.subject) for commit in change.commits] == [
        (first, "Add a"),
        (second, "Move \x1f and\tmore"),
    ]
    assert change.commits[0].author == "Engineer"
    assert change.commits[0].time > 1_600_000_000
    assert set(change.files) == {
        FileChange("a.txt", 2, 0),
        FileChange("README.md", 1, 1),
        FileChange("logo.bin", None, None),
        FileChange("src/main.py", 0, 0, "src/app.py"),
    }
    assert set(change.modified) == {"README.md", "b.txt"}
    assert change.untracked == ("new\nfile",)
    assert (change.strayed, change.empty) == ("", False)


def test_an_attempt_without_work_is_empty(repo: Repository) -> None:
    create(repo.layout, prompt_work(7), 1)
    assert attempt_change(repo.layout, prompt_work(7), 1).empty
    assert attempt_change(repo.layout, prompt_work(99), 1).empty


def test_a_merged_attempt_still_tells_its_commits(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    made = repo.commit({"a.txt": "a\n"}, cwd=info.path)
    repo.git("merge", "--quiet", "--no-ff", "--no-edit", "coord/07-1")
    change = attempt_change(repo.layout, prompt_work(7), 1, start=info.base)
    assert [commit.sha for commit in change.commits] == [made]
    assert change.files == (FileChange("a.txt", 1, 0),)


def test_files_are_relative_to_the_repository(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "mono", project="services/api")
    info = create(repo.layout, prompt_work(7), 1)
    repo.commit({"README.md": "Other.\n", "services/api/code.py": "two\n"}, cwd=info.path)
    assert {file.path for file in attempt_change(repo.layout, prompt_work(7), 1).files} == {
        "README.md",
        "services/api/code.py",
    }


def test_the_diff_is_plain_whatever_the_settings(repo: Repository) -> None:
    for key, value in {
        "diff.external": "/bin/false",
        "color.ui": "always",
        "diff.noprefix": "true",
        "i18n.logOutputEncoding": "latin1",
    }.items():
        repo.git("config", key, value)
    info = create(repo.layout, prompt_work(7), 1)
    tip = repo.commit({"README.md": "Ändered.\n"}, "Geändert", cwd=info.path)
    assert attempt_change(repo.layout, prompt_work(7), 1).commits[0].subject == "Geändert"
    text, cut = diff_text(repo.layout, info.base, tip)
    assert not cut
    assert text.startswith("diff --git a/README.md b/README.md\n")
    assert text.endswith("-A project.\n+Ändered.\n")


def test_a_long_diff_is_cut_at_a_line(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    tip = repo.commit({"big.txt": "0123456789\n" * 100_000}, cwd=info.path)
    text, cut = diff_text(repo.layout, info.base, tip, limit=5000)
    assert cut
    assert len(text) <= 5000
    assert text.endswith("+0123456789\n")


def test_reading_leaves_the_index_alone(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    (info.path / "README.md").touch()
    index = repo.root / ".git/worktrees/07-1/index"
    before = index.stat().st_mtime_ns, index.stat().st_ino
    attempt_change(repo.layout, prompt_work(7), 1)
    assert (index.stat().st_mtime_ns, index.stat().st_ino) == before


def test_signatures_are_not_verified_in_passing(repo: Repository, tmp_path: Path) -> None:
    signer = tmp_path / "gpg"
    signer.write_text(
        "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho '-----BEGIN PGP SIGNATURE-----'\n"
    )
    signer.chmod(0o755)
    info = create(repo.layout, prompt_work(7), 1)
    for key, value in {"gpg.program": str(signer), "commit.gpgSign": "true", "log.showSignature": "true"}.items():
        repo.git("config", key, value)
    made = repo.commit({"a.txt": "a\n"}, cwd=info.path)
    assert "BEGIN PGP" in repo.git("cat-file", "commit", made)
    assert [commit.sha for commit in attempt_change(repo.layout, prompt_work(7), 1).commits] == [made]


def test_a_replaced_commit_does_not_hide_what_will_be_merged(repo: Repository) -> None:
    info = create(repo.layout, prompt_work(7), 1)
    bad = repo.commit({"evil.py": "evil\n"}, cwd=info.path)
    repo.git("switch", "--quiet", "--detach", info.base, cwd=info.path)
    nice = repo.commit({"nice.py": "nice\n"}, cwd=info.path)
    repo.git("switch", "--quiet", "coord/07-1", cwd=info.path)
    repo.git("replace", bad, nice)
    assert [file.path for file in attempt_change(repo.layout, prompt_work(7), 1).files] == ["evil.py"]
    assert "evil.py" in diff_text(repo.layout, info.base, bad)[0]


def test_is_repo_tells_a_folder_from_a_repository(repo: Repository, tmp_path: Path) -> None:
    assert Git(repo.root).is_repo()
    assert Git(repo.root / "src").is_repo()
    assert not Git(tmp_path).is_repo()
    with pytest.raises(CoordError, match="has no files to work on"):
        Git(repo.root / ".git").is_repo()
