"""When panes are read: at once after a rest, never too often, never without need."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from coordinator.terminals.capture_rate import (
    CHECK,
    FOCUSED,
    IN_SIGHT,
    LOOKS,
    POLL_FOCUSED,
    POLL_IN_SIGHT,
    POLL_QUIET,
    Pace,
)

SMALL = 1e-9


def told(*panes: str, focused: str | None = None) -> Pace:
    """A pace whose changes are told, all panes read at time 0."""
    pace = Pace()
    pace.by_control(True)
    pace.show(panes, focused)
    for pane in panes:
        pace.was_read(pane, 0.0)
    return pace


def test_what_comes_in_sight_is_due_at_once_the_focus_first() -> None:
    pace = Pace()
    assert pace.show(["%1", "%2", "%3"], "%3") == {"%1", "%2", "%3"}
    assert pace.due(0.0) == ["%3", "%1", "%2"]


def test_staying_in_sight_is_no_reason_to_read() -> None:
    pace = told("%1", "%2")
    assert pace.show(["%2", "%3"], None) == {"%3"}
    assert pace.due(0.0) == ["%3"]


def test_a_change_after_a_rest_is_due_at_once() -> None:
    pace = told("%1", focused="%1")
    pace.changed("%1")
    assert pace.due(1.0) == ["%1"]


def test_a_busy_pane_is_read_at_its_rate_and_its_last_change_is_not_lost() -> None:
    for focused, interval in (("%1", FOCUSED), (None, IN_SIGHT)):
        pace = told("%1", focused=focused)
        pace.was_read("%1", 10.0)
        pace.changed("%1")
        assert pace.due(10.0 + interval - SMALL) == []
        assert pace.next_due() == 10.0 + interval
        assert pace.due(10.0 + interval) == ["%1"]


def looks(panes: list[str], seconds: float) -> list[tuple[float, str]]:
    """When which of these panes is looked at while all of them print all the time; they began one after the other."""
    pace = told(*panes)
    for n, pane in enumerate(panes):
        pace.was_read(pane, n * 0.013)
    done, now = [], 1.0
    while now < 1.0 + seconds:
        pace.all_changed()
        for pane in pace.due(now):
            pace.was_read(pane, now)
            done.append((now, pane))
        now += 0.001
    return done


def test_panes_that_go_on_printing_come_into_step() -> None:
    panes = [f"%{n}" for n in range(6)]
    late = [(now, pane) for now, pane in looks(panes, 3.0) if now > 3.0]
    moments = {now for now, _ in late}
    assert len(late) == len(moments) * len(panes)
    assert 9 <= len(moments) <= 10


def test_however_many_panes_are_in_sight_the_looks_are_bounded() -> None:
    for count in (2, 12, 50):
        done = looks([f"%{n}" for n in range(count)], 10.0)
        assert len(done) <= 10.0 * min(LOOKS, count / IN_SIGHT) + 2 * count
        assert {pane for _, pane in done} == {f"%{n}" for n in range(count)}


def test_a_pane_that_gets_the_focus_keeps_no_slow_interval() -> None:
    pace = told("%1")
    pace.was_read("%1", 10.0)
    pace.changed("%1")
    pace.show(["%1"], "%1")
    assert pace.next_due() == 10.0 + FOCUSED


def test_quiet_panes_are_checked_rarely_and_panes_that_are_gone_never() -> None:
    pace = told("%1", "%2")
    pace.was_read("%2", 0.0, gone=True)
    assert pace.next_due() == CHECK
    pace.show(["%2"], None)
    assert pace.next_due() is None
    pace.changed("%2")
    assert pace.due(1.0) == ["%2"]


def test_nothing_in_sight_is_never_due() -> None:
    pace = told("%1")
    pace.show([], None)
    pace.changed("%1")
    pace.all_changed()
    assert pace.next_due() is None


def test_polling_slows_down_while_nothing_changes_and_is_quick_again_after() -> None:
    pace = told("%1", "%2", focused="%1")
    pace.by_control(False)
    assert pace.next_due() == POLL_FOCUSED
    for _ in range(9):
        pace.was_read("%1", 0.0, same=True)
        pace.was_read("%2", 0.0, same=True)
    assert pace.next_due() == POLL_QUIET
    pace.was_read("%2", 0.0)
    assert pace.next_due() == POLL_IN_SIGHT
    pace.was_read("%1", 0.0)
    assert pace.next_due() == POLL_FOCUSED


@given(st.lists(st.tuples(st.sampled_from(["%1", "%2"]), st.floats(0.0, 0.05)), max_size=60))
def test_however_panes_print_reads_keep_their_distance_and_the_last_print_is_read(
    prints: list[tuple[str, float]],
) -> None:
    pace = told("%1", "%2", focused="%1")
    now, reads, printed = 0.0, {"%1": [0.0], "%2": [0.0]}, {"%1": 0.0, "%2": 0.0}

    def read(until: float) -> None:
        while (at := pace.next_due()) is not None and at <= until:
            for pane in pace.due(max(at, now)):
                reads[pane].append(max(at, now))
                pace.was_read(pane, max(at, now))

    for pane, pause in prints:
        read(now + pause)
        now += pause
        printed[pane] = now
        pace.changed(pane)
        read(now)
    read(now + IN_SIGHT + SMALL)
    for pane, least in (("%1", FOCUSED), ("%2", IN_SIGHT)):
        gaps = [b - a for a, b in pairwise(reads[pane])]
        assert all(gap >= least - SMALL for gap in gaps)
        assert reads[pane][-1] >= printed[pane]
