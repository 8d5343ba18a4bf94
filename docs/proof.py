"""Kills everything that the crash tests kill, and writes docs/crashes.md from what they found.

`make proof` runs it; COORD_CRASH_POINTS=N tries N times as many points, `all` tries every one, which takes hours, and
`3/20` the third of twenty parts that are all of them together.
COORD_PROOF=FOLDER keeps what the tests note there, and counts what earlier runs noted in it.
"""

import json
import os
import platform
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from coordinator import __version__

ROOT = Path(__file__).resolve().parents[1]
TARGET = Path(__file__).with_name("crashes.md")
TESTS = (
    "tests/crash",
    "tests/storage/test_journal_kill.py",
    "tests/storage/test_power_cut.py",
    "tests/changes/test_kill.py",
    "tests/changes/test_power_cut.py",
    "tests/eventlog/test_power_cut.py",
)
_TOOLS = (("git", "--version"), ("tmux", "-V"), ("strace", "-V"))
_SUMMARY = re.compile(r"^=* ?(\d+ (?:passed|failed).*?) in [\d.]+s")
Trial = Mapping[str, str]
"""What a test noted: `what` was killed, `at` which kind of call, in which `phase`, how it `came`, what was `lost`."""


def main() -> int:
    """Run the tests, write the page; what pytest exits with."""
    began = time.time()
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.environ.get("COORD_PROOF") or temporary
        words = [sys.executable, "-m", "pytest", "-n", "auto", "-m", "slow or not slow", *sys.argv[1:], *TESTS]
        done = subprocess.run(
            words, cwd=ROOT, env=os.environ | {"COORD_PROOF": folder}, stdout=subprocess.PIPE, text=True
        )
        print(done.stdout)
        told = [match[1] for line in done.stdout.splitlines() if (match := _SUMMARY.match(line))]
        minutes = f"{(time.time() - began) / 60:.0f} min"
        about = [*versions(), f"tests: {told[-1] if told else 'none came to an end'}, in {minutes}"]
        (Path(folder) / f"run-{began:.0f}.json").write_text(json.dumps(about))
        trials = [json.loads(line) for path in Path(folder).glob("*.jsonl") for line in path.open()]
        runs = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("run-*.json"))]
    if not trials:
        print("no test noted what it tried: the page stays as it is")
        return done.returncode or 1
    TARGET.write_text(page(trials, runs, day=time.strftime("%Y-%m-%d", time.gmtime())), encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(trials)} trials")
    return done.returncode


def versions() -> list[str]:
    """What all of it ran on."""
    found = [f"coord {__version__} at commit {_said('git', 'rev-parse', '--short=10', 'HEAD')}"]
    found += [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}"]
    found += [_said(*words) for words in _TOOLS]
    found += [
        f"{platform.system()} {platform.release()}",
        f"file system {_said('stat', '-f', '-c', '%T', tempfile.gettempdir())}",
    ]
    points = os.environ.get("COORD_CRASH_POINTS") or "1"
    return [*found, f"COORD_CRASH_POINTS={points}"]


def page(trials: Iterable[Trial], runs: Iterable[Sequence[str]], *, day: str) -> str:
    """The page, for trials in any order and what each run says of itself; what was not reached is left out."""
    killed = [one for one in trials if one["lost"] or one["came"] != "passed"]
    lost = [one for one in killed if one["lost"]]
    rows = {(one["what"], one["phase"]) for one in killed}
    lines = [
        "# What was killed, and what was lost",
        "",
        f"Written by `docs/proof.py` on {day} from what tests noted. In each trial a real process of a project is",
        "ended with SIGKILL in front of a system call that writes, or the power of a real file system is cut. Then the",
        "project is brought to its end, and all of it is checked: the log and its chain, files, git, agents, and that",
        "nothing is left lying about.",
        "",
        "What was found is what had come of the command, or the state of the step at that moment, from which the next",
        "loop went on; `by itself` with nobody's help, `helped` after an engineer had removed the lock of a killed git",
        "that the loop named.",
        "",
        f"**{len(killed):,} kills and power cuts; {f'{len(lost)} lost something' if lost else 'nothing was lost'}.**",
        "",
        "| killed | phase | times | in front of | what was found | lost |",
        "|---|---|---:|---|---|---|",
        *(
            _row(what, phase, [o for o in killed if (o["what"], o["phase"]) == (what, phase)])
            for what, phase in sorted(rows)
        ),
        "",
        *(
            [f"- {_cell(one['what'])} at {one['at']}: {_cell(one['lost'])}" for one in lost]
            or ["Nothing of it was lost."]
        ),
        "",
        "## What it ran on",
        "",
        *(f"- {'; '.join(run)}" for run in runs),
    ]
    return "\n".join(lines) + "\n"


def _row(what: str, phase: str, trials: Sequence[Trial]) -> str:
    lost = sum(bool(one["lost"]) for one in trials)
    found = _counted(one["came"] for one in trials if not one["lost"])
    at = _counted(one["at"] for one in trials)
    return f"| {_cell(what)} | {_cell(phase)} | {len(trials)} | {at} | {found} | {lost or 'nothing'} |"


def _counted(words: Iterable[str]) -> str:
    counts = Counter(words)
    return ", ".join(word if len(counts) == 1 else f"{word} {counts[word]}" for word in sorted(counts))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _said(*words: str) -> str:
    """The first line of what a program says; that it is not here otherwise."""
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return f"no {words[0]}"
    return (done.stdout.strip().splitlines() or [f"{words[0]} says nothing"])[0]


if __name__ == "__main__":
    sys.exit(main())
