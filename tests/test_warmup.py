"""python -m tinygrad_edu.warmup: afterwards nothing is left to be compiled, and says so."""

import pytest

from tinygrad_edu import warmup
from tinygrad_edu.compiled import library, objects


def test_common_opcodes_are_opcodes():
    assert sorted(one.name for one in library.common_opcodes()) == sorted(library.COMMON)


def test_what_is_missing_is_compiled_and_only_once(monkeypatch, tmp_path, capsys):
    pytest.importorskip("numba")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(library, "COMMON", ["look", "relu"])
    assert warmup.main([]) == 0
    assert "2 of 2 opcodes compiled" in capsys.readouterr().out
    assert all(objects.is_kept(one.file("float32")) for one in library.common_opcodes())
    assert warmup.main([]) == 0
    assert "0 of 2 opcodes compiled" in capsys.readouterr().out
