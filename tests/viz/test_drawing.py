import json
import os
import subprocess
import sys

import pytest
from pictures import flow, scalars

import viz
from viz import Diagram, Picture, engines

graphviz = pytest.importorskip("graphviz", reason="a Diagram is a graphviz.Digraph")


@pytest.fixture(autouse=True)
def _builtin_engine():
    viz.set_engine("builtin")
    yield
    viz.set_engine("auto")


def test_a_diagram_is_a_digraph_with_the_picture_in_its_source():
    diagram = Diagram(flow())
    assert isinstance(diagram, graphviz.Digraph)
    assert str(diagram) == diagram.source == viz.dot.to_dot(diagram.picture)
    assert repr(diagram) == "Diagram(4 boxes, 7 arrows)"


def test_a_copy_is_a_diagram_of_its_own():
    diagram = Diagram(flow())
    copy = diagram.copy()
    copy.node("more")
    assert type(copy) is Diagram
    assert copy.picture is diagram.picture
    assert "more" in copy.source and "more" not in diagram.source


def test_engine_says_who_drew():
    diagram = Diagram(flow())
    assert diagram.engine == ""
    assert diagram.pipe("svg").startswith(b"<svg")
    assert diagram.engine == "builtin"


def test_a_notebook_always_gets_an_svg():
    bundle = Diagram(flow())._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/plain"] == "Diagram(4 boxes, 7 arrows)"
    assert set(Diagram(flow())._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}


@pytest.mark.parametrize(
    ("suffix", "start"),
    [
        (".svg", b"<svg"),
        (".dot", b"digraph {"),
        (".gv", b"digraph {"),
        (".html", b"<!DOCTYPE html>"),
        (".json", b"{"),
        (".SVG", b"<svg"),
    ],
)
def test_the_suffix_is_the_format(tmp_path, suffix, start):
    path = Diagram(flow()).save(tmp_path / f"flow{suffix}")
    assert (tmp_path / f"flow{suffix}").read_bytes().startswith(start)
    assert path == str(tmp_path / f"flow{suffix}")


def test_save_knows_a_directory_and_an_existing_file(tmp_path):
    (tmp_path / "flow.svg").write_text("kept")
    Diagram(flow()).save("flow.svg", tmp_path, skip_existing=True)
    assert (tmp_path / "flow.svg").read_text() == "kept"


def test_an_unknown_suffix_lists_the_known(tmp_path):
    with pytest.raises(ValueError, match=r"among .svg .png .pdf .dot .gv .html .json, got 'flow.gif'"):
        Diagram(flow()).save(tmp_path / "flow.gif")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expects an existing folder, got .*nowhere"):
        Diagram(flow()).save(tmp_path / "nowhere" / "flow.svg")


def test_a_save_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "flow.svg"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        Diagram(flow()).save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["flow.svg"]
    assert path.read_text() == "old"


def test_json_holds_the_picture():
    diagram = Diagram(scalars())
    words = json.loads(diagram._content(viz.drawing.Path("x.json")))
    assert words["boxes"][0] == {**words["boxes"][0], "id": "x", "rows": [["x", "data 2.0", "grad 1.0"]]}
    assert len(words["arrows"]) == len(diagram.picture.arrows)


def test_a_page_needs_no_other_file():
    html = Diagram(flow()).to_html()
    assert html.count("<svg") == 1
    assert "src=" not in html and "href=" not in html
    assert "<title>gradient flow</title>" in html


def test_render_writes_source_and_drawing(tmp_path):
    drawing = Diagram(flow()).render(tmp_path / "gout", format="svg")
    assert drawing == str(tmp_path / "gout.svg")
    assert (tmp_path / "gout").read_text(encoding="utf-8").startswith("digraph {")
    assert Diagram(flow()).render(outfile=tmp_path / "alone.svg", cleanup=True) == str(tmp_path / "alone.svg")


def test_statements_added_by_hand_reach_graphviz_and_warn_without():
    diagram = Diagram(flow())
    diagram.node("more")
    with pytest.warns(RuntimeWarning, match="draws the picture alone"):
        diagram.pipe("svg")
    engine = next((name for name in ("dot", "pygraphviz") if engines.backends()[name]), None)
    if engine:
        assert b"more" in diagram.pipe("svg", engine=engine)


def test_an_empty_diagram_draws():
    assert Diagram().pipe("svg", encoding="utf-8").startswith("<svg")
    assert Diagram(Picture(title="t")).to_html()


def test_without_the_package_graphviz_only_diagrams_are_missing():
    script = """
import sys
sys.modules["graphviz"] = None
import viz
viz.Picture, viz.backends()
try:
    viz.Diagram
except ImportError as error:
    print(error)
"""
    assert 'pip install "tinygrad_edu[viz]"' in python(script)


def test_importing_viz_imports_nothing_heavy():
    heavy = "viz.", "numpy", "graphviz", "tinygrad_edu"
    script = f"import sys, viz; print([name for name in sys.modules if name.startswith({heavy})])"
    assert python(script) == "[]\n"


def python(script):
    """What `script` prints in a fresh interpreter."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment).stdout
