import re
import shutil
import subprocess
import sys
from html import unescape

import golden
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import PICTURES, flow, scalars, words

from viz import Box, Picture, engines
from viz.dot import to_dot
from viz.text import lines


@pytest.mark.parametrize("suffix", golden.WRITERS)
@pytest.mark.parametrize("name", PICTURES)
def test_text_is_as_it_was(name, suffix):
    """If the difference is wanted: python tests/viz/golden.py."""
    expected = (golden.FOLDER / f"{name}{suffix}").read_text(encoding="utf-8")
    assert golden.WRITERS[suffix](PICTURES[name]()) == expected


@pytest.mark.parametrize("name", PICTURES)
def test_graphviz_reads_the_boxes_and_arrows_of_the_picture(name):
    agraph = pytest.importorskip("pygraphviz", reason="pygraphviz reads the DOT text").AGraph
    picture = PICTURES[name]()
    graph = agraph(string=to_dot(picture))
    assert sorted(graph.nodes()) == sorted(box.id for box in picture.boxes)
    assert sorted(graph.edges()) == sorted((arrow.tail, arrow.head) for arrow in picture.arrows)


def test_text_does_not_depend_on_the_hash_seed():
    script = "import pictures, golden; print([write(pictures.words()) for write in golden.WRITERS.values()])"
    drawn = {run_python(script, seed) for seed in "012"}
    assert len(drawn) == 1


def run_python(script, seed):
    env = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "1"}
    return subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=True).stdout


def test_parallel_arrows_are_kept():
    assert to_dot(scalars()).count("o -> op_oo") == 2


def test_backward_arrows_do_not_rank():
    assert re.findall(r"n1 -> n0 \[.*constraint=\"false\"", to_dot(flow()))


def test_a_picture_without_legend_has_no_html():
    assert "<" not in to_dot(scalars()).replace("->", "")


labels = st.text(st.sampled_from('<>{}|&":;#\\ \nlNrGn0中ü\t') | st.characters(), max_size=20)


@pytest.mark.parametrize("engine", ["dot", "pygraphviz", "builtin"])
def test_hard_words_are_drawn_as_they_are(engine):
    need(engine)
    picture = words()
    texts = [text for box in picture.boxes for row in box.rows for text in row]
    assert_shows(picture, texts, engine)


@given(st.lists(labels, min_size=3, max_size=12), st.sampled_from(["TB", "LR"]))
def test_any_text_is_drawn_as_it_is(texts, direction):
    engine = "dot" if shutil.which("dot") else "pygraphviz"
    need(engine)
    boxes = [Box(f"n{i}", ((text,),) if i % 2 else ((text, "x"), ("y", text))) for i, text in enumerate(texts)]
    shown = [cell for box in boxes for row in box.rows for cell in row]
    assert_shows(Picture(boxes=boxes, direction=direction), shown, engine)
    assert_shows(Picture(boxes=boxes, direction=direction), shown, "builtin")


def need(engine):
    if not engines.backends()[engine]:
        pytest.skip(f"{engine} is not installed")


def assert_shows(picture, texts, engine):
    """Every line of every text is one text of the drawing (titles and labels may be there as well)."""
    svg = engines.render(picture, "svg", engine)[0].decode()
    drawn = [bare(unescape(text)) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    for line in (bare(line) for text in texts for line in lines(text)):
        if line:
            assert line in drawn
            drawn.remove(line)


def bare(text):
    """Without blanks at the ends; Graphviz writes some as no-break spaces."""
    return re.sub(r"[\s\u00a0]+", " ", text).strip()
