"""Ways out of its window that an agent has in the default mode: whoever it starts there is still no human."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.project import WRITE, Project, project
from support.wait import wait_until

WAYS = {
    "run-shell": "tmux run-shell -b '{say}'",
    "if-shell": "tmux if-shell '{say}' ''",
    "new-window": "tmux new-window -d '{say}'",
    "split-window": "tmux split-window -d '{say}'",
    "new-session": "tmux new-session -d '{say}'",
    "respawn": "tmux respawn-window -k -t home '{say}'",
    "another-server": "tmux -L {name} -f /dev/null new-session -d '{say}'",
    "orphan": "{bare} setsid -f {say}",
    "orphans-orphan": "setsid -f {bare} setsid -f setsid -f {say}",
    "at-its-end": "(trap '' HUP; {bare} setsid -f sh -c 'sleep 0.5; {say}') &",
}
SAY = """\
cd '{root}' && '{coord}' answer "$(cat '{out}/question')" yes >'{out}/'$1.out 2>&1
echo $? >'{out}/'$1.tmp
mv '{out}/'$1.tmp '{out}/'$1
"""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path, {1: []}) as made:
        yield made


@pytest.mark.slow
def test_an_agent_is_no_human_whichever_way_it_takes_out_of_its_window(made: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    script = 'coord ask "Which?"\n' + made.until()
    for name, line in WAYS.items():
        say = f"sh {out}/say.sh {name}"
        bare = 'env -i PATH="$PATH" HOME="$HOME" XDG_STATE_HOME="$XDG_STATE_HOME"'
        script += line.format(say=say, bare=bare, name=f"{made.layout.root.parent.name}-x") + "\n"
        script += f"for i in $(seq 500); do [ -e {out}/{name} ] && break; sleep 0.05; done\n"
    script += f"tmux -L {made.layout.root.parent.name}-x kill-server\n"
    (made.layout.scripts / "01.sh").write_text(script + WRITE)
    made.start_loop()
    (asked,) = wait_until(lambda: made.events("question.asked"), message="the question")
    (out / "question").write_text(str(asked.seq))
    coord = tmp_path / "bin" / "coord"
    (out / "say.sh").write_text(SAY.format(root=made.layout.root, coord=coord, out=out))
    made.release()
    made.wait_for(1, "change-open", timeout=90)
    ends = {path.name: path.read_text().strip() for path in out.iterdir() if path.name in WAYS}
    assert ends == dict.fromkeys(WAYS, "3"), {path.name: path.read_text() for path in out.glob("*.out")}
    assert made.events("question.answered") == []
    assert {event.data["actor"] for event in made.events("access.denied")} <= {"executor-01-1", "unknown"}


def test_an_engineers_own_window_beside_agents_is_the_engineers_loop(made: Project) -> None:
    """The loop that the screen starts runs in a window of the same server: it is no agent for that."""
    made.coord("pause")
    made.terminals.ensure_session()
    told = made.layout.root / "told"
    window = made.terminals.open_window(
        ["sh", "-c", f'env >"{told}.new"; mv "{told}.new" "{told}"'], cwd=made.layout.root, name="x", env={}, mark={}
    )
    wait_until(told.exists, message="the window")
    assert "COORD_AGENT=\n" in told.read_text()
    made.terminals.kill_window(window.id)
