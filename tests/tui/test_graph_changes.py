"""The graph panel in a real app: what arrives, a plan on it, what is folded, and the map."""

from collections.abc import Iterable

import pytest
from support.build import NOW, prompt, snapshot
from support.graph_panel import Watched, attempt, chain, every_state, stage

from coordinator.lazy.dataclass import replace
from coordinator.model.prompt import Priority, Prompt, PromptStatus
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState

# ── what arrives


async def test_only_rows_that_changed_are_painted_again() -> None:
    before = snapshot(chain(8))
    async with stage(before) as s:
        prompts = [replace(p, title="Renamed") if p.number == 4 else p for p in chain(8)]
        await s.show(snapshot(prompts))
        assert s.graph.repainted == {3}
        assert "Renamed" in s.row("04")


async def test_the_rails_stay_where_they_are_when_states_change() -> None:
    pending = [prompt(1), prompt(2, 1), prompt(3, 1), prompt(4, 2, 3)]
    async with stage(snapshot(pending)) as s:
        old = s.graph._rows
        done = [replace(p, status=PromptStatus.DONE) for p in pending]
        await s.show(snapshot(done))
        assert s.graph._rows is old


async def test_durations_tick_in_rows_that_run_and_nowhere_else() -> None:
    shot = snapshot((prompt(n) for n in range(1, 9)), attempts=[attempt(3, StepState.RUNNING)])
    async with stage(shot) as s:
        await s.show(shot, NOW + 1)
        assert s.graph.repainted == {2}
        assert s.row("03").endswith("claude 2m14")


async def test_the_selected_row_stays_in_its_place_when_rows_come_in_above() -> None:
    async with stage(snapshot(chain(60)), size=(80, 20)) as s:
        s.graph.selected = 40
        await s.pilot.pause()
        place = s.labels().index("40")
        await s.show(snapshot([*chain(60), *(prompt(n, priority=Priority.HIGH) for n in range(61, 66))]))
        assert s.graph.selected == 40
        assert s.labels().index("40") == place


async def test_a_thousand_prompts_are_drawn_as_far_as_they_are_seen() -> None:
    async with stage(snapshot(chain(1000)), size=(80, 20)) as s:
        assert s.graph.rendered <= 60
        await s.press("end")
        assert s.labels()[-1] == "1000"
        assert s.row("1000").startswith(" · 1000 ◎  Prompt 1000")
        assert s.row("999").startswith("▴·  999 ●")
        assert s.graph.rendered <= 300


# ── a plan on the graph


def interjection(shot: Snapshot) -> Iterable[Prompt]:
    return [prompt(12, 2, title="Reject negative costs"), replace(shot.prompts[3], dependencies=(1, 12))]


async def test_a_planned_prompt_is_a_ghost_at_its_future_place() -> None:
    shot = snapshot([prompt(1), prompt(2), prompt(3, 1), prompt(4, priority=Priority.LOW)])
    async with stage(shot) as s:
        s.graph.preview(interjection(shot))
        await s.pilot.pause()
        assert s.labels() == ["01", "02", "12", "03", "04"]
        assert "+ 12" in s.row("12")
        assert "Reject negative costs new" in s.row("12")
        assert s.row("12").endswith("before 03")
        assert "now after 12 too" in s.row("03")
        assert s.row("03").endswith("after 01, 12")
        assert s.row("03").startswith("~")
        ghost = {segment.style.bgcolor for segment in s.graph.render_line(2) if segment.style}
        plain = {segment.style.bgcolor for segment in s.graph.render_line(4) if segment.style}
        assert ghost != plain
        assert s.graph.selected == 1


async def test_the_graph_is_as_it_was_when_the_plan_is_dropped() -> None:
    shot = snapshot([prompt(1), prompt(2), prompt(3, 1)])
    async with stage(shot) as s:
        before = s.lines()
        s.graph.preview(interjection(shot))
        await s.pilot.pause()
        assert s.lines() != before
        s.graph.preview([])
        await s.pilot.pause()
        assert s.lines() == before


async def test_what_a_plan_leaves_as_it_is_is_not_marked() -> None:
    shot = snapshot([prompt(1), prompt(2, 1)])
    async with stage(shot) as s:
        before = s.lines()
        s.graph.preview([shot.prompts[2]])
        await s.pilot.pause()
        assert s.lines() == before


