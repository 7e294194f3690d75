import importlib.util
import os
import stat
import sys
import time

import pytest
from pictures import PICTURES, flow, long_chain, scalars

import viz
from viz import Box, Picture, engines

SIGNATURES = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.fixture(autouse=True)
def _default_engine():
    yield
    viz.set_engine("auto")


@pytest.fixture
def only_builtin(monkeypatch):
    hide(monkeypatch, "pygraphviz")
    monkeypatch.setenv("PATH", "")


def hide(monkeypatch, *packages):
    found = importlib.util.find_spec
    monkeypatch.setattr(engines, "find_spec", lambda name: None if name in packages else found(name))


@pytest.fixture
def fake_dot(monkeypatch, tmp_path):
    """Put a shell script on the PATH as `dot`."""
    if sys.platform == "win32":
        pytest.skip("the stand-in for dot is a shell script")

    def write(script):
        program = tmp_path / "dot"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
        hide(monkeypatch, "pygraphviz")

    return write


@pytest.mark.parametrize("format", SIGNATURES)
@pytest.mark.parametrize("engine", ["dot", "pygraphviz", "builtin"])
@pytest.mark.parametrize("name", PICTURES)
def test_every_engine_draws_every_format(name, engine, format):
    if not viz.backends()[engine]:
        pytest.skip(f"{engine} is not installed")
    if engine == "builtin" and format != "svg":
        pytest.importorskip("matplotlib", reason="matplotlib paints the built-in renderer's PNG and PDF")
        if name == "words":
            pytest.skip("matplotlib warns where no installed font has a letter")
    data, drawn_by = engines.render(PICTURES[name](), format, engine)
    assert SIGNATURES[format] in data[:1000]
    assert drawn_by == engine


def test_without_graphviz_the_builtin_renderer_draws(only_builtin):
    assert engines.render(flow())[1] == "builtin"
    assert viz.backends()["dot"] is None


def test_set_engine_chooses_for_all_that_follow():
    viz.set_engine("builtin")
    assert engines.render(flow())[1] == "builtin"


def test_an_engine_that_is_asked_for_by_name_is_not_replaced(only_builtin):
    with pytest.raises(viz.EngineError, match=r"expects a program dot on the PATH, got none. Install Graphviz"):
        engines.render(flow(), engine="dot")
    with pytest.raises(viz.EngineError, match="expects the package pygraphviz"):
        engines.render(flow(), engine="pygraphviz")


def test_png_without_graphviz_and_matplotlib_names_what_to_install(only_builtin, monkeypatch):
    hide(monkeypatch, "pygraphviz", "matplotlib")
    with pytest.raises(viz.EngineError, match=r'apt install graphviz.*pip install "tinygrad_edu\[viz\]".*save as .svg'):
        engines.render(flow(), "png")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("kill -SEGV $$", "exit code -11"),
        ("echo broken >&2; exit 3", "exit code 3: broken"),
        ("exit 0", "no output"),
        ("echo '<svg/>'; echo 'Warning: Not built with libexpat.' >&2", "expat"),
    ],
)
def test_when_an_engine_fails_the_next_draws_with_a_warning(fake_dot, script, reason):
    fake_dot(script)
    with pytest.warns(RuntimeWarning, match=f"{reason}.*Drawing with 'builtin' instead"):
        assert engines.render(flow())[1] == "builtin"


def test_an_engine_that_takes_too_long_is_stopped(fake_dot, monkeypatch):
    fake_dot("sleep 60")
    monkeypatch.setattr(engines, "TIMEOUT", 0.3)
    start = time.perf_counter()
    with pytest.warns(RuntimeWarning, match="expects to finish within 0.3 s"):
        assert engines.render(flow())[1] == "builtin"
    assert time.perf_counter() - start < 10


def test_a_crash_of_pygraphviz_is_not_ours(monkeypatch):
    if not importlib.util.find_spec("pygraphviz"):
        pytest.skip("pygraphviz is not installed")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engines, "_CHILD", "import os; os.abort()")
    with pytest.warns(RuntimeWarning, match="'pygraphviz' expects to draw"):
        assert engines.render(scalars())[1] == "builtin"


def test_a_large_picture_does_not_wait_for_dot(fake_dot):
    fake_dot("sleep 60")
    assert engines.render(long_chain(engines.BUDGET))[1] == "builtin"


@pytest.mark.parametrize("engine", ["dot", "pygraphviz", "builtin"])
def test_a_png_with_too_many_pixels_is_refused(engine):
    if not viz.backends()[engine]:
        pytest.skip(f"{engine} is not installed")
    if engine == "builtin":
        pytest.importorskip("matplotlib", reason="matplotlib paints the built-in renderer's PNG")
    wide = Picture([Box("n", (("x" * 2_000,),))], dpi=300)
    with pytest.raises(ValueError, match=r"expects at most 32000 pixels a side, got .* Save as .svg"):
        engines.render(wide, "png", engine)


def test_unknown_words_are_refused():
    with pytest.raises(ValueError, match="format to be one of svg, png, pdf, got 'gif'"):
        engines.render(flow(), "gif")
    with pytest.raises(ValueError, match="engine to be one of auto, dot"):
        viz.set_engine("neato")


def test_ids_of_graphviz_are_our_own():
    engine = "dot" if viz.backends()["dot"] else "pygraphviz"
    if not viz.backends()[engine]:
        pytest.skip("Graphviz is not installed")
    first, second = (engines.render(picture, "svg", engine)[0] for picture in (flow(), scalars()))
    prefixes = {data.split(b' id="')[1][:11] for data in (first, second)}
    assert len(prefixes) == 2
