"""python -m tinygrad_edu.warmup: afterwards nothing is left to be compiled, and says so."""

import importlib
import pkgutil

from tinygrad_edu import compiled, warmup
from tinygrad_edu.compiled import library, objects
from tinygrad_edu.compiled.opcode import Opcode


def test_common_opcodes_are_opcodes():
    assert sorted(one.name for one in library.common_opcodes()) == sorted(library.COMMON)


def test_opcodes_of_all_modules_are_in_the_library():
    """Else they would be taken away as those of an older version."""
    modules = [importlib.import_module(f"{compiled.__name__}.{one.name}") for one in pkgutil.iter_modules(compiled.__path__)]
    named = {one for module in modules for one in vars(module).values() if isinstance(one, Opcode)}
    assert named <= set(library.all_opcodes())


def test_what_is_missing_is_compiled_and_only_once(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(library, "COMMON", ["look", "relu"])
    assert warmup.main([]) == 0
    assert "2 of 2 opcodes compiled" in capsys.readouterr().out
    assert all(objects.is_kept(one.file("float32")) for one in library.common_opcodes())
    assert warmup.main([]) == 0
    assert "0 of 2 opcodes compiled" in capsys.readouterr().out
