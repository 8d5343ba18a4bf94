"""Attachments and artifacts: on record with what they are, once, and only if they are there."""

import hashlib
from pathlib import Path

import pytest
from support.command import coord, said

from coordinator.errors import UsageError
from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.model.attachment import LONGEST, attachment
from coordinator.model.event import Event
from coordinator.model.work import prompt_work
from coordinator.storage.paths import Layout


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert coord("init", at=tmp_path).code == 0
    monkeypatch.chdir(tmp_path)
    return tmp_path


def events(root: Path, kind: str) -> list[Event]:
    with EventLog(Layout(root).events_db) as log:
        return list(log.tail(1000, Filter(kinds=(kind,))))


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("#12", "issue"),
        ("org/repo#12", "issue"),
        ("ABC-7", "issue"),
        ("https://example.org/org/repo/issues/12", "issue"),
        ("!12", "change"),
        ("pr:12", "change"),
        ("branch:coord/07-1", "change"),
        ("87ccedc", "change"),
        ("https://example.org/org/repo/pull/12", "change"),
        ("https://example.org/org/repo/commit/87ccedc", "change"),
        ("memory:how we deploy", "memory"),
        ("https://example.org/page", "url"),
        ("HTTPS://example.org/a b", ""),
        ("some words", ""),
    ],
)
def test_a_reference_tells_what_it_is(ref: str, kind: str) -> None:
    if kind:
        assert attachment(ref).kind == kind
    else:
        with pytest.raises(UsageError, match="no issue"):
            attachment(ref)


def test_a_reference_is_told_otherwise_or_refused() -> None:
    assert attachment("some words", kind="memory").kind == "memory"
    assert attachment("87ccedc", is_file=True).kind == "file"
    assert attachment("#1\x1b]0;x\x07", kind="issue").ref == "#1·]0;x·"
    for wrong in ("", " \n ", "#" * (LONGEST + 1)):
        with pytest.raises(UsageError):
            attachment(wrong)
    with pytest.raises(UsageError, match="no kind"):
        attachment("#1", kind="song")


def test_what_is_attached_is_on_the_log_once(root: Path) -> None:
    first = coord("link", "#12", "--title", "The report", "--json", at=root).json
    again = coord("link", " #12 ", "--json", at=root).json
    assert (first["new"], again["new"]) == (True, False)
    assert first["seq"] == again["seq"]
    assert coord("link", "#12", "--prompt", "7", "--json", at=root).json["new"] is True
    one, two = events(root, "attachment.added")
    assert said(one.data) == {"ref": "#12", "type": "issue", "title": "The report"}
    assert (one.subject, two.subject) == ("milestone", "prompt:7")


def test_a_file_is_attached_by_its_place_in_the_project(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "docs").mkdir()
    (root / "docs" / "plan.md").write_text("the plan")
    monkeypatch.chdir(root / "docs")
    done = coord("link", "plan.md", "--json", at=root).json
    assert (done["type"], done["ref"]) == ("file", "docs/plan.md")
    (event,) = events(root, "attachment.added")
    assert event.data["digest"] == "sha256:" + hashlib.sha256(b"the plan").hexdigest()


def test_a_file_that_is_not_there_can_not_be_attached(root: Path) -> None:
    refused = coord("link", "plan.md", at=root)
    assert refused.code == 2
    assert "there is no such file" in refused.err
    assert coord("link", "plan.md", "--as", "file", at=root).code == 1
    assert events(root, "attachment.added") == []


def test_an_artifact_is_recorded_with_its_size_and_fingerprint(root: Path) -> None:
    (root / "out").mkdir()
    (root / "out" / "report.txt").write_bytes(b"x" * 3_000_000)
    done = coord("artifact", "out/report.txt", "--title", "Report", "--prompt", "7", "--json", at=root).json
    assert done["path"] == "out/report.txt"
    assert done["size"] == 3_000_000
    assert done["digest"] == "sha256:" + hashlib.sha256(b"x" * 3_000_000).hexdigest()
    (event,) = events(root, "artifact.produced")
    assert event.subject == "prompt:7"
    assert event.id == done["id"]


def test_an_artifact_has_to_be_a_file_inside_the_project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_text("s")
    (root / "link").symlink_to(outside)
    (root / "folder").mkdir()
    for path, code in (("gone", 1), ("folder", 1), ("link", 3), (str(outside), 3), ("../..", 3)):
        done = coord("artifact", path, at=root)
        assert (path, done.code) == (path, code)
        assert len(done.err.splitlines()) == 2
    assert events(root, "artifact.produced") == []


def test_an_agents_artifact_is_named_by_where_it_will_be_once_merged(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worktree = Layout(root).worktree(prompt_work(7), 1)
    (worktree / "src").mkdir(parents=True)
    (worktree / "src" / "made.py").write_text("x = 1\n")
    monkeypatch.chdir(worktree / "src")
    for name, value in (("AGENT", "executor-07-1"), ("ROLE", "executor"), ("PROMPT", "7"), ("RUN", "run-1")):
        monkeypatch.setenv(f"COORD_{name}", value)
    done = coord("artifact", "made.py", "--json", at=root).json
    assert (done["path"], done["worktree"]) == ("src/made.py", ".coord/worktrees/07-1")
    (event,) = events(root, "artifact.produced")
    assert (event.actor, event.subject, event.run) == ("executor-07-1", "prompt:7", "run-1")
