"""The page about crashes says what the trials noted, a loss above all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.proof import trial

from docs.proof import page

TESTS = Path(__file__).resolve().parents[1]


def noted(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for path in folder.glob("*.jsonl") for line in path.open()]


def test_the_page_counts_what_was_killed_where_and_what_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COORD_PROOF", str(tmp_path))
    for kind in ("rename", "rename", "fsync"):
        with trial("coord edit", at=kind) as one:
            one.came = "applied whole" if kind == "rename" else "nothing done"
    with trial("coord loop", at="write", phase="merge") as one:
        one.came = "passed"
    text = page(noted(tmp_path), [["Python 3", "git 2"]], day="2026-01-02")
    assert "| coord edit |  | 3 | fsync 1, rename 2 | applied whole 2, nothing done 1 | nothing |" in text
    assert "**3 kills and power cuts; nothing was lost.**" in text
    assert "coord loop" not in text
    assert "- Python 3; git 2" in text


def test_what_tests_try_is_noted_where_the_page_looks_for_it(tmp_path: Path) -> None:
    code = "import conftest\nfrom support.proof import trial\nwith trial('coord edit'):\n    pass\n"
    environ = {**os.environ, "COORD_PROOF": str(tmp_path), "PYTHONPATH": str(TESTS)}
    subprocess.run([sys.executable, "-c", code], env=environ, check=True)
    assert [one["what"] for one in noted(tmp_path)] == ["coord edit"]


def test_a_trial_that_fails_is_a_loss_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COORD_PROOF", str(tmp_path))
    with pytest.raises(AssertionError), trial("coord undo", at="link"):
        raise AssertionError("half a plan | of two\nand more")
    text = page(noted(tmp_path), [], day="2026-01-02")
    assert "1 lost something" in text
    assert "| coord undo |  | 1 | link |  | 1 |" in text
    assert "- coord undo at link: half a plan \\| of two\n" in text


def test_nothing_is_noted_where_nobody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COORD_PROOF", raising=False)
    monkeypatch.chdir(tmp_path)
    with trial("coord edit"):
        pass
    assert list(tmp_path.iterdir()) == []
