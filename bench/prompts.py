"""Reading prompt folders: beside reading the same bytes and letting libyaml load the frontmatter, no more than that."""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from bench.report import Row, print_rows
from coordinator.formats.prompt_names import file_name, render_new
from coordinator.storage.config import Config
from coordinator.storage.paths import Layout
from coordinator.storage.prompts import PromptReader

SIZE = 1_700
"""Bytes of a usual prompt file."""
ROUNDS = 3


def main() -> list[Row]:
    """Cold and warm reading of 1,000 and of 10,000 prompts, and of one that changed among them."""
    return [row for count in (1_000, 10_000) for row in _measure(count)]


def _measure(count: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        layout = Layout(Path(folder))
        paths = _fill(layout, count)
        cold, floor = float("inf"), float("inf")
        for _ in range(ROUNDS):  # taken in turns: what slows the machine down meets both
            floor = min(floor, _time(lambda: _read_and_load(layout)))
            reader = PromptReader(layout, Config())
            cold = min(cold, _time(reader.refresh))
        assert len(reader.refresh().prompts) == count
        warm = min(_time(reader.refresh) for _ in range(ROUNDS))
        changed = min(_change_one(reader, paths[count // 2], n) for n in range(ROUNDS))
    name = f"{count:,} prompts"
    return [
        Row(f"{name}, first reading", cold, "ms", "reading and libyaml", floor, target_ratio=1.5),
        Row(f"{name}, next reading", warm, "ms", "the first", cold, target_ratio=0.2),
        Row(f"{name}, one changed", changed, "ms", "the first", cold, target_ratio=0.1),
    ]


def _fill(layout: Layout, count: int) -> list[Path]:
    layout.prompts.mkdir(parents=True)
    paths = []
    for number in range(1, count + 1):
        title = f"Task {number}: keep the buckets in order"
        dependencies = [n for n in (number - 1, number - 7) if n > 0]
        body = "## Tasks\n\n" + "- do what has to be done, and test it well\n" * 40
        content = render_new(number=number, title=title, body=body, dependencies=dependencies)
        path = layout.prompts / file_name(number, "planned", title)
        path.write_bytes(content[:SIZE])
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
        paths.append(path)
    return paths


def _read_and_load(layout: Layout) -> int:
    """The floor: every file read, its frontmatter given to libyaml."""
    loaded = 0
    for entry in os.scandir(layout.prompts):
        with open(entry.path, "rb") as stream:
            data = stream.read()
        end = data.index(b"\n---\n", 3)
        loaded += len(yaml.load(data[4:end], Loader=yaml.CBaseLoader))
    return loaded


def _change_one(reader: PromptReader, path: Path, turn: int) -> float:
    before = reader.refresh()
    path.write_bytes(path.read_bytes().replace(b"keep", b"k%d keep" % turn, 1))
    spent = _time(lambda: reader.refresh([path]))
    assert reader.refresh([path]) is not before
    return spent


def _time(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    print_rows(main())
