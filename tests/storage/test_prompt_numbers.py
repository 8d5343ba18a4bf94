"""A prompt number is given once, whatever happens to files and counters."""

import subprocess
import sys
from pathlib import Path

import pytest

from coordinator.storage.paths import Layout
from coordinator.storage.prompt_numbers import claim_number

ROOT = Path(__file__).parents[2]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.prompts.mkdir(parents=True)
    return made


def put(layout: Layout, name: str) -> Path:
    path = layout.prompts / name
    path.write_bytes(b"")
    return path


def test_the_first_number_is_one_and_each_next_is_one_more(tmp_path: Path) -> None:
    assert [claim_number(Layout(tmp_path), 0) for _ in range(3)] == [1, 2, 3]


def test_files_and_the_log_count(layout: Layout) -> None:
    put(layout, "07-planned-x.prompt.md")
    put(layout, "012.prompt.md")
    put(layout, "notes.md")
    assert claim_number(layout, 3) == 13
    assert claim_number(layout, 20) == 21


def test_the_number_of_a_deleted_file_is_not_given_again(layout: Layout) -> None:
    number = claim_number(layout, 0)
    put(layout, f"{number:02d}-x.prompt.md").unlink()
    assert claim_number(layout, 0) == number + 1


@pytest.mark.parametrize("content", [None, b"", b"not a number", b"-5\n", b"2\n"])
def test_a_lost_or_spoiled_counter_brings_no_number_back(layout: Layout, content: bytes | None) -> None:
    put(layout, "05-x.prompt.md")
    assert claim_number(layout, 8) == 9
    if content is None:
        layout.counter.unlink()
    else:
        layout.counter.write_bytes(content)
    assert claim_number(layout, 9) == 10


SIXTY_FOUR = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from coordinator.storage.prompt_numbers import claim_number
from coordinator.storage.paths import Layout
layout = Layout(Path(sys.argv[1]))
gate, open_gate = os.pipe()
children = []
for _ in range(64):
    pid = os.fork()
    if pid == 0:
        os.close(open_gate)
        os.read(gate, 1)  # ends when the parent opens the gate, for all at once
        os.write(1, b"%d\\n" % claim_number(layout, 10))
        os._exit(0)
    children.append(pid)
os.close(open_gate)
sys.exit(max(os.waitpid(pid, 0)[1] for pid in children))
"""


def test_sixty_four_processes_get_sixty_four_numbers(layout: Layout) -> None:
    command = [sys.executable, "-S", "-E", "-c", SIXTY_FOUR, str(layout.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert sorted(map(int, done.stdout.split())) == list(range(11, 75))
