"""Arguments of calls as plain data, and back: what JSON has no words for is a dict with one key that says what it is.

>>> written((slice(None, 2), ...))
{'tuple': [{'slice': [None, 2, None]}, {'ellipsis': True}]}
>>> read(written((slice(None, 2), ...)))
(slice(None, 2, None), Ellipsis)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import registry
from ..graph import Placeholder, Value


def written(x: Any, place_of: Callable[[Any], Any] | None = None) -> Any:
    """`x` as plain data.

    Args:
        place_of: function from a symbol in `x` to what stands for it.

    Raises:
        TypeError: for a Tensor.
    """
    if isinstance(x, Value):
        raise TypeError("A config expects constants that are plain numbers, got a Tensor. Put a weight into a layer of your own.")
    if isinstance(x, Placeholder) and place_of is not None:
        return {"symbol": place_of(x)}
    if isinstance(x, (tuple, list)):
        parts = [written(part, place_of) for part in x]
        return {"tuple": parts} if isinstance(x, tuple) else parts
    if isinstance(x, dict):
        return {"dict": {key: written(part, place_of) for key, part in x.items()}}
    if isinstance(x, slice):
        return {"slice": [written(part) for part in (x.start, x.stop, x.step)]}
    if x is ...:
        return {"ellipsis": True}
    if isinstance(x, (np.ndarray, np.generic)):
        return {"array": x.tolist(), "dtype": x.dtype.name}
    if isinstance(x, (type, np.dtype)):
        return {"dtype": np.dtype(x).name}
    return registry.serialize(x)


def read(x: Any, symbol_at: Callable[[Any], Any] | None = None) -> Any:
    """What `written` wrote down as `x`; `symbol_at` gives the symbol for what stands for it."""
    if isinstance(x, list):
        return [read(part, symbol_at) for part in x]
    if not isinstance(x, dict):
        return x
    if "symbol" in x and symbol_at is not None:
        return symbol_at(x["symbol"])
    if "tuple" in x:
        return tuple(read(part, symbol_at) for part in x["tuple"])
    if "dict" in x:
        return {key: read(part, symbol_at) for key, part in x["dict"].items()}
    if "slice" in x:
        return slice(*map(read, x["slice"]))
    if "ellipsis" in x:
        return ...
    if "array" in x:
        return np.array(x["array"], x["dtype"])[()]
    return np.dtype(x["dtype"]) if "dtype" in x else x
