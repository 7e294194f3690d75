"""The reference pages in docs/reference/, made of the docstrings.

    python docs/make_reference.py

One page per family: its words, a table of what it offers, and each member with its signature. A test holds that the
pages say what the docstrings say.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from tinygrad_edu.registry import Registry

FOLDER = Path(__file__).parent / "reference"
PAGES = {  # page: its title and the module whose public names it lists
    "tinygrad_edu": ("Tensors and derivatives", "tinygrad_edu"),
    "ops": ("Ops", "tinygrad_edu.ops"),
    "activations": ("Activations", "tinygrad_edu.activations"),
    "initializers": ("Initializers", "tinygrad_edu.initializers"),
    "regularizers": ("Regularizers", "tinygrad_edu.regularizers"),
    "constraints": ("Constraints", "tinygrad_edu.constraints"),
    "losses": ("Losses", "tinygrad_edu.losses"),
    "metrics": ("Metrics", "tinygrad_edu.metrics"),
    "optimizers": ("Optimizers", "tinygrad_edu.optimizers"),
    "schedules": ("Learning-rate schedules", "tinygrad_edu.optimizers.schedules"),
    "layers": ("Layers", "tinygrad_edu.layers"),
    "callbacks": ("Callbacks", "tinygrad_edu.callbacks"),
    "models": ("Models", "tinygrad_edu.models"),
    "saving": ("Saving", "tinygrad_edu.saving"),
    "datasets": ("Datasets", "tinygrad_edu.datasets"),
    "preprocessing": ("Preprocessing", "tinygrad_edu.preprocessing"),
    "utils": ("Utilities", "tinygrad_edu.utils"),
    "backend": ("Backend", "tinygrad_edu.backend"),
    "wrappers": ("Models as estimators", "tinygrad_edu.wrappers"),
    "compat": ("Older scripts", "tinygrad_edu.compat"),
    "testing": ("Testing", "tinygrad_edu.testing"),
    "viz": ("Pictures", "viz"),
}
SECTIONS = ("Args", "Attributes", "Returns", "Raises")


def page(title: str, module: ModuleType) -> str:
    """A family as Markdown."""
    found = list(members(module))
    anchors = anchors_of([names[0] for names, _ in found])
    rows = [f"| [`{names[0]}`](#{anchor}) | {first_sentence(thing)} |" for anchor, (names, thing) in zip(anchors, found)]
    parts = [f"# {title}", as_markdown(inspect.getdoc(module) or ""), "\n".join(["| | |", "|---|---|", *rows])]
    return "\n\n".join([*parts, *(entry(names, thing) for names, thing in found)]) + "\n"


def anchors_of(names: list[str]) -> list[str]:
    """Where the headings `names` are found: in small letters, and of equal ones the later get a number."""
    seen: Counter[str] = Counter()
    anchors = []
    for name in map(str.lower, names):
        anchors.append(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return anchors


def members(module: ModuleType) -> Iterator[tuple[list[str], Any]]:
    """What a module offers, each thing once: its names, and itself."""
    offered: dict[int, tuple[list[str], Any]] = {}
    for name in getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]:
        thing = getattr(module, name)
        own = (getattr(thing, "__module__", None) or "").startswith(module.__name__)
        own = own and inspect.getdoc(thing)  # without words: rows of a table that has its own
        if callable(thing) and (own or isinstance(getattr(thing, "__self__", None), Registry)):  # `get` of a family
            offered.setdefault(id(thing), ([], thing))[0].append(name)
    for names, thing in offered.values():
        yield sorted(names, key=lambda name: name != thing.__name__), thing


def entry(names: list[str], thing: Any) -> str:
    """One member: heading, other names, signature, words, and the methods of its own that a class has."""
    others = f"Also called {', '.join(f'`{name}`' for name in names[1:])}." if names[1:] else ""
    parts = [f"## {names[0]}", f"```python\n{signature(names[0], thing)}\n```", others, as_markdown(inspect.getdoc(thing) or "")]
    if isinstance(thing, type):
        parts.append("\n".join(f"- `{signature(name, method)}`: {first_sentence(method)}" for name, method in methods(thing)))
    return "\n\n".join(part for part in parts if part)


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods that a class itself defines and explains."""
    for name, thing in vars(cls).items():
        function = thing.__func__ if isinstance(thing, (classmethod, staticmethod)) else thing
        if inspect.isfunction(function) and not name.startswith("_") and function.__doc__:
            yield name, function


def signature(name: str, thing: Any) -> str:
    """The call as one would write it, without types."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return name
    plain = [p.replace(annotation=p.empty) for p in parameters if p.name != "self"]
    return name + re.sub(r"<function ([\w.]+) at 0x\w+>", r"\1", str(inspect.Signature(plain)))


def first_sentence(thing: Any) -> str:
    """What a docstring begins with, on one line of a table."""
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return re.split(r"(?<=[.:]) (?=[A-Z])", text)[0].replace("|", "\\|").rstrip(":")


def as_markdown(doc: str) -> str:
    """A docstring as Markdown: sections become lists; examples and formulas, which are indented, become code."""
    return "\n\n".join(filter(None, (_block(block) for block in re.split(r"\n\s*\n", doc))))


def _block(block: str) -> str:
    head, _, rest = block.partition("\n")
    if head.rstrip(":") in SECTIONS and head.endswith(":"):
        return f"**{head}**\n\n{_list(inspect.cleandoc(rest))}"
    if block.lstrip().startswith(">>>"):
        return f"```python\n{inspect.cleandoc(block)}\n```"
    if all(line.startswith("    ") for line in block.splitlines()):
        return f"```\n{inspect.cleandoc(block)}\n```"
    text, code = _split_at_indent(block)
    return f"{text}\n\n{_block(code)}" if code else text


def _split_at_indent(block: str) -> tuple[str, str]:
    """A paragraph, and the indented lines that end it."""
    lines = block.splitlines()
    count = next((i for i, line in enumerate(lines) if line.startswith(("    ", ">>>"))), len(lines))
    return "\n".join(lines[:count]), "\n".join(lines[count:])


def _list(text: str) -> str:
    """Entries "name: words" as a list; lines that go on are joined to theirs."""
    entries: list[str] = []
    for line in text.splitlines():
        if line.startswith(" ") and entries:
            entries[-1] += " " + line.strip()
        else:
            entries.append(re.sub(r"^([\w*, .]+):", r"`\1`:", line))
    return "\n".join(f"- {line}" for line in entries)


def pages() -> dict[str, str]:
    """All pages by file name."""
    texts = {f"{name}.md": page(title, importlib.import_module(module)) for name, (title, module) in PAGES.items()}
    listed = "\n".join(f"- [{title}]({name}.md): `{module}`" for name, (title, module) in PAGES.items())
    return {"index.md": f"# Reference\n\nMade of the docstrings by `python docs/make_reference.py`.\n\n{listed}\n", **texts}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(FOLDER / name)
