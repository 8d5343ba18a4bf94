"""A folder of prompts, looked at: as a whole, and again after what changed."""

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from coordinator.storage import prompts
from coordinator.storage.config import Config
from coordinator.storage.files import FileKey
from coordinator.storage.paths import Layout
from coordinator.storage.prompts import SIZE_LIMIT, PromptReader, PromptSet

GOOD = b"---\nnumber: 7\ntitle: Refresh tokens\nstatus: pending\ndependencies: [2]\n---\n## Tasks\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.prompts.mkdir(parents=True)
    return made


@pytest.fixture
def put(layout: Layout) -> Callable[[str, bytes], Path]:
    def write(name: str, content: bytes) -> Path:
        path = layout.prompts / name
        path.write_bytes(content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    return write


def read(layout: Layout) -> PromptSet:
    return PromptReader(layout, Config()).refresh()


def spoil(layout: Layout, put: Callable[[str, bytes], Path]) -> dict[str, str]:
    """Fill the folder with everything that can be wrong; the code of the problem by file name."""
    files = {
        "11-empty.prompt.md": (b"", "empty"),
        "12-none.prompt.md": (b"# Tasks\n", "no-frontmatter"),
        "13-open.prompt.md": (b"---\nnumber: 13\n", "unclosed-frontmatter"),
        "14-latin.prompt.md": (b"---\ntitle: caf\xe9\n---\n", "not-utf8"),
        "15-deep.prompt.md": (b"---\na: " + b"[" * 5000 + b"\n---\n", "too-deep"),
        "16-huge.prompt.md": (b"---\nnumber: " + b"9" * 5000 + b"\n---\n", "bad-number"),
        "17-status.prompt.md": (b"---\nstatus: whatever\n---\n", "bad-status"),
        "18-alias.prompt.md": (b"---\na: &a [1]\nb: *a\n---\n", "yaml-alias"),
        "19-twice.prompt.md": (b"---\ntitle: a\ntitle: b\n---\n", "duplicate-key"),
        "20-colon.prompt.md": (b"---\ntitle: a: b\n---\n", "bad-yaml"),
        "21-other.prompt.md": (b"---\nnumber: 22\n---\n", "number-mismatch"),
        "nonumber.prompt.md": (b"---\ntitle: T\n---\n", "no-number"),
    }
    for name, (content, _) in files.items():
        put(name, content)
    codes = {f".coord/prompts/{name}": code for name, (_, code) in files.items()}
    big = put("23-big.prompt.md", b"")
    os.truncate(big, 100 * 1024 * 1024)
    (layout.prompts / "24-link.prompt.md").symlink_to(layout.prompts / "07-good.prompt.md")
    (layout.prompts / "25-dir.prompt.md").mkdir()
    os.mkfifo(layout.prompts / "26-pipe.prompt.md")
    (layout.prompts / "27-li\nne.prompt.md").write_bytes(GOOD)
    with open(os.path.join(os.fsencode(layout.prompts), b"28-\xff.prompt.md"), "wb") as stream:
        stream.write(GOOD)
    return codes | {
        ".coord/prompts/23-big.prompt.md": "too-large",
        ".coord/prompts/24-link.prompt.md": "symlink",
        ".coord/prompts/25-dir.prompt.md": "not-a-file",
        ".coord/prompts/26-pipe.prompt.md": "not-a-file",
        ".coord/prompts/27-li ne.prompt.md": "bad-name",
        ".coord/prompts/28-\\xff.prompt.md": "bad-name",
    }


def test_every_bad_file_is_one_problem_and_hides_no_other(layout: Layout, put: Callable[[str, bytes], Path]) -> None:
    put("07-good.prompt.md", GOOD)
    put("notes.txt", b"not a prompt")
    put(".07-swap.prompt.md", b"an editor's")
    expected = spoil(layout, put)
    found = read(layout)
    assert {problem.path: problem.code for problem in found.problems} == expected
    assert len(found.problems) == len(expected)
    assert list(found.prompts) == [7]
    assert found.highest == 28
    assert all(problem.message and problem.remedy for problem in found.problems)
    assert all((problem.path + problem.message + problem.remedy).isprintable() for problem in found.problems)


def test_a_huge_file_is_never_read(layout: Layout, put: Callable[[str, bytes], Path]) -> None:
    os.truncate(put("23-big.prompt.md", b""), 100 * 1024 * 1024)
    tracemalloc.start()
    found = read(layout)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [problem.code for problem in found.problems] == ["too-large"]
    assert peak < SIZE_LIMIT


def test_of_two_files_with_one_number_neither_is_used(layout: Layout, put: Callable[[str, bytes], Path]) -> None:
    put("07-a.prompt.md", GOOD)
    put("07-b.prompt.md", GOOD)
    put("08-c.prompt.md", b"---\ndependencies: [7]\n---\n")
    found = read(layout)
    assert list(found.prompts) == [8]
    (problem,) = found.problems
    assert problem.code == "duplicate-number"
    assert "07-a.prompt.md" in problem.message
    assert "07-b.prompt.md" in problem.message
    assert problem.numbers == (7,)
    assert found.highest == 8


def test_an_empty_or_missing_folder_has_no_prompts_and_no_problems(tmp_path: Path) -> None:
    assert read(Layout(tmp_path)) == PromptSet({})


def test_configured_folders_take_every_markdown_file_that_is_a_prompt(tmp_path: Path, layout: Layout) -> None:
    folder = tmp_path / "loop" / "prompts"
    folder.mkdir(parents=True)
    (folder / "01-first.md").write_bytes(b"---\ntitle: First\n---\n")
    (folder / "second-DONE.md").write_bytes(b"---\nnumber: 2\nstatus: completed\n---\n")
    (folder / "03-broken.md").write_bytes(b"no frontmatter")
    (folder / "broken.md").write_bytes(b"---\nstatus: whatever\nnumber: 4\n---\n")
    (folder / "README.md").write_bytes(b"# About\n")
    (folder / "guide.md").write_bytes(b"---\ntitle: Guide\n---\n")
    found = PromptReader(layout, Config(prompt_folders=("loop/prompts", "gone"))).refresh()
    assert {prompt.number: prompt.path for prompt in found.prompts.values()} == {
        1: "loop/prompts/01-first.md",
        2: "loop/prompts/second-DONE.md",
    }
    assert [(problem.path, problem.code) for problem in found.problems] == [
        ("gone", "no-folder"),
        ("loop/prompts/03-broken.md", "no-frontmatter"),
        ("loop/prompts/broken.md", "bad-status"),
    ]


def test_a_second_look_reads_nothing_that_did_not_change(layout: Layout, put: Callable[[str, bytes], Path]) -> None:
    put("07-a.prompt.md", GOOD)
    reader = PromptReader(layout, Config())
    first = reader.refresh()
    assert reader.refresh() is first
    put("08-b.prompt.md", b"---\ntitle: B\n---\n")
    second = reader.refresh()
    assert list(second.prompts) == [7, 8]
    assert second.prompts[7] is first.prompts[7]


def test_changed_paths_alone_are_looked_at(layout: Layout, put: Callable[[str, bytes], Path]) -> None:
    first, second = put("07-a.prompt.md", GOOD), put("08-b.prompt.md", b"---\ntitle: B\n---\n")
    reader = PromptReader(layout, Config())
    before = reader.refresh()
    put("07-a.prompt.md", GOOD.replace(b"Refresh", b"Renew"))
    second.unlink()
    assert reader.refresh([layout.prompts / "x.txt", layout.root / "07-a.prompt.md"]) is before
    after = reader.refresh([first])
    assert after.prompts[7].title == "Renew tokens"
    assert 8 in after.prompts
    assert list(reader.refresh([second]).prompts) == [7]


def test_a_changed_folder_is_looked_at_whole(layout: Layout, put: Callable[[str, bytes], Path]) -> None:
    reader = PromptReader(layout, Config())
    reader.refresh()
    put("07-a.prompt.md", GOOD)
    assert list(reader.refresh([layout.coord]).prompts) == [7]


def test_a_write_right_after_a_look_is_seen_though_time_stamps_are_coarse(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On some file systems a time stamp holds for two seconds: a file may change within it without telling."""

    def coarse(status: os.stat_result) -> FileKey:
        second = status.st_mtime_ns // 2_000_000_000 * 2_000_000_000
        return FileKey(second, status.st_size, status.st_ino, second)

    monkeypatch.setattr(prompts, "file_key", coarse)
    path = layout.prompts / "07-a.prompt.md"
    reader = PromptReader(layout, Config())
    for title in (b"Refresh tokens", b"Renewed tokens", b"Retyped tokens"):
        path.write_bytes(GOOD.replace(b"Refresh tokens", title))
        assert reader.refresh().prompts[7].title == title.decode()


def test_a_mended_file_is_no_problem_any_more(layout: Layout, put: Callable[[str, bytes], Path]) -> None:
    path = put("07-a.prompt.md", b"broken")
    reader = PromptReader(layout, Config())
    assert [problem.code for problem in reader.refresh().problems] == ["no-frontmatter"]
    put("07-a.prompt.md", GOOD)
    found = reader.refresh([path])
    assert list(found.prompts) == [7]
    assert not found.problems
