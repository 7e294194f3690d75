"""Replacing a file: killed, out of room or forbidden, the old one survives, and nothing is left lying about."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from tinygrad_edu.saving import atomic, read, write
from tinygrad_edu.saving.atomic import replace_file

posix = pytest.mark.skipif(os.name == "nt", reason="limits and signals are POSIX's")


def names(folder):
    return sorted(os.listdir(folder))


def test_a_file_is_made_and_replaced(tmp_path):
    path = tmp_path / "file"
    replace_file(path, [b"old"])
    replace_file(path, [b"ne", b"w"])
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_a_folder_that_there_is_not_is_named(tmp_path):
    """SAV-01."""
    with pytest.raises(FileNotFoundError, match=r"expects the folder '.*no_such', which there is not\. Create it\."):
        replace_file(tmp_path / "no_such" / "file", [b"new"])
    assert names(tmp_path) == []


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    replace_file(tmp_path / "link", [b"new"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@posix
def test_permissions_stay(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    replace_file(path, [b"new"])
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_an_error_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch, moment):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fails(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, moment, fails)
    with pytest.raises(OSError, match="No space") as caught:
        replace_file(path, [b"new"])
    assert "still there" in caught.value.__notes__[0]
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_an_error_between_two_chunks_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def chunks():
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(path, chunks())
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@posix
def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write(path, {"x": np.zeros(10)}, {})
    code = f"""
        import resource, signal
        import numpy as np
        from tinygrad_edu.saving import write
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            write({str(path)!r}, {{"x": np.ones(100_000)}}, {{}})
        except OSError as error:
            print(error)
    """
    told = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True).stdout
    assert "too large" in told
    assert read(path)[0]["x"].shape == (10,)
    assert names(tmp_path) == ["file"]


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        replace_file(tmp_path / "file", [b"new"])


def test_a_folder_that_cannot_be_synchronised_is_a_warning(tmp_path, monkeypatch):
    sync = os.fsync
    calls = []

    def fails_second(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError("no")
        sync(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", fails_second)
    with pytest.warns(UserWarning, match="The file is written"):
        replace_file(tmp_path / "file", [b"new"])
    assert (tmp_path / "file").read_bytes() == b"new"


@posix
def test_the_litter_of_the_dead_is_taken_away_and_that_of_the_living_is_not(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead, alive = f".file.{gone.pid}.0123abcd.tmp", f".file.{os.getppid()}.0123abcd.tmp"
    for name in (dead, alive, ".other.1.0123abcd.tmp"):
        (tmp_path / name).write_bytes(b"")
    replace_file(tmp_path / "file", [b"new"])
    assert names(tmp_path) == sorted([alive, ".other.1.0123abcd.tmp", "file"])


@posix
def test_killed_at_any_moment_one_whole_file_is_there(tmp_path, thorough):
    path = tmp_path / "file"
    code = f"""
        import itertools
        import numpy as np
        from tinygrad_edu.saving import write
        print("ready", flush=True)
        for n in itertools.count():
            write({str(path)!r}, {{"x": np.full(20_000, float(n))}}, {{"n": str(n)}})
    """
    rng = np.random.default_rng(0)
    for _ in range(25 if thorough else 5):
        process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(rng.uniform(0.02, 0.06))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if path.exists():
            arrays, words = read(path)
            assert (arrays["x"] == float(words["n"])).all()
    write(path, {"x": np.zeros(1)}, {})
    assert names(tmp_path) == ["file"]


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"expects to be the name of a file, got a folder. Add a file's name to it"):
        replace_file(tmp_path, [b"x"])
    assert list(tmp_path.iterdir()) == []
