"""Object code in files: compiled once, read without Numba, and never believed when it is broken, foreign, or open to others."""

import json
import math
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tinygrad_edu import kernel_cache
from tinygrad_edu.compiled import emission, loading, objects
from tinygrad_edu.compiled import identity as identity_module
from tinygrad_edu.compiled.errors import NotCompiledError
from tinygrad_edu.compiled.identity import identity
from tinygrad_edu.compiled.opcode import opcode
from tinygrad_edu.kernel import kernel

SCRIPT = """
    import sys
    import numpy as np
    from tinygrad_edu.compiled.opcode import call
    from tinygrad_edu.compiled.machine import tell
    from tinygrad_edu.compiled.errors import NotCompiledError
    from tinygrad_edu.compiled.products import product_by_dots
    try:
        assert product_by_dots.address("float32") and tell.address("float32")
        print("compiled" if "tinygrad_edu.compiled.compiler" in sys.modules else "loaded", *({"numba"} & {*sys.modules}))
    except NotCompiledError as error:
        print(error)
"""


def run(code=SCRIPT, **environment):
    """Run `code` in a Python of its own, with warnings shown."""
    environment = {**os.environ, "PYTHONWARNINGS": "default", **environment}
    code = textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of its own, and a process that has warned of nothing."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernel_cache, "_warned", [])
    return objects.folder()


def some_opcode():
    @opcode
    def add_one(step, numbers, whole):
        numbers[step[1]] += 1

    return add_one


def kept(cache):
    return sorted(cache.glob("add_one.float32.*.object"))


@pytest.fixture
def file(cache):
    some_opcode().address("float32")
    (file,) = kept(cache)
    return file


def forbid_compiling(monkeypatch):
    def refuse(*args):
        raise AssertionError("compiled")

    monkeypatch.setattr(objects, "_emit", refuse)


def test_the_second_process_needs_no_compiler(tmp_path):
    first, second = run(NUMBA_CACHE_DIR=str(tmp_path)), run(NUMBA_CACHE_DIR=str(tmp_path))
    assert (first.stdout, first.stderr) == ("compiled\n", "")
    assert (second.stdout, second.stderr) == ("loaded\n", "")


def test_what_was_kept_is_read(file, monkeypatch):
    forbid_compiling(monkeypatch)
    assert some_opcode().address("float32")
    with pytest.raises(AssertionError, match="compiled"):
        some_opcode().address("float64")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:],
        lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
        lambda data: b"\x80\x05cos\nsystem\n(S'false'\ntR.",
        lambda data: np.random.default_rng(0).bytes(len(data)),
    ],
    ids=["cut off", "half", "empty", "header", "code", "pickle", "noise"],
)
def test_a_broken_file_is_compiled_anew_with_one_warning(file, change):
    whole = file.read_bytes()
    file.write_bytes(change(whole))
    with pytest.warns(UserWarning, match="the file is broken") as warned:
        assert some_opcode().address("float32")
    assert len(warned) == 1 and file.read_bytes()[:100] == whole[:100]


def sealed(header, code):
    """A file whose checksum is right."""
    rest = header + b"\n" + code
    return objects.MAGIC + objects._checksum(rest).encode() + b"\n" + rest


@pytest.mark.parametrize(
    "header",
    [b"", b"{}", b"[]", b'"text"', b"\xff", json.dumps({"file": "other.object", "symbol": "a", "needs": []}).encode()],
    ids=["nothing", "empty", "list", "text", "bytes", "other"],
)
def test_a_header_that_says_something_else_is_not_believed(file, header):
    file.write_bytes(sealed(header, b"code"))
    with pytest.warns(UserWarning, match="cannot cache"):
        assert some_opcode().address("float32")


def test_a_file_under_another_name_is_not_believed(file, cache):
    @opcode(name="add_one")
    def add_two(step, numbers, whole):
        numbers[step[1]] += 2

    (cache / add_two.file("float32")).write_bytes(file.read_bytes())
    with pytest.warns(UserWarning, match="is that of add_one"):
        assert add_two.address("float32")


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "open"))
    monkeypatch.setattr(kernel_cache, "_warned", [])
    with monkeypatch.context() as changed:
        changed.setattr(objects, "is_safe", lambda folder, source: True)
        place = objects.folder()
    os.chmod(place, 0o777)
    objects._folder.cache_clear()
    with pytest.warns(UserWarning, match="others may write to") as warned:
        assert some_opcode().address("float32")
    assert some_opcode().address("float64")
    assert len(warned) == 1 and list(place.iterdir()) == []


