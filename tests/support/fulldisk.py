"""A disk so small that it is soon full."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def tight_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A folder on a disk of its own; the test is skipped where none can be made."""
    place = folder / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(folder: Path, spare: int = 0) -> Path:
    """Leave so many bytes free, or none while others write too; the file that takes the rest."""
    filler, disk = folder / "filler", os.statvfs(folder)
    left = disk.f_bavail * disk.f_frsize - spare if spare else sys.maxsize
    with suppress(OSError), filler.open("wb", buffering=0) as stream:
        while left:
            left -= stream.write(bytes(min(left, 4096)))
    return filler