async def test_an_applied_plan_stops_being_a_ghost() -> None:
    shot = snapshot([prompt(1), prompt(2), prompt(3, 1)])
    async with stage(shot) as s:
        planned = list(interjection(shot))
        s.graph.preview(planned)
        await s.show(snapshot([prompt(1), prompt(2), planned[1], planned[0]]))
        assert " new" not in s.row("12")
        assert "too" not in s.row("03")


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"dependencies": (1,)}, "no longer after 02"),
        ({"status": PromptStatus.CANCELLED}, "will be cancelled"),
        ({"status": PromptStatus.FAILED}, "will be failed"),
        ({"title": "Other"}, "edited"),
    ],
)
async def test_other_changes_of_a_plan_are_told_in_words(change: dict[str, object], note: str) -> None:
    shot = snapshot([prompt(1), prompt(2), prompt(3, 1, 2)])
    async with stage(shot) as s:
        s.graph.preview([replace(shot.prompts[3], **change)])  # type: ignore[arg-type]
        await s.pilot.pause()
        assert note in s.row("03")


async def test_a_plan_that_would_close_a_cycle_can_be_shown() -> None:
    shot = snapshot([prompt(1), prompt(2, 1)])
    async with stage(shot) as s:
        s.graph.preview([replace(shot.prompts[1], dependencies=(2,))])
        await s.pilot.pause()
        assert s.labels() == ["01", "02"]


# ── folding and the map


async def test_folding_leaves_one_row_for_what_is_done() -> None:
    done = [replace(p, status=PromptStatus.DONE) for p in chain(6)]
    gone = prompt(7, 6, status=PromptStatus.CANCELLED)
    async with stage(snapshot([*done, gone, prompt(8, 7), prompt(9, 8)])) as s:
        await s.press("z")
        first = s.lines()[0].split()
        assert first[:3] == ["✓", "⋯", "●"]
        assert "6 done, 1 cancelled" in s.lines()[0]
        assert s.labels()[1:] == ["08", "09"]
        assert s.graph.selected == 8
        await s.press("up", "enter")
        assert s.labels() == [f"{n:02d}" for n in range(1, 10)]
        assert s.graph.selected == 7


async def test_folding_does_not_hide_what_the_plan_changes() -> None:
    done = [replace(p, status=PromptStatus.DONE) for p in chain(6)]
    async with stage(snapshot(done)) as s:
        await s.press("z")
        assert len(s.labels()) == 1
        s.graph.preview([replace(done[2], title="Other")])
        await s.pilot.pause()
        assert "03" in s.labels()


async def test_the_map_shows_layers_and_keeps_the_selection() -> None:
    async with stage(every_state()) as s:
        await s.press("m")
        assert s.graph.selected == 3
        numbers = [[word for word in line.split() if len(word) == 2 and word.isdigit()] for line in s.lines()]
        assert numbers[:2] == [["01", "06", "07"], ["08", "09"]], "the first layer, with room for whole titles"
        assert numbers[2] == ["02", "03", "04"]
        assert numbers[3] == ["05"]
        assert str(s.graph.border_subtitle).endswith("map ▸ rails (m)")
        await s.press("m")
        assert s.labels()[0] == "01"


async def test_the_map_is_walked_with_the_arrows_and_the_mouse() -> None:
    async with stage(every_state()) as s:
        await s.press("m", "up")
        assert s.graph.selected == 9, "as far right as before"
        await s.press("left", "down", "right", "down")
        assert s.graph.selected == 5
        row, column = next((y, line.index("04 HTTP")) for y, line in enumerate(s.lines()) if "04 HTTP" in line)
        await s.pilot.click(Watched, offset=(column, row))
        await s.pilot.pause()
        assert s.graph.selected == 4
        await s.press("enter")
        assert s.app.told[-1] == ("activated", 4)


async def test_a_double_click_on_the_map_opens_once_and_beside_it_nothing() -> None:
    async with stage(every_state()) as s:
        await s.press("m")
        told = len(s.app.told)
        await s.pilot.click(Watched, offset=(78, 3), times=2)
        await s.pilot.pause()
        assert s.app.told[told:] == []
        await s.pilot.click(Watched, offset=(8, 3), times=2)
        await s.pilot.pause()
        assert s.app.told[told:] == [("selected", 5), ("activated", 5)]


async def test_the_map_of_a_thousand_fits_the_panel() -> None:
    async with stage(snapshot(prompt(n) for n in range(1, 1001)), size=(80, 20)) as s:
        await s.press("m")
        assert s.graph.render_line(0).cell_length <= 80
        assert s.lines()[0].split()[:5] == ["1", "○", "01", "○", "02"]
        assert s.graph.row_count() == 100, "ten on a line"
