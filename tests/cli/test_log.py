"""Following and searching the log from the command line."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import coord
from support.steering import plain_project

from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.storage.paths import Layout

ADA = Actor(ActorKind.HUMAN, "ada")
TEXTS = ('say "monotonic"', "a* b", "NEAR(one two)", "日本語の決定", "o'clock -- drop")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = plain_project(tmp_path, {1: []})
    with EventLog.open(made.events_db) as log:
        log.append([Draft("decision.recorded", "prompt:1", {"text": text}) for text in TEXTS], ADA)
    return made


def following(layout: Layout, *arguments: str) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "coordinator.cli.main", "-C", str(layout.root), "log", "--follow", *arguments]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("text", TEXTS)
def test_a_search_finds_words_as_they_are(layout: Layout, text: str) -> None:
    for part in (text, text[2:9]):
        found = coord("log", "--json", "--grep", part, at=layout.root)
        assert found.code == 0
        assert len(found.out.splitlines()) == sum(part.casefold() in known.casefold() for known in TEXTS) == 1


def test_following_gives_a_pipe_at_once_what_there_is_and_then_what_comes(layout: Layout) -> None:
    reader = following(layout, "--kind", "decision.", "-n", "1")
    assert reader.stdout is not None
    assert "drop" in reader.stdout.readline()
    with EventLog.open(layout.events_db) as log:
        log.append([Draft("attachment.added", "milestone", {"type": "issue", "ref": "#1"})], ADA)
        log.append([Draft("decision.recorded", "milestone", {"text": "one more"})], ADA)
    assert "one more" in reader.stdout.readline()
    reader.send_signal(signal.SIGINT)
    _, errors = reader.communicate(timeout=60)
    assert (reader.returncode, errors.strip()) == (130, "")
