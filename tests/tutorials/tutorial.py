"""The tutorials' scripts as notebooks: their blocks run one by one in one namespace; only import lines are changed."""

import importlib.util
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "scripts"

OURS = [  # what stands in an import line, and what takes its place
    (r"^from tensorflow import keras$", "import tinygrad_edu as keras"),
    (r"^import tensorflow as tf$", "import tinygrad_edu as tf"),
    (r"^import keras$", "import tinygrad_edu as keras"),
    (r"^from keras\.", "from tinygrad_edu."),
]
OF_PANDAS = [  # which is for more than this
    (r"^import pandas$", "import tables as pandas"),
    (r"^import pandas as pd$", "import tables as pd"),
    (r"^from pandas import", "from tables import"),
]
EPOCHS = re.compile(r"\bepochs( ?= ?)\d+")


def text_of(name):
    """A script as it is; pandas is stood in for where it is not installed."""
    text = (SCRIPTS / f"{name}.py").read_text(encoding="utf-8")
    return text if importlib.util.find_spec("pandas") else with_imports(text, OF_PANDAS)


def with_imports(text, changes):
    """The text with other import lines."""
    for pattern, instead in changes:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def block_of(text, title):
    """The block of that title: the lines before it, and its code."""
    found = re.search(rf"^# %% {re.escape(title)}\n(.*?)(?=^# %% |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"the script has no block {title!r}"
    return text[: found.start(1)].count("\n"), found[1]


class Notebook:
    """A script that is run block by block.

    Args:
        name: of the file in scripts/.
        names: what its blocks find: data.
    """

    def __init__(self, name, capsys, names):
        self.path, self.capsys, self.names = SCRIPTS / f"{name}.py", capsys, {"__name__": "__main__", **names}
        self.text = with_imports(text_of(name), OURS)

    def run(self, *titles, epochs=None):
        """Run blocks by their titles, or the whole script; what they print."""
        self.capsys.readouterr()
        for start, code in [block_of(self.text, title) for title in titles] or [(0, self.text)]:
            if epochs is not None:
                code = EPOCHS.sub(rf"epochs\g<1>{epochs}", code)
            exec(compile("\n" * start + code, self.path, "exec"), self.names)
        return self.capsys.readouterr().out

    def __getitem__(self, name):
        return self.names[name]
