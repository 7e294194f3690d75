"""Where files of data are looked for, and fetching them: from a server on this machine that behaves, and from others."""

import hashlib
import http.server
import io
import os
import socket
import subprocess
import sys
import textwrap
import threading

import pytest

from tinygrad_edu.datasets import fashion_mnist, source
from tinygrad_edu.datasets.source import DataNotFoundError, Source, content, is_here

DATA = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


class Publisher(http.server.BaseHTTPRequestHandler):
    """Serves DATA; under /cut only half of what it promises, under /silent without saying how much, under /other others."""

    asked: list[str]

    def do_GET(self):
        type(self).asked.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        if self.path != "/silent":
            self.send_header("Content-Length", str(len(DATA)))
        self.end_headers()
        self.wfile.write({"/cut": DATA[: len(DATA) // 2], "/other": DATA[::-1]}.get(self.path, DATA))

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    handler = type("Fresh", (Publisher,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """A cache of its own, and no folder."""
    monkeypatch.delenv("TINYGRAD_EDU_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tinygrad_edu"


def at(server, path="/file", sha256=SHA256):
    return Source("letters", "letters.bin", sha256, f"http://127.0.0.1:{server.server_port}{path}")


def nowhere():
    """The address of a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Source("letters", "letters.bin", SHA256, f"http://127.0.0.1:{free.getsockname()[1]}/file")


# Where it is looked for --------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["letters.bin", "letters/letters.bin"])
@pytest.mark.parametrize("by", ["argument", "variable"])
def test_a_file_is_found_in_the_folder_or_in_its_subfolder(tmp_path, monkeypatch, place, by):
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(DATA)
    if by == "variable":
        monkeypatch.setenv("TINYGRAD_EDU_DATA", str(tmp_path))
    folder = tmp_path if by == "argument" else None
    assert is_here(nowhere(), folder)
    assert content(nowhere(), folder) == DATA


def test_the_argument_goes_before_the_variable_and_the_cache_comes_after(tmp_path, monkeypatch, cache):
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(tmp_path / "wrong"))
    (cache / "letters").mkdir(parents=True)
    (cache / "letters" / "letters.bin").write_bytes(DATA)
    with pytest.raises(DataNotFoundError, match=r"TINYGRAD_EDU_DATA expects a folder, got '.*wrong'"):
        content(nowhere())
    (tmp_path / "right").mkdir()
    assert content(nowhere(), tmp_path / "right") == DATA


def test_a_folder_that_there_is_not_is_named(tmp_path):
    with pytest.raises(DataNotFoundError, match="no_such"):
        content(nowhere(), tmp_path / "no_such")


def test_a_file_with_other_bytes_is_refused(tmp_path):
    (tmp_path / "letters.bin").write_bytes(DATA[:-1])
    with pytest.raises(ValueError, match=r"letters\.bin of letters expects the SHA-256 .* Remove it"):
        content(nowhere(), tmp_path)


# Fetching ----------------------------------------------------------------------------------------


def test_a_file_is_fetched_once_and_kept(server, cache):
    """DAT-01."""
    assert content(at(server)) == DATA
    assert content(at(server)) == DATA
    assert server.RequestHandlerClass.asked == ["/file"]
    assert [path.name for path in (cache / "letters").iterdir()] == ["letters.bin"]


def test_a_bar_shows_how_much_has_come(server):
    stream = io.StringIO()
    content(at(server), progress=stream)
    last = stream.getvalue().split("\r")[-1]
    assert last == f"letters.bin [{'=' * 30}] 0.3 of 0.3 MB\n"


def test_without_a_size_the_bar_is_a_number(server):
    stream = io.StringIO()
    assert content(at(server, "/silent"), progress=stream) == DATA
    assert "MB" in stream.getvalue() and "[" not in stream.getvalue()


def test_nothing_is_shown_where_stderr_is_no_terminal(server, capsys):
    content(at(server))
    assert capsys.readouterr() == ("", "")


def test_a_cut_connection_is_told_and_nothing_is_kept(server, cache):
    with pytest.raises(DataNotFoundError, match="was cut after 128000 of 256000 bytes"):
        content(at(server, "/cut"))
    assert not cache.exists()


def test_other_bytes_than_were_published_are_refused_and_not_kept(server, cache):
    with pytest.raises(ValueError, match=r"expects the SHA-256 .* from http://127\.0\.0\.1.* Put the right one at"):
        content(at(server, "/other"))
    assert not cache.exists()


def test_without_a_network_the_error_says_which_file_to_put_where(cache, monkeypatch):
    """DAT-01."""
    monkeypatch.setenv("no_proxy", "*")
    told = r"letters expects the file letters\.bin, .* failed .*TINYGRAD_EDU_DATA"
    with pytest.raises(DataNotFoundError, match=told) as caught:
        content(nowhere())
    assert str(cache / "letters" / "letters.bin") in str(caught.value)


def test_a_file_that_the_server_does_not_have_is_told(server):
    with pytest.raises(DataNotFoundError, match="404"):
        content(at(server, "/missing"))


def test_a_file_that_nobody_publishes_is_told():
    with pytest.raises(DataNotFoundError, match=r"nobody is known to publish it\. Put it at"):
        content(Source("letters", "letters.bin", SHA256, ""))


def test_a_cache_that_cannot_be_written_to_is_a_warning(server, monkeypatch, tmp_path):
    (tmp_path / "a_file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a_file"))
    with pytest.warns(UserWarning, match=r"letters\.bin was fetched, but cannot be kept"):
        assert content(at(server)) == DATA


def test_a_cache_without_rights_is_a_warning(server, monkeypatch):
    def refuse(path, chunks):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(source, "replace_file", refuse)
    with pytest.warns(UserWarning, match="Permission denied"):
        assert content(at(server)) == DATA


def test_two_processes_at_once_both_get_it(server, cache):
    code = f"""
        from tinygrad_edu.datasets.source import Source, content
        import hashlib
        print(hashlib.sha256(content(Source(*{tuple(at(server))!r}))).hexdigest())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ), text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == [SHA256] * 2
    assert [path.name for path in (cache / "letters").iterdir()] == ["letters.bin"]


# The fallback ------------------------------------------------------------------------------------


def test_made_pictures_stand_in_only_where_they_are_asked_for(monkeypatch):
    """DAT-01."""
    monkeypatch.setattr(fashion_mnist, "FILES", [nowhere()] * 4)
    with pytest.raises(DataNotFoundError):
        fashion_mnist.load_data()
    with pytest.raises(ValueError, match="fallback None or 'synthetic'"):
        fashion_mnist.load_data(fallback="made")
    (x, y), (x_test, y_test) = fashion_mnist.load_data(fallback="synthetic")
    assert (x.shape, y.shape, x_test.shape, y_test.shape) == ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,))
    assert (x.dtype, y.dtype) == ("uint8", "uint8") and set(y.tolist()) == set(range(10))


def test_a_damaged_file_is_no_reason_for_the_fallback(tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "FILES", [nowhere()] * 4)
    (tmp_path / "letters.bin").write_bytes(b"")
    with pytest.raises(ValueError, match="SHA-256"):
        fashion_mnist.load_data(tmp_path, fallback="synthetic")
