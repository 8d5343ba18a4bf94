"""A plan of several files is applied whole or not at all, and no editor's version is lost on the way."""

import json
import os
import threading
from pathlib import Path

import pytest

from coordinator.errors import CoordError, Refused, StalePlan
from coordinator.model.plan import FileEdit
from coordinator.storage import journal
from coordinator.storage.files import Lock, is_temp, sha256
from coordinator.storage.journal import Busy, Merged, apply_edits, at_rest, pending, recover
from coordinator.storage.paths import Layout

PLAN = "0198c0de-0000-7000-8000-00000000abcd"
ONE, TWO, THREE = ".coord/prompts/01-a.prompt.md", ".coord/prompts/02-b.prompt.md", ".coord/alignment.md"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.prompts.mkdir(parents=True)
    (tmp_path / ONE).write_bytes(b"one")
    (tmp_path / THREE).write_bytes(b"three")
    return made


def modify(path: str, before: bytes, after: bytes) -> FileEdit:
    return FileEdit(path, "modify", after, sha256(before))


EDITS = [
    modify(ONE, b"one", b"ONE"),
    FileEdit(TWO, "create", b"TWO", None),
    FileEdit(THREE, "delete", b"", sha256(b"three")),
]
OLD = {ONE: b"one", THREE: b"three"}
NEW = {ONE: b"ONE", TWO: b"TWO"}


def files(layout: Layout) -> dict[str, bytes]:
    """Every file of the project by its path, unfinished ones left out: their writer, this process, lives."""
    found = (path for path in layout.root.rglob("*") if path.is_file() and not is_temp(path.name))
    return {layout.rel(path): path.read_bytes() for path in found}


def commit_without_placing(layout: Layout, monkeypatch: pytest.MonkeyPatch, note: dict[str, str] | None = None) -> None:
    """What a process leaves that was killed right after the commit."""

    def killed(*arguments: object) -> list[str]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal, "_place", killed)
        with pytest.raises(KeyboardInterrupt):
            apply_edits(layout, PLAN, EDITS, note=note)
    assert pending(layout)


def test_all_edits_are_applied_and_the_journal_is_empty(layout: Layout) -> None:
    assert apply_edits(layout, PLAN, EDITS) == []
    assert files(layout) == NEW
    assert not pending(layout)


@pytest.mark.parametrize(
    ("path", "content"), [(ONE, b"edited"), (TWO, b"appeared"), (THREE, b"edited"), (ONE, None), (THREE, None)]
)
def test_a_stale_plan_names_the_file_and_writes_nothing(layout: Layout, path: str, content: bytes | None) -> None:
    if content is None:
        (layout.root / path).unlink()
    else:
        (layout.root / path).write_bytes(content)
    before = files(layout)
    with pytest.raises(StalePlan) as caught:
        apply_edits(layout, PLAN, EDITS)
    assert path in caught.value.message
    assert files(layout) == before


