"""What is in the fields of a form is what its service is asked for."""

from typing import Any

import pytest
from support import scenes
from support.onscreen import shown, until
from support.still import StillSource

from coordinator.services.registry import SERVICES

BODY = "## Tasks\n- a\n\n## Acceptance Criteria\n- b\n"
FILLED: dict[str, tuple[int, dict[str, Any], dict[str, object]]] = {
    "interject": (
        9,
        {"title": "New", "after": (4,), "before": (7,), "fixes": (2,), "running": "kill", "body": BODY}
        | {"priority": "low", "reason": "why"},
        {},
    ),
    "patch": (
        2,
        {"title": "New", "fixes": (2, 3), "went_wrong": "all", "feedback": "less", "issues": "a\n\n b ", "body": BODY}
        | {"criteria": "c", "before_dependents": "no", "priority": "medium"},
        {"issues": ("a", "b"), "criteria": ("c",), "before_dependents": False},
    ),
    "kill": (4, {"then": "fail", "reason": "why"}, {"number": 4}),
    "restart": (10, {"reason": "why", "fresh": "yes"}, {"number": 10, "fresh": True}),
}
"""Service → the prompt that is selected, what is put into each field, and what is asked for where that differs."""


@pytest.mark.parametrize("name", FILLED)
async def test_every_field_is_asked_for_as_it_was_filled_in(name: str) -> None:
    number, filled, differing = FILLED[name]
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        app.main.select(number)
        await app.main.open_service(name)
        form = app.main.plan_form
        assert form is not None
        await until(lambda: set(form.fields) == set(filled), "its fields")
        for field, value in filled.items():
            form.field(field).value = value
        await pilot.pause()
        asked = SERVICES[name].ask(form.given(), who="ada")  # type: ignore[attr-defined]
        assert {each: getattr(asked, each) for each in (*filled, *differing)} == {**filled, **differing}


async def test_an_edit_asks_for_the_words_and_the_choice_in_its_fields() -> None:
    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        app.main.select(4)
        await app.main.open_service("edit")
        form = app.main.plan_form
        assert form is not None
        await until(lambda: "feedback" in form.fields, "its fields")
        filled = {"mark_user_patch": (2,), "went_wrong": "all", "issues": "a", "running": "finish", "feedback": "less"}
        for field, value in filled.items():
            form.field(field).value = value
        await pilot.pause()
        asked = SERVICES["edit"].ask(form.given(), who="ada")  # type: ignore[attr-defined]
        assert (asked.number, asked.issues) == (4, ("a",))
        assert (asked.mark_user_patch, asked.went_wrong, asked.running) == ((2,), "all", "finish")


@pytest.mark.parametrize(
    ("name", "file", "begins"),
    [("interject", "prompt.md", "## "), ("patch", "patch.md", "## Tasks\n\n- Correct the work of prompt 02.")],
)
async def test_a_body_is_written_in_the_editor(
    name: str, file: str, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, str]] = []

    def edit(text: str, called: str) -> str:
        opened.append((text, called))
        return BODY + "- \n"

    async with shown(StillSource(scenes.bucket())) as (app, pilot):
        monkeypatch.setattr(app.main, "edit_text", edit)
        app.main.select(2)
        await app.main.open_service(name)
        await pilot.press("ctrl+e")
        form = app.main.plan_form
        assert form is not None
        await until(lambda: form.field("body").value == BODY, "the body, without the item that was never filled in")
        assert opened[0][0].startswith(begins)
        assert opened[0][1] == file
