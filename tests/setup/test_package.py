"""What an installed coord carries: the flows and the sample project, not only in a checkout."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from coordinator.errors import CoordError
from coordinator.storage.packaged import packaged

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="an environment that was not made by `make`")
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=110)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in an environment of its own; its dependencies come from this one."""
    folder = tmp_path_factory.mktemp("an environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", f"--python={python}", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=60)
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(libraries + "\n")
    return folder


def test_packaged_files_are_found_in_a_checkout() -> None:
    assert packaged("flows/EXECUTION.md") == ROOT / "flows/EXECUTION.md"
    with pytest.raises(CoordError, match="no such/thing"):
        packaged("such/thing")


def test_the_wheel_carries_flows_and_the_sample_project_with_its_hidden_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = "coordinator/_data"
    wanted = {
        f"{data}/{path.relative_to(ROOT).as_posix()}"
        for folder in ("flows", "sample_project")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert f"{data}/sample_project/.coord/prompts/01-planned-parse-limits-from-toml.prompt.md" in wanted
    assert wanted <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "bench/"))]


def test_an_installed_coord_runs_and_finds_its_files(installed: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        [installed / "bin/coord", "--help"], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=True
    )
    assert "status" in shown.stdout
    code = "from coordinator.storage.packaged import packaged; print(packaged('sample_project/.coord/coord.yaml'))"
    found = subprocess.run(
        [installed / "bin/python", "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=True
    )
    path = Path(found.stdout.strip())
    assert path.is_file()
    assert path.is_relative_to(installed)
