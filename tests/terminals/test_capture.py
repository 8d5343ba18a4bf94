"""Many panes read by one process."""

from support.wait import wait_until

from coordinator.terminals.capture import read_panes
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals


def opened(terminals: Terminals, count: int, script: str = 'echo "I am $TMUX_PANE"; exec cat') -> list[Window]:
    return [terminals.open_window(["sh", "-c", script], cwd="/", name=f"n-{n}", env={}, mark={}) for n in range(count)]


def test_each_pane_gets_its_own_screen_also_beyond_one_message(terminals: Terminals) -> None:
    panes = [window.pane for window in opened(terminals, 64)]

    def read() -> bool:
        screens = read_panes(terminals, panes)
        return all(screens[pane].plain().rstrip() == f"I am {pane}" for pane in panes)

    wait_until(read, message="all screens")


def test_panes_that_are_gone_are_left_out(terminals: Terminals) -> None:
    first, gone, last = opened(terminals, 3)
    terminals.kill_window(gone.id)
    assert read_panes(terminals, ["%98", first.pane, gone.pane, last.pane, "%99"]).keys() == {first.pane, last.pane}
    assert read_panes(terminals, ["%99"]) == read_panes(terminals, []) == {}


def test_size_and_cursor_belong_to_the_screen(terminals: Terminals) -> None:
    shown, hidden = (
        *opened(terminals, 1, "printf 'ab\\ncd'; exec cat"),
        *opened(terminals, 1, "printf '\\033[?25lgone'; exec cat"),
    )
    wait_until(lambda: "cd" in terminals.capture(shown.pane) and "gone" in terminals.capture(hidden.pane))
    terminals.run("resize-window", "-t", shown.id, "-x", "70", "-y", "9")
    screens = read_panes(terminals, [shown.pane, hidden.pane])
    assert (screens[shown.pane].width, screens[shown.pane].height, screens[shown.pane].cursor) == (70, 9, (2, 1))
    assert screens[hidden.pane].cursor is None
