"""What a reviewer reads: files by risk, words at their lines, what was viewed folded, lines that moved found again."""

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pages import change

from coordinator.lazy.dataclass import replace
from coordinator.model.change import ChangePage, FileChange
from coordinator.model.review_comment import Comment, Said
from coordinator.model.worklist import Fate
from coordinator.views.diff_rows import Kind, Row, parse_diff, side_by_side
from coordinator.views.review_rows import digest, is_test, moved, parts, review_rows, risks


def files(*changed: tuple[str, int | None, int | None]) -> ChangePage:
    page = replace(change(), criteria=())
    return replace(page, change=replace(page.change, files=tuple(FileChange(*one) for one in changed)))


def shown(page: ChangePage, viewed: dict[str, str] | None = None) -> list[str]:
    rows = review_rows(page, parse_diff(page.diff, page.change.files), viewed or {})
    return [f"{row.kind.value}: {row.text}".rstrip() for row in rows]


def test_files_are_read_by_risk_and_say_why() -> None:
    page = files(
        ("README.md", 3, 0),
        ("src/a.py", 300, 2),
        ("src/b.py", 1, 1),
        ("tests/test_a.py", 0, 40),
        ("logo.png", None, None),
    )
    waits = Said(Comment("src/b.py", 1, "why?", id="C1"), 1)
    found = risks(replace(page, comments=(waits,)))
    assert [risk.reasons for risk in found] == [
        (),
        ("no evidence", "large"),
        ("1 comment unresolved", "no evidence"),
        ("tests deleted",),
        ("no evidence", "binary"),
    ]
    assert [risk.rank for risk in found] == [4, 2, 0, 1, 2]
    receipt = page.attempt.receipt
    assert receipt is not None
    shown_by = replace(page, attempt=replace(page.attempt, receipt=replace(receipt, validation=("make test: green",))))
    assert [risk.reasons for risk in risks(shown_by)][1] == ("large",)


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("tests/a.py", True),
        ("src/test_a.py", True),
        ("a_test.go", True),
        ("src/a.spec.ts", True),
        ("src/LimitTest.java", True),
        ("src/latest.py", False),
        ("src/contest/a.py", False),
        ("spec.md", True),
    ],
)
def test_tests_are_known_by_their_names(path: str, tests: bool) -> None:
    assert is_test(path) is tests


def test_words_stand_at_their_lines_with_their_answers() -> None:
    page = change()
    asked = Comment("src/limit/middleware.py", 24, "Why send\nit?", id="C1", by="ada")
    answered = Said(asked, 1, Fate.RESOLVED, "It is needed.", "executor-05-2", 2, line=24)
    draft = Comment("src/limit/middleware.py", 23, "and this")
    removed = Said(Comment("src/limit/middleware.py", 24, "keep it", old=True, id="C2"), 1, line=24, old=True)
    lines = shown(replace(page, comments=(answered, removed), drafts=(draft,)))
    at = lines.index("added:         response = self.app(request) if allowed else Response(status=429)")
    assert lines[at + 1 : at + 4] == [
        "remark: [x] C1 ada  Why send",
        "remark:             it?",
        "remark:     answered by attempt 2  It is needed.",
    ]
    assert lines[lines.index("added:         allowed = bucket.take(1)") + 1] == "remark: not sent  and this"
    assert lines[lines.index("removed:             return Response(status=429)") + 1] == "remark: [ ] C2  keep it"


def test_no_word_is_lost_where_its_line_or_its_file_is_gone() -> None:
    gone = Said(Comment("src/old.py", 4, "about a file that is gone", id="C1"), 1, line=4)
    lost = Said(Comment("src/limit/headers.py", 90, "about a line that is gone", id="C2"), 1, line=90)
    lines = shown(replace(change(), comments=(gone, lost)))
    assert lines[:2] == ["file: not in what is shown", "remark: [ ] C1 src/old.py:4  about a file that is gone"]
    assert any("about a line that is gone" in line for line in lines)
    settled = replace(gone, fate=Fate.RESOLVED, answer="removed")
    lines = shown(replace(change(), comments=(settled,)))
    assert lines[-3:] == [
        "file: not in what is shown",
        "remark: [x] C1 src/old.py:4  about a file that is gone",
        "remark:     answered by attempt 0  removed",
    ]


def test_a_viewed_file_is_folded_until_its_part_of_the_change_is_another() -> None:
    page = change()
    rows = parse_diff(page.diff, page.change.files)
    path = page.change.files[0].path
    mark = digest(parts(rows)[0])
    assert not any("def headers" in line for line in shown(page, {path: mark}))
    assert any("def headers" in line for line in shown(page, {path: "another"}))
    shifted = [replace(row, new=row.new + 7) for row in parts(rows)[0]]
    assert digest(shifted) == mark


def test_a_file_with_one_side_takes_both_columns() -> None:
    rows = parse_diff(change().diff, change().change.files)
    pairs = [pair for pair in side_by_side(rows) if pair.right is not None and rows[pair.right].file == 0]
    assert all(pair.left == pair.right for pair in pairs)
    assert any(pair.left != pair.right for pair in side_by_side(rows))


lines = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@given(lines, lines)
def test_a_line_that_is_still_there_is_found_where_it_went(old: list[str], new: list[str]) -> None:
    text = "".join(f"{line}\n" for line in difflib.unified_diff(old, new, "a/f", "b/f", lineterm="", n=0))
    rows = parse_diff(f"diff --git a/f b/f\n{text}", [FileChange("f", 1, 1)]) if text else ()
    removed = {row.old for row in rows if row.kind is Kind.REMOVED}
    for number in range(1, len(old) + 1):
        found = moved(rows, number)
        assert 1 <= found <= max(1, len(new))
        if number not in removed:
            assert new[found - 1] == old[number - 1]


def test_a_line_keeps_its_place_between_hunks() -> None:
    context = [Row(Kind.HUNK, "", 0, 1, 1), Row(Kind.ADDED, "x", 0, new=1), Row(Kind.CONTEXT, "a", 0, 1, 2)]
    assert [moved(context, number) for number in (1, 2, 9)] == [2, 3, 10]
