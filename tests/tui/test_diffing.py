"""Diffs as rows: whatever git prints, every line is there once, on its side, with its number."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.repository import Repository

from coordinator.changes.diff import diff_text, files_between
from coordinator.changes.git import Git
from coordinator.model.change import FileChange
from coordinator.views.diff_rows import Kind, Row, parse_diff, side_by_side
from tui.paint.syntax import Colouring


def rows_of(repo: Repository, before: str, after: str) -> tuple[Row, ...]:
    text, cut = diff_text(repo.layout, before, after)
    assert not cut
    return parse_diff(text, files_between(Git(repo.root), before, after))


def side(rows: tuple[Row, ...], kind: Kind) -> list[str]:
    return [row.text for row in rows if row.kind in (kind, Kind.CONTEXT)]


def test_rows_tell_both_sides_even_where_lines_look_like_headers(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "p")
    old = "-- a comment\nkeep\ndiff --git a b\n@@ -1 +1 @@\n"
    new = "++ another\nkeep\n--- a/x\n+++ b/x\nno newline at the end"
    before = repo.commit({"q.sql": old})
    rows = rows_of(repo, before, repo.commit({"q.sql": new}))
    assert side(rows, Kind.REMOVED) == old.splitlines()
    assert side(rows, Kind.ADDED) == new.splitlines()
    assert [row.text for row in rows if row.kind is Kind.FILE] == ["q.sql"]
    assert [row.new for row in rows if row.new and row.kind.code] == [1, 2, 3, 4, 5]
    assert [row.old for row in rows if row.old and row.kind.code] == [1, 2, 3, 4]


def test_renames_binary_files_and_odd_names_are_told(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "p")
    before = repo.head()
    repo.git("mv", "src/app.py", "src/main.py")
    (repo.root / "logo.bin").write_bytes(b"\0\1")
    repo.write({'a"b\n.txt': "x\n"})
    repo.git("add", "-A")
    repo.git("commit", "-qm", "x")
    rows = rows_of(repo, before, repo.head())
    assert [row.text for row in rows if row.kind is Kind.FILE] == ['a"b\n.txt', "logo.bin", "src/app.py → src/main.py"]
    notes = [row.text for row in rows if row.kind is Kind.NOTE]
    assert any(text.startswith("Binary files") for text in notes)
    assert any(text.startswith("rename from") for text in notes)


LINES = st.lists(st.sampled_from(["a", "b", "c", "- x", "+ y", "@@ -1 +1 @@", "", "\\ No"]), max_size=12)


@settings(max_examples=200, deadline=None)
@given(LINES, LINES)
def test_both_columns_hold_every_row_once_and_in_order(old: list[str], new: list[str]) -> None:
    import difflib

    body = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
    rows = parse_diff("\n".join(["diff --git a/x b/x", *body, ""]), [FileChange("x", 1, 1)])
    pairs = side_by_side(rows)
    both = [pair.left for pair in pairs if pair.left == pair.right]
    lefts = [pair.left for pair in pairs if pair.left is not None and pair.left != pair.right]
    rights = [pair.right for pair in pairs if pair.right is not None and pair.left != pair.right]
    assert sorted([*both, *lefts, *rights], key=lambda n: n or 0) == list(range(len(rows)))
    assert lefts == sorted(lefts)
    assert rights == sorted(rights)
    assert all(rows[at].kind is Kind.REMOVED for at in lefts)
    assert all(rows[at].kind is Kind.ADDED for at in rights)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=40).filter(lambda t: "\n" not in t), min_size=1, max_size=8), st.sampled_from("abc"))
def test_colours_never_change_the_text(lines: list[str], name: str) -> None:
    rows = tuple(Row(Kind.ADDED, line, 0, new=at + 1) for at, line in enumerate(lines))
    path = {"a": "x.py", "b": "y.unknown-language", "c": "z.js"}[name]
    plainly, coloured = Colouring(rows, ["none"]), Colouring(rows, [path])
    for at in range(len(rows)):
        shown = "".join(text for text, _ in coloured.pieces(at))
        assert shown == "".join(text for text, _ in plainly.pieces(at))
        assert shown.isprintable() or "�" in shown or not shown.isascii()


def test_code_is_coloured_by_the_language_of_its_file() -> None:
    rows = (Row(Kind.ADDED, 'def f(): return "x"  # why', 0, new=1), Row(Kind.REMOVED, "x = 1", 0, old=1))
    colouring = Colouring(rows, ["a/b.py"])
    assert dict(colouring.pieces(0)) | {} == dict(colouring.pieces(0))
    inks = {text.strip(): ink for text, ink in colouring.pieces(0)}
    assert (inks["def"], inks["f"], inks["# why"]) == ("keyword", "name", "comment")
    assert ("1", "number") in colouring.pieces(1)


@pytest.mark.parametrize("path", ["big.py", "big.js", "big.c"])
def test_a_trap_for_the_lexer_stays_uncoloured_and_a_block_is_cheap(path: str) -> None:
    rows = tuple(Row(Kind.ADDED, f"value_{n} = compute({n}, 'text')", 0, new=n + 1) for n in range(20_000))
    colouring = Colouring(rows, [path])
    colouring.pieces(0)
    began = time.process_time()
    colouring.pieces(19_999)
    assert time.process_time() - began < 0.25
    assert len(colouring._known) < 500
    trap = (Row(Kind.ADDED, "a" * 100_000, 0, new=1), Row(Kind.ADDED, "def f(): pass", 0, new=2))
    assert Colouring(trap, [path]).pieces(1) == [("def f(): pass", "")]
