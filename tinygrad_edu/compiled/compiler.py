"""Numba's front end without its back end: functions become LLVM's language, and are optimized once, together.

As it stands, Numba optimizes each function by itself, then writes machine code for it, and does both again for what calls it.
For code that is kept in a file, and called from there, all but the last is in vain, and more than half of the time.
"""

from __future__ import annotations

import functools
from typing import Any

from numba.core.codegen import CPUCodeLibrary, JITCPUCodegen
from numba.core.compiler import Compiler
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager
from numba.core.registry import cpu_target
from numba.core.typed_passes import AnnotateTypes, DumpParforDiagnostics, InlineOverloads, NopythonRewrites
from numba.core.untyped_passes import DeadBranchPrune, InlineClosureLikes, InlineInlinables, LiteralUnroll, WithLifting

LEFT_OUT = {
    WithLifting, InlineClosureLikes, DeadBranchPrune, InlineInlinables, LiteralUnroll, InlineOverloads, NopythonRewrites,
    AnnotateTypes, DumpParforDiagnostics,
}  # fmt: skip


class _Library(CPUCodeLibrary):
    """Functions as they were written down."""

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_specific(self) -> None:
        pass

    def get_pointer_to_function(self, name: str) -> int:
        """Nowhere: it is not machine code yet."""
        return 0


class _Codegen(JITCPUCodegen):
    """What makes libraries, for this processor."""

    _library_class = _Library  # type: ignore[assignment]

    def _add_module(self, module: Any) -> None:
        pass

    def set_env(self, name: str, environment: Any) -> None:
        """What a function knows of Python: nothing."""


@functools.cache
def _context() -> Any:
    return cpu_target.target_context.subtarget(_internal_codegen=_Codegen("tinygrad_edu"))


class FrontEnd(Compiler):
    """For `numba.njit(pipeline_class=FrontEnd)`."""

    def __init__(self, typing_context: Any, target_context: Any, *others: Any):
        super().__init__(typing_context, _context(), *others)

    def define_pipelines(self) -> list[Any]:
        """Numba's own way, less what arrays and closures would need, and drawings of types."""
        (manager,) = super().define_pipelines()
        passes = PassManager(manager.pipeline_name)
        for one, why in manager.passes:
            if one not in LEFT_OUT:
                passes.add_pass(one, why)
        passes.finalize()
        return [passes]


def module_of(made: Any) -> Any:
    """All that a compiled function consists of, as a module of LLVM's."""
    with global_compiler_lock:
        made.library._ensure_finalized()
    return made.library._final_module.clone()