def test_without_a_folder_it_is_compiled_in_memory_after_one_warning(tmp_path):
    (tmp_path / "file").touch()
    done = run(NUMBA_CACHE_DIR=str(tmp_path / "file" / "cache"))
    assert done.stdout == "compiled\n" and done.stderr.count("UserWarning") == 1 and "cannot cache" in done.stderr


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_passed_by(tmp_path, monkeypatch):
    (tmp_path / "first").mkdir(mode=0o500)
    monkeypatch.setattr(objects, "_places", lambda chosen: [tmp_path / "first", tmp_path / "second"])
    objects._folder.cache_clear()
    assert objects.folder() == tmp_path / "second"
    objects._folder.cache_clear()


def test_the_home_is_next_to_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    beside, home = objects._places(None)
    assert beside.parent.parent == objects.PACKAGE / "__pycache__" and tmp_path in home.parents


def without(name, tmp_path):
    return run(f"import sys\nsys.modules[{name!r}] = None\n" + textwrap.dedent(SCRIPT), NUMBA_CACHE_DIR=str(tmp_path))


def test_llvm_that_is_missing_or_may_not_compile_is_a_reason(tmp_path):
    assert "NUMBA_DISABLE_JIT is set" in run(NUMBA_CACHE_DIR=str(tmp_path), NUMBA_DISABLE_JIT="1").stdout
    for name in ("numba", "llvmlite"):
        done = without(name, tmp_path)
        assert (done.returncode, done.stdout) == (0, "there is no Numba\n") and done.stderr.count("UserWarning") == 1


def test_processes_that_compile_the_same_at_once_do_not_disturb_each_other(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONWARNINGS": "error"}
    started = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(SCRIPT)], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=120)[0] for process in started] == ["compiled\n"] * 3
    names = [path.name for path in tmp_path.rglob("*") if path.is_file() and "tmp" in path.name]
    assert names == [] and run(NUMBA_CACHE_DIR=str(tmp_path)).stdout == "loaded\n"


# What a file is told by ------------------------------------------------------------------------------------------

SCALE = np.float32(3)


def test_a_comment_is_no_other_code_and_a_constant_is():
    source = "def run(step, numbers, whole):\n    {}\n    numbers[step[1]] *= {}\n"

    def made(comment, factor, **known):
        space = {"SCALE": SCALE, **known}
        exec(source.format(comment, factor), space)
        return identity(space["run"])

    plain = made("'''Says this.'''", "2")
    assert plain == made("'''Says that.'''", "2") and made("pass", "2") == made("pass  # a comment", "2")
    assert len({made("pass", "2"), made("pass", "4"), made("pass", "SCALE"), made("pass", "SCALE", SCALE=np.float32(4))}) == 4


def test_another_constant_of_a_kernel_is_other_code():
    def made(factor, **options):
        @kernel(**options)
        def scale(x):
            return factor * x

        return identity(lambda step, numbers, whole: scale(numbers[0]))

    assert made(SCALE) == made(np.float32(3)) != made(np.float32(4))
    assert made(SCALE) != made(SCALE, reorder=True)


@pytest.mark.parametrize("what", ["processor", "_emission"])
def test_another_processor_or_compiler_has_another_folder(what, monkeypatch):
    before = identity_module.environment.__wrapped__()
    monkeypatch.setattr(identity_module, what, lambda: ("other", "+avx"))
    assert identity_module.environment.__wrapped__() != before


# Names that object code needs ------------------------------------------------------------------------------------


def test_an_object_that_needs_what_nobody_has_is_refused():
    """LLVM would end the process."""
    with pytest.raises(NotCompiledError, match="calls 'no_such_function', which is in no library here"):
        loading.load([objects.Emitted("opcode", ["no_such_function"], b"")])


def test_names_of_others_are_read_from_object_code():
    def ask(step, numbers, whole):
        numbers[step[1]] = math.expm1(numbers[step[1]])

    for dtype, name in (("float32", "expm1f"), ("float64", "expm1")):
        assert emission.emit("ask", ask, dtype)[1] == [name]
