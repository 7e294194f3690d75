"""What is said in words in a file: JSON, written and read strictly; and what is wrong with it, as one kind of error."""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..config import __version__
from ..registry import UnknownNameError
from .container import ModelFormatError

FORMAT = "tinygrad_edu 1"
MOST_OBJECTS = 4_000  # layers, initializers, ... in one description
MOST_CHARACTERS = 300  # of a message about a file


def stamp() -> dict[str, str]:
    """The words that say in which format, and by which version, a file was written."""
    return {"format": FORMAT, "version": __version__}


def check_stamp(path: str, words: dict[str, str]) -> None:
    """Refuse other formats; warn of files that a newer version has written."""
    if words.get("format") != FORMAT:
        raise wrong(path, f"the format {FORMAT!r}", f"{words.get('format')!r}. Perhaps a newer tinygrad_edu reads it")
    version = words.get("version", "")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6}){0,3}", version):
        raise wrong(path, "a version like '1.2.3'", repr(version))
    if _numbers(version) > _numbers(__version__):
        told = f"{path!r} was written by tinygrad_edu {version}, newer than this one, {__version__}. What is new is lost."
        warnings.warn(told, stacklevel=4)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def to_text(data: Any, **options: Any) -> str:
    """Plain data as JSON, which `from_text` reads again. Options are those of `json.dumps`.

    Raises:
        ValueError: if it describes too many objects.
    """
    text = json.dumps(data, **{"ensure_ascii": False, **options})
    if (count := text.count('"class_name"')) > MOST_OBJECTS:
        raise ValueError(f"A model in a file expects at most {MOST_OBJECTS} layers, initializers and the like, got {count}.")
    return text


def from_text(path: str, word: str, text: str | None) -> Any:
    """Plain data out of JSON, in which every name stands once and not too much is described.

    Raises:
        ModelFormatError: for anything else.
    """
    if text is None:
        raise wrong(path, f"the word {word!r} in its metadata", "none")
    if text.count('"class_name"') > MOST_OBJECTS:
        raise wrong(path, f"at most {MOST_OBJECTS} objects in {word!r}", text.count('"class_name"'))
    try:
        return json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise wrong(path, f"JSON in {word!r}", error) from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"{Counter(name for name, _ in pairs).most_common(1)[0][0]!r} twice")
    return found


def wrong(path: str, law: str, fact: Any) -> ModelFormatError:
    """What is raised for a file that holds something else than `law`."""
    return ModelFormatError(f"{path!r} expects {law}, got {_short(fact)}.")


def _short(fact: Any) -> str:
    try:
        text = str(fact).removesuffix(".")
    except RecursionError:
        text = f"a {type(fact).__name__} of many levels"
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."


@contextlib.contextmanager
def told_of(path: str, what: str) -> Iterator[None]:
    """Let everything that goes wrong while `what` is made of a file's words be a ModelFormatError, with its cause.

    A description can make any constructor say anything, so that no list of errors would be complete.
    """
    try:
        yield
    except ModelFormatError:
        raise
    except UnknownNameError as error:
        raise wrong(path, f"{what} of known classes and functions", f"{error.name!r}. {_offer(path, error.name)}") from error
    except Exception as error:
        raise wrong(path, f"{what} that can be made again", f"{type(error).__name__}: {_short(error)}") from error


def _offer(path: str, name: str) -> str:
    """The line that makes a name known."""
    own = str(name).rpartition(">")[2]
    if not own.isidentifier():
        return "No class of ours or yours can have that name"
    return (
        f"If {own} is yours, write load_model({path!r}, custom_objects={{{name!r}: {own}}}), "
        f"or @register_keras_serializable() in the line before its definition"
    )
