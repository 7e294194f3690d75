"""Pictures that the tests draw; `golden.py` keeps the text of each."""

from itertools import pairwise

from viz import Arrow, Box, Group, Legend, Picture, theme


def tables():
    """A stack of layers with their shapes."""
    shapes = ["(None, 28, 28)", "(None, 784)", "(None, 300)", "(None, 10)"]
    names = ["input", "flatten", "dense", "dense_1"]
    picture = Picture(title="model")
    for i, name in enumerate(names):
        rows = ((f"{name} (Layer)",), ("input", shapes[max(i - 1, 0)]), ("output", shapes[i]))
        picture.boxes.append(Box(f"n{i}", rows, fill=theme.tint(theme.category(i)), shape="round", tip=f"layer {i}"))
    picture.arrows = [Arrow(f"n{i}", f"n{i + 1}") for i in range(len(names) - 1)]
    return picture


def scalars():
    """o = tanh(x·w + b)², with a value that is used twice."""
    values = {"x": "2.0", "w": "-3.0", "b": "6.9", "xw": "-6.0", "n": "0.9", "o": "0.7", "oo": "0.5"}
    picture = Picture(direction="LR")
    picture.boxes = [Box(name, ((name, f"data {value}", "grad 1.0"),)) for name, value in values.items()]
    picture.boxes += [
        Box(f"op_{name}", ((op,),), shape="ellipse") for name, op in [("xw", "×"), ("n", "+"), ("o", "tanh"), ("oo", "×")]
    ]
    for name, inputs in [("xw", "xw"), ("n", ["xw", "b"]), ("o", "n"), ("oo", "oo")]:
        picture.arrows += [*(Arrow(tail, f"op_{name}") for tail in inputs), Arrow(f"op_{name}", name)]
    return picture


def groups():
    """Groups in groups, an arrow that skips, a box beside them."""
    picture = Picture(groups=[Group("all", "encoder"), Group("one", "block 1", "all"), Group("two", "block 2", "all")])
    for group in "one", "two":
        picture.boxes += [Box(f"{name}_{group}", ((name,),), group=group, shape="round") for name in ("conv", "norm", "relu")]
    picture.boxes += [
        Box("input", (("input",),)),
        Box("aside", (("aside",),)),
        Box("sum", (("+",),), shape="ellipse", group="all"),
    ]
    links = ["input", "conv_one", "norm_one", "relu_one", "conv_two", "norm_two", "relu_two", "sum"]
    picture.arrows = [Arrow(tail, head) for tail, head in pairwise(links)]
    picture.arrows += [Arrow("relu_one", "sum", dashed=True), Arrow("relu_one", "aside"), Arrow("input", "sum")]
    return picture


def flow(direction="TB"):
    """Forward and backward arrows, labels, a loop, and a colour scale."""
    ticks = tuple((theme.cividis(i / 4), f"{i - 4}") for i in range(5))
    picture = Picture(title="gradient flow", direction=direction, legend=Legend("log₁₀ rms", ticks))
    for i in range(4):
        fill = theme.cividis(i / 3)
        picture.boxes.append(
            Box(f"n{i}", ((f"dense_{i}",), ("rms", f"{10.0 ** (i - 4):g}")), fill=fill, text=theme.text_on(fill))
        )
    for i in range(3):
        picture.arrows.append(Arrow(f"n{i}", f"n{i + 1}"))
        picture.arrows.append(Arrow(f"n{i + 1}", f"n{i}", label=f"-{i}.5", color="#d55e00", width=1 + i, backward=True))
    picture.arrows.append(Arrow("n1", "n1", label="state"))
    return picture


def words():
    """Everything that means something to DOT, XML or HTML, as text."""
    texts = [
        "<lambda>",
        "a:b",
        "a&b<c>",
        "{x|y}",
        'say "no"',
        "C:\\new\\N",
        "\nfirst line empty",
        "卷积层",
        "&lt;",
        "",
        " a  b ",
        "tab\tbell\a",
    ]
    picture = Picture(title='<b>&"\\', groups=[Group("g h", "{a|b} <c>")], legend=Legend("<&>", (("#ff0000", '"<&>"'),)))
    for i, text in enumerate(texts):
        picture.boxes += [Box(f"n{i}", ((text,),), tip=text), Box(f"t{i}", ((text, "x"), ("y", text)), group="g h")]
        picture.arrows.append(Arrow(f"n{i}", f"t{i}", label=text))
    return picture


def long_chain(count, skip=3):
    """`count` boxes in a row, with arrows that skip some."""
    picture = Picture(boxes=[Box(f"n{i}", ((f"op {i}",),)) for i in range(count)])
    picture.arrows = [Arrow(f"n{i}", f"n{i + 1}") for i in range(count - 1)]
    picture.arrows += [Arrow(f"n{i}", f"n{i + skip}") for i in range(0, count - skip, skip)]
    return picture


PICTURES = {"tables": tables, "scalars": scalars, "groups": groups, "flow": flow, "words": words}
