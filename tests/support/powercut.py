"""A small real file system whose power can be cut: what was not synced is gone."""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_WITHOUT_FLUSHING = 2


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A fresh ext4 on a loop device, mounted; skips the test where that is not allowed."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("needs root and mkfs.ext4")
    image, mount = folder / "disk.img", folder / "disk"
    image.touch()
    os.truncate(image, 16 << 20)
    mount.mkdir()
    _run("mkfs.ext4", "-q", "-F", str(image))
    if subprocess.run(["mount", "-o", "loop", str(image), str(mount)], capture_output=True, check=False).returncode:
        pytest.skip("needs loop devices")
    try:
        yield mount
    finally:
        _run("umount", str(mount))


def cut_power(mount: Path) -> None:
    """From now on nothing gets to the disk."""
    fd = os.open(mount, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING))
    finally:
        os.close(fd)


def start_again(mount: Path) -> None:
    """Mount what is really on the disk. Nobody may have a file on it open."""
    _run("umount", str(mount))
    _run("mount", "-o", "loop", str(mount.parent / "disk.img"), str(mount))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
