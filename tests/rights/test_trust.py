"""A project that came from elsewhere is looked at, and never run, before a human on this machine trusts it."""

import base64
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import coord
from support.project import Project
from support.trusting import SUITE, clone, commit, git, interject, pull, there_is, trust
from support.wait import wait_until

from coordinator.eventlog.store import EventLog
from coordinator.model.trust import Ask, Content, Trusted, judge_trust
from coordinator.observe.observer import Observer
from coordinator.observe.trust import judgement, require_trust
from coordinator.storage.files import sha256
from coordinator.storage.paths import Layout

pytestmark = pytest.mark.usefixtures("state")

# ── the rule

A1, A2, B1 = Content("a", "1"), Content("a", "2"), Content("b", "1")


@pytest.mark.parametrize(
    ("contents", "seen", "arrived", "nobodys", "verdict"),
    [
        ((A1,), None, (), (), Ask(True, (A1,))),
        ((), None, (), (), Ask(True)),
        ((A1,), {"a": ["1"]}, (), (), Trusted()),
        ((A1,), {"a": ["2", "1"]}, ("a",), (), Trusted()),
        ((A2,), {"a": ["1"]}, (), (), Trusted((A2,))),
        ((A2,), {"a": ["1"]}, ("a",), (), Ask(False, (A2,))),
        ((A2, B1), {}, ("b",), (), Ask(False, (B1,))),
        ((B1,), {"a": ["1"]}, ("b",), (), Ask(False, (B1,))),
        ((A1,), {"a": ["1"]}, (), ("j",), Ask(False, nobodys=("j",))),
        ((A1,), None, (), ("k", "j"), Ask(True, nobodys=("j", "k"))),
    ],
)
def test_what_was_seen_or_is_the_engineers_own_runs(
    contents: tuple[Content, ...],
    seen: dict[str, list[str]] | None,
    arrived: tuple[str, ...],
    nobodys: tuple[str, ...],
    verdict: Trusted | Ask,
) -> None:
    assert judge_trust(contents, seen, arrived, nobodys) == verdict


# ── a clone


