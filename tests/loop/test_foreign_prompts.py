"""A prompts folder of another harness: coord works on it, and keeps its own files to itself."""

from pathlib import Path

from support.project import NOTHING, project, prompt_text


def test_the_prompts_of_another_harness_are_run_where_they_are(tmp_path: Path) -> None:
    with project(tmp_path, {}, prompt_folders="[.planning/main/prompts]") as made:
        folder = made.layout.root / ".planning" / "main" / "prompts"
        folder.mkdir(parents=True)
        (folder / "01-first.md").write_text(prompt_text(1))
        (folder / "02-second.md").write_text(prompt_text(2, 1))
        (folder.parent / "notes.md").write_text("not a prompt\n")
        for number in (1, 2):
            (made.layout.scripts / f"{number:02d}.sh").write_text(NOTHING)
        assert made.run_loop() == 0
        assert made.states() == {1: "merged", 2: "merged"}
        assert "status: done" in (folder / "02-second.md").read_text()
        left = {path.name for path in (made.layout.root / ".planning").rglob("*") if path.is_file()}
        assert left == {"01-first.md", "02-second.md", "notes.md"}
        assert list(made.layout.prompts.iterdir()) == []
