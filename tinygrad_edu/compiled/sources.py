"""The text of a function, as a tree: what the compiler reads. Lambdas have one, too."""

from __future__ import annotations

import ast
import functools
import linecache
import types


def tree_of(code: types.CodeType) -> ast.FunctionDef | ast.Lambda:
    """Where a function is written.

    Raises:
        TypeError: if its text is nowhere, or several lambdas of the same arguments stand in its line.
    """
    names = code.co_varnames[: code.co_argcount]
    found = _trees(code.co_filename).get((code.co_firstlineno, code.co_name, names), [])
    if len(found) != 1:
        raise TypeError(f"a compiler expects to find one {code.co_name} in line {code.co_firstlineno} of {code.co_filename}")
    return found[0]


@functools.lru_cache(64)
def _trees(file: str) -> dict[tuple, list]:
    found: dict[tuple, list] = {}
    for node in ast.walk(ast.parse("".join(linecache.getlines(file)))):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            name = getattr(node, "name", "<lambda>")
            decorators = getattr(node, "decorator_list", None)
            line = decorators[0].lineno if decorators else node.lineno
            found.setdefault((line, name, tuple(one.arg for one in node.args.args)), []).append(node)
    return found