def test_nothing_of_a_clone_runs_or_is_written_before_it_is_trusted(upstream: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (upstream / ".coord" / "coord.yaml").write_text(
        f"runtime: command\ncommand: [touch, {marker}]\ngate: auto\nadopt: ['*:*']\n"
    )
    clone_ = clone(upstream)
    git(clone_, "config", "some.thing", "1")
    before = (clone_ / ".git" / "config").read_bytes()
    content = base64.b64encode(b"[core]\n").decode()
    edits = [{"path": ".git/config", "before": sha256(before), "content": content}]
    journal = clone_ / ".coord" / "journal"
    journal.mkdir()
    (journal / "x.json").write_text(json.dumps({"edits": edits, "note": None}))
    EventLog.open(clone_ / ".coord" / "events.db", create=True).close()
    (clone_ / "README").write_text("theirs\n")
    files = there_is(clone_)
    for words in (
        ["interject", "--title", "x", "--yes"],
        ["edit", "1", "--set", "title=x", "--yes"],
        ["cancel", "1", "--yes"],
        ["answer", "1", "yes"],
        ["loop", "--until-idle"],
        ["loop", "--detach"],
        ["intent", "set", "--goal", "x"],
        ["milestone", "close"],
        ["pause"],
        ["resume"],
        ["stop"],
        ["decide", "x"],
        ["ask", "x"],
        ["link", "#1"],
        ["artifact", str(clone_ / "README")],
        ["strict", "setup"],
    ):
        done = coord(*words, at=clone_)
        assert (done.code, "coord trust" in done.err) == (3, True), (words, done)
    for words in (["status"], ["status", "--json"], ["graph"], ["log"], ["agents"], ["why", "1"]):
        assert coord(*words, at=clone_).code == 0, words
    found = coord("validate", "--json", at=clone_)
    assert [problem["code"] for problem in found.json["problems"]] == ["untrusted", "unfinished-plan"]
    assert (clone_ / ".git" / "config").read_bytes() == before
    assert there_is(clone_) == files
    assert not marker.exists()


def test_a_clone_runs_once_it_is_trusted_and_the_log_says_who_said_so(upstream: Path) -> None:
    there = clone(upstream)
    shown = coord("trust", "--dry-run", "--json", at=there).json
    assert not shown["trusted"]
    assert [(one["path"], one["change"]) for one in shown["asks"]] == [
        (".coord/coord.yaml", "new"),
        (".coord/suites/fast.md", "new"),
    ]
    assert "+command: true" in shown["asks"][1]["diff"]
    for words in (["trust"], ["trust", "--json"]):
        unasked = coord(*words, at=there)
        assert (unasked.code, "command: true" in unasked.out) == (2, True), "it is shown; nobody is there to say so"
    assert unasked.json == shown
    assert interject(there).code == 3
    given = coord("trust", "--yes", "--json", at=there).json
    assert (given["trusted"], given["given"]) == (True, True)
    assert interject(there).code == 0
    with EventLog(there / ".coord" / "events.db") as log:
        first = log.since(0, 1)[0]
    assert (first.kind, first.actor_kind) == ("trust.given", "human")
    assert set(first.data["contents"]) == {".coord/coord.yaml", ".coord/suites/fast.md"}  # type: ignore[call-overload]
    assert coord("trust", "--json", at=there).json == {"trusted": True, "given": False, "asks": []}


def test_an_agent_trusts_nothing(upstream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = clone(upstream)
    monkeypatch.setenv("COORD_AGENT", "executor-01-1")
    monkeypatch.setenv("COORD_ROLE", "executor")
    assert coord("trust", "--yes", at=there).code == 3
    monkeypatch.delenv("COORD_AGENT")
    assert isinstance(judgement(Layout(there)), Ask)


def test_init_trusts_what_it_makes_and_not_what_it_finds(upstream: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    assert coord("init", at=mine).code == 0
    assert interject(mine).code == 0
    there = clone(upstream)
    done = coord("init", at=there)
    assert (done.code, "coord trust" in done.out) == (0, True)
    assert interject(there).code == 3


def test_another_project_at_the_same_place_is_asked_about(upstream: Path) -> None:
    there = clone(upstream)
    trust(there)
    shutil.rmtree(there)
    clone(upstream)
    assert interject(there).code == 3
    moved = upstream.parent / "moved"
    trust(there)
    there.rename(moved)
    assert interject(moved).code == 3, "what was trusted is a project at its place"


def test_what_others_can_write_is_nobodys_word(upstream: Path, state: Path) -> None:
    there = clone(upstream)
    trust(there)
    (record,) = (state / "coord" / "trust").glob("*.json")
    assert record.stat().st_mode & 0o777 == 0o600
    record.chmod(0o620)
    assert interject(there).code == 3
    record.chmod(0o600)
    assert interject(there).code == 0


def test_everything_below_a_folder_that_the_user_named_is_trusted(upstream: Path, state: Path) -> None:
    there = clone(upstream)
    (state / "coord" / "trust").mkdir(parents=True)
    folders = state / "coord" / "trust" / "folders"
    folders.write_text(f"{upstream.parent}x\n{upstream}\n")
    assert interject(there).code == 3
    folders.write_text(f"{upstream.parent}\n")
    assert interject(there).code == 0


@pytest.mark.parametrize("name", ["journal/x.json", "runs/run-1/run.json", "events.db", "loop.json", "plans/x.json"])
def test_the_state_of_a_loop_that_git_tracks_is_nobodys(upstream: Path, name: str) -> None:
    there = clone(upstream)
    trust(there)
    path = upstream / ".coord" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    commit(upstream, force=True)
    if name == "events.db":
        for old in (there / ".coord").glob("events.db*"):
            old.unlink()
    pull(there)
    done = interject(there)
    assert (done.code, f".coord/{name}" in done.err, "git rm" in done.err) == (3, True, True)
    for words in (["trust", "--yes"], ["trust", "--dry-run"]):
        refused = coord(*words, at=there)
        assert (refused.code, "git rm" in refused.err) == (3, True), "there is nothing to be trusted"
    git(there, "rm", "-rq", "--cached", "--", f".coord/{name}")
    (there / ".coord" / name).unlink()
    assert isinstance(judgement(Layout(there)), Trusted)


@pytest.mark.parametrize("submodule", [True, False])
def test_a_folder_that_is_a_repository_of_its_own_brings_no_state_of_a_loop(upstream: Path, submodule: bool) -> None:
    theirs, there = upstream / ".coord", upstream.parent / "there"
    git(theirs, "init", "-q", "-b", "main")
    git(theirs, "add", "-A")
    git(theirs, "commit", "-qm", "first")
    git(upstream.parent, "init", "-q", "-b", "main", str(there))
    how = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"] if submodule else ["clone", "-q"]
    git(there, *how, str(theirs), ".coord")
    trust(there)
    (theirs / "journal").mkdir()
    (theirs / "journal" / "x.json").write_text(json.dumps({"edits": [], "note": None}))
    git(theirs, "add", "-f", "journal")
    git(theirs, "commit", "-qm", "a plan")
    git(there / ".coord", "pull", "-q")
    done = interject(there)
    assert (done.code, "git tracks .coord/journal/x.json" in done.err) == (3, True), done
    assert (there / ".coord" / "journal" / "x.json").exists()


def test_a_loop_is_held_also_while_what_came_with_a_commit_is_not_trusted(upstream: Path) -> None:
    there = clone(upstream)
    trust(there)
    (upstream / ".coord" / "suites" / "fast.md").write_text(SUITE.format(command="evil"))
    commit(upstream)
    pull(there)
    assert interject(there).code == 3
    assert coord("stop", at=there).code == 0


def test_records_that_came_along_choose_nothing_that_is_cleared(upstream: Path) -> None:
    there = clone(upstream)
    left = there / ".coord" / "prompts" / f".coord-tmp-{2**22 + 1}-1-0"  # of a process that can't be
    left.touch()
    shown = coord("clean", "--dry-run", at=there)
    assert (shown.code, left.name in shown.out) == (0, True)
    assert coord("clean", "--yes", at=there).code == 3
    assert left.exists()
    trust(there)
    assert coord("clean", "--yes", at=there).code == 0
    assert not left.exists()


def test_a_project_without_git_asks_once(tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    (folder / ".coord" / "prompts").mkdir(parents=True)
    assert interject(folder).code == 3
    trust(folder)
    (folder / ".coord" / "setup.sh").write_text("mine\n")
    assert interject(folder).code == 0


def test_a_loop_that_runs_starts_nothing_after_settings_came_with_a_commit(
    make: Callable[..., Project], state: Path
) -> None:
    made = make({1: []}, gate="review")
    made.coord("trust", "--yes")
    loop = made.start_loop()
    made.wait_for(1, "change-open")
    root = made.layout.root
    git(root, "switch", "-qc", "theirs")
    (made.layout.suites / "s.md").write_text(SUITE.format(command="true"))
    git(root, "add", "-f", ".coord/suites/s.md")
    tree = git(root, "write-tree")
    foreign = git(root, "commit-tree", tree, "-p", "HEAD", "-m", "theirs")
    git(root, "reset", "-q", "--hard", foreign)
    made.add(2)
    wait_until(lambda: bool(made.events("problem.found")), message="the loop's refusal")
    assert "s.md" in str(made.events("problem.found")[-1].data)
    assert made.states()[2] == "pending"
    made.coord("trust", "--yes")
    made.wait_for(2, "change-open")
    loop.terminate()
    loop.wait()


def test_a_look_costs_less_than_a_millisecond(upstream: Path) -> None:
    for number in range(40):
        (upstream / ".coord" / "suites" / f"s{number}.md").write_text(SUITE.format(command=number))
    commit(upstream)
    there = clone(upstream)
    trust(there)
    layout = Layout(there)
    require_trust(layout)

    def seconds() -> float:
        started = time.perf_counter()
        judgement(layout)
        return time.perf_counter() - started

    assert min(seconds() for _ in range(20)) < 0.004  # on a machine of its own it is well below one


def test_a_snapshot_tells_that_a_project_is_untrusted(upstream: Path) -> None:
    there = clone(upstream)
    observer = Observer(Layout(there))
    snapshot = observer.snapshot()
    assert snapshot.untrusted is not None
    assert not observer.look_around()
    trust(there)
    assert observer.refresh(()).untrusted is None
    observer.close()
