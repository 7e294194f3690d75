"""Run a script whose imports say `keras` or `tensorflow.keras`:

    python -m tinygrad_edu.compat [--replace] script.py [argument ...]
    python -m tinygrad_edu.compat [--replace] -m module [argument ...]

The script sees what it would see if Python ran it: `sys.argv`, `__main__`, its own folder on `sys.path`; and what it
raises is shown without us. With --replace this package takes the place of a real keras or tensorflow.
"""

from __future__ import annotations

import builtins
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType

from .importing import install


def main(arguments: list[str]) -> int:
    """Do what the command line says; the exit status."""
    replace = arguments[:1] == ["--replace"]
    arguments = arguments[replace:]
    is_module, arguments = arguments[:1] == ["-m"], arguments[arguments[:1] == ["-m"] :]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments else 2
    target, sys.argv = arguments[0], arguments
    sys.path.append(str(Path(__file__).parents[2]))  # a checkout that is not installed stays importable, pictures included
    if not is_module and not sys.flags.safe_path:
        sys.path[0] = str(Path(target).resolve().parent)
    try:
        install(replace)
        source = b"" if is_module else Path(target).read_bytes()
    except (ImportError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return _shown(lambda: _run_module(target) if is_module else _run_script(target, source))


def _run_script(path: str, source: bytes) -> None:
    """Run a file as `__main__`, which it stays until the process ends, for pickles and threads."""
    module = ModuleType("__main__")
    module.__dict__.update(__file__=path, __builtins__=builtins)
    sys.modules["__main__"] = module
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)


def _run_module(name: str) -> None:
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _shown(run: Callable[[], None]) -> int:
    """Run something; what it raises is shown as Python shows it, from the line of the script on."""
    try:
        run()
    except SystemExit:
        raise
    except BaseException as error:
        error.__traceback__ = _from_the_script(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _from_the_script(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames that only led to the script."""
    ours = (__file__, runpy.__file__, "<frozen runpy>", "<frozen importlib._bootstrap>")
    while traceback and traceback.tb_frame.f_code.co_filename in ours:
        traceback = traceback.tb_next
    return traceback


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
