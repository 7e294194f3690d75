"""python -m tinygrad_edu.warmup: compile opcodes of the machine ahead of the first training.

Otherwise each is compiled when a training first needs it. Either happens once for an installation and a processor: object code
is kept beside the package, or in NUMBA_CACHE_DIR, or in the home where neither can be written to.

    python -m tinygrad_edu.warmup              what common models in float32 use
    python -m tinygrad_edu.warmup --all        whatever models may use
    python -m tinygrad_edu.warmup --float64    and for models in float64
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from .compiled import NotCompiledError, objects
from .compiled.library import all_opcodes, common_opcodes
from .compiled.opcode import Opcode, prepare


def main(arguments: Sequence[str] | None = None) -> int:
    """Compile what is missing, and say so. Returns 0 if everything is there for the next process."""
    parser = argparse.ArgumentParser("python -m tinygrad_edu.warmup", description="Compile the machine's opcodes ahead of need.")
    parser.add_argument("--float64", action="store_true", help="also for models in float64")
    parser.add_argument("--all", action="store_true", help="all opcodes, and not only those of common models")
    options = parser.parse_args(arguments)
    try:
        place = objects.folder()
        if place is None:
            print("There is no folder to keep compiled code in. Choose one in NUMBA_CACHE_DIR.", file=sys.stderr)
            return 1
        for dtype in ("float32", "float64") if options.float64 else ("float32",):
            _warm(all_opcodes() if options.all else common_opcodes(), dtype)
        objects.take_away_all_but([one.file(dtype) for one in all_opcodes() for dtype in ("float32", "float64")])
    except NotCompiledError as error:
        print(f"Nothing can be compiled here: {error}.", file=sys.stderr)
        return 1
    print(f"It is kept in {place}.")
    return 0


def _warm(opcodes: Sequence[Opcode], dtype: str) -> None:
    begin = time.perf_counter()
    missing = [one for one in opcodes if not objects.is_kept(one.file(dtype))]
    for done, one in enumerate(missing, 1):
        print(f"\r{dtype}: {done} of {len(missing)} opcodes, {one.name:<40}", end="", flush=True)
        objects.read_or_emit(one, dtype)
    compiled = time.perf_counter() - begin
    prepare(opcodes, dtype)
    ready = time.perf_counter() - begin - compiled
    print(f"\r{dtype}: {len(missing)} of {len(opcodes)} opcodes compiled in {compiled:.1f} s, loaded in {ready:.2f} s.{'':30}")


if __name__ == "__main__":
    sys.exit(main())