@pytest.mark.parametrize("path", ["../outside.md", "/etc/passwd", ".coord/../../x", "link/x.md"])
def test_a_plan_can_not_leave_its_project(layout: Layout, path: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    (layout.root / "link").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    before = files(layout)
    with pytest.raises(Refused):
        apply_edits(layout, PLAN, [EDITS[0], FileEdit(path, "create", b"x", None)])
    assert files(layout) == before


def test_a_file_edited_twice_is_refused(layout: Layout) -> None:
    with pytest.raises(Refused):
        apply_edits(layout, PLAN, [EDITS[0], modify("./" + ONE, b"one", b"other")])
    assert files(layout) == OLD


def test_a_plan_id_can_not_name_another_file(layout: Layout) -> None:
    with pytest.raises(Refused):
        apply_edits(layout, "../x", EDITS)
    assert files(layout) == OLD


def test_a_committed_plan_is_finished_at_the_next_start(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_without_placing(layout, monkeypatch)
    assert recover(layout) == [f"plan {PLAN} was interrupted and is finished now"]
    assert files(layout) == NEW
    assert not pending(layout)
    assert recover(layout) == []


def test_the_next_plan_finishes_the_one_before_first(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_without_placing(layout, monkeypatch)
    apply_edits(layout, "next", [modify(ONE, b"ONE", b"last")])
    assert files(layout) == {ONE: b"last", TWO: b"TWO"}


def test_what_somebody_saved_before_recovery_stays_and_the_plan_is_kept_beside(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_without_placing(layout, monkeypatch)
    by_hand = {ONE: b"by hand", TWO: b"by hand too", THREE: b"and this"}
    for path, content in by_hand.items():
        (layout.root / path).write_bytes(content)
    told = recover(layout)
    kept = {f"{ONE}.kept-0000abcd": b"ONE", f"{TWO}.kept-0000abcd": b"TWO"}
    assert files(layout) == by_hand | kept
    assert all(any(path in line for line in told) for path in by_hand)
    assert all(any(os.path.basename(name) in line for line in told) for name in kept)


def test_what_is_merged_is_told_until_it_is_recorded(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill after the files are in place loses neither the note nor what became of a file that was changed."""
    commit_without_placing(layout, monkeypatch, note={"n": "1"})
    (layout.root / THREE).write_bytes(b"and this")
    recover(layout)
    told: list[tuple[str, list[Merged]]] = []
    recover(layout, lambda *_: None, lambda plan_id, merged: told.append((plan_id, list(merged))))
    assert told == [(PLAN, [Merged(THREE, b"and this", b"and this", "it was to go, and was changed since")])]
    assert not pending(layout)


def test_a_file_that_went_away_is_not_made_again(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who renamed a prompt would find it twice."""
    commit_without_placing(layout, monkeypatch)
    (layout.root / ONE).rename(layout.prompts / "01-renamed.prompt.md")
    recover(layout)
    assert files(layout) == {
        TWO: b"TWO",
        f"{ONE}.kept-0000abcd": b"ONE",
        ".coord/prompts/01-renamed.prompt.md": b"one",
    }


def test_a_living_writer_is_waited_for_no_longer_than_allowed(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    commit_without_placing(layout, monkeypatch)
    with Lock(layout.journal):
        with at_rest(layout) as quiet:
            assert not quiet
        with pytest.raises(Busy):
            recover(layout, patience=0.01)
    assert files(layout).keys() >= OLD.keys()
    recover(layout, patience=0.01)
    assert files(layout) == NEW


def test_an_editor_that_saves_while_the_plan_is_placed_keeps_its_version(layout: Layout) -> None:
    """Whichever way the race goes: the plan is stale, or it is applied and the editor's version is beside it."""
    for turn in range(60):
        for path in layout.prompts.iterdir():
            path.unlink()
        (layout.root / ONE).write_bytes(b"one")
        (layout.root / THREE).write_bytes(b"three")
        saved, gate = f"by hand {turn}".encode(), threading.Barrier(2)

        def edit(saved: bytes = saved, gate: threading.Barrier = gate) -> None:
            (layout.root / "temp").write_bytes(saved)
            gate.wait()
            os.replace(layout.root / "temp", layout.root / ONE)

        editor = threading.Thread(target=edit)
        editor.start()
        gate.wait()
        try:
            told = apply_edits(layout, f"plan-{turn:08d}", EDITS)
        except StalePlan:
            editor.join()
            assert files(layout) == {ONE: saved, THREE: b"three"}
            continue
        editor.join()
        found = files(layout)
        assert saved in found.values()
        assert found[TWO] == b"TWO"
        assert found[ONE] == saved or (told and found[ONE] == b"ONE")


def test_what_is_no_file_any_more_is_moved_aside_when_a_plan_is_finished(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_without_placing(layout, monkeypatch)
    (layout.root / ONE).unlink()
    (layout.root / ONE).symlink_to("elsewhere")
    recover(layout)
    assert files(layout) == NEW
    assert os.readlink(layout.root / f"{ONE}.kept-0000abcd") == "elsewhere"


def test_the_note_is_recorded_once_the_files_are_in_place(layout: Layout) -> None:
    seen: list[tuple[str, object, dict[str, bytes]]] = []

    def record(plan_id: str, note: object) -> None:
        seen.append((plan_id, note, {path: (layout.root / path).read_bytes() for path in NEW}))

    apply_edits(layout, PLAN, EDITS, note={"kind": "plan.applied"}, record=record)
    assert seen == [(PLAN, {"kind": "plan.applied"}, NEW)]
    assert files(layout) == NEW


def test_a_note_that_could_not_be_recorded_waits_for_the_next_start(layout: Layout) -> None:
    def fails(plan_id: str, note: object) -> None:
        raise CoordError("the log is locked")

    with pytest.raises(CoordError):
        apply_edits(layout, PLAN, EDITS, note={"n": "1"}, record=fails)
    assert pending(layout)
    (layout.root / ONE).write_bytes(b"edited since")
    seen: list[object] = []
    assert recover(layout, lambda plan_id, note: seen.append((plan_id, note))) == []
    assert seen == [(PLAN, {"n": "1"})]
    assert (layout.root / ONE).read_bytes() == b"edited since"
    assert not pending(layout)


def test_an_interrupted_plan_with_a_note_is_placed_now_and_recorded_later(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_without_placing(layout, monkeypatch, note={"n": "1"})
    recover(layout)
    assert {path: (layout.root / path).read_bytes() for path in NEW} == NEW
    seen: list[object] = []
    recover(layout, lambda plan_id, note: seen.append(note))
    assert seen == [{"n": "1"}]
    assert files(layout) == NEW


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"edits": [{"path": 1}]}', b'{"edits": [{"path": "a", "before": null}]}']
)
def test_a_journal_that_can_not_be_read_is_put_aside_and_told(layout: Layout, content: bytes) -> None:
    layout.journal.mkdir()
    (layout.journal / "bad.json").write_bytes(content)
    (told,) = recover(layout)
    assert "bad" in told
    assert recover(layout) == []
    assert {ONE, THREE} < files(layout).keys()


def test_a_journal_that_leads_out_of_the_project_is_put_aside(layout: Layout) -> None:
    layout.journal.mkdir()
    edits = [{"path": "../stolen", "before": None, "content": ""}]
    (layout.journal / "bad.json").write_text(json.dumps({"edits": edits, "note": None}))
    assert len(recover(layout)) == 1
    assert not (layout.root.parent / "stolen").exists()


def test_a_folder_that_can_not_be_written_leaves_everything_as_it_was(layout: Layout) -> None:
    blocked = layout.root / "file"
    blocked.write_bytes(b"")
    with pytest.raises(CoordError):
        apply_edits(layout, PLAN, [*EDITS, FileEdit("file/x.md", "create", b"", None)])
    assert files(layout) == OLD | {"file": b""}


def test_two_plans_at_once_are_applied_one_after_the_other(layout: Layout) -> None:
    results: list[object] = []

    def apply(content: bytes) -> None:
        try:
            results.append(apply_edits(layout, content.decode(), [modify(ONE, b"one", content)]))
        except StalePlan as error:
            results.append(error)

    with Lock(layout.prompts):
        threads = [threading.Thread(target=apply, args=(content,)) for content in (b"A", b"B")]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert sorted(isinstance(result, StalePlan) for result in results) == [False, True]
    assert (layout.root / ONE).read_bytes() in (b"A", b"B")
