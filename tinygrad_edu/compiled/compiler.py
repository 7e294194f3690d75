"""From a function of Python to LLVM's language: the compiler of opcodes.

It walks through the text of a function, and writes down what each statement does. With what kinds of values a kernel is called
is known by then, so the call of a kernel is its own text, read once more, with these: nothing is left to be called.

It understands numbers, tuples, slices of memory, `for` over a range, `while`, `if`, calls of kernels and of functions of one
number or two, and the words of `vectors`. All else is refused: opcodes need no more.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from . import operators
from .advice import advise
from .expressions import Again, Expressions, Frame, is_below_zero
from .typed import INT, NOTHING, WORD, Number, Value

RESULT = "return"  # the name of what a function returns, which no variable can have


def write(module: Any, name: str, function: Callable, kinds: Sequence[Any]) -> None:
    """Add a function to a module, which returns a whole number, or 0 where Python returns None.

    Args:
        module: LLVM's.
        name: of the new function.
        function: in the language of opcodes.
        kinds: of its arguments.

    Raises:
        TypeError, NameError: for what is not in the language.
    """
    form = ir.FunctionType(WORD, [one for kind in kinds for one in kind.forms])
    wider: dict[tuple[int, str], Any] = {}
    while True:
        written = ir.Function(module, form, name)
        try:
            return _Writer(written, wider).all_of(function, [Value(kind, [part]) for kind, part in zip(kinds, written.args)])
        except Again:
            module.globals.pop(name)
            module.scope = type(module.scope)()


class _Writer(Expressions):
    """What writes down one function, and all that it calls."""

    frames = loops = 0

    def all_of(self, function: Callable, arguments: Sequence[Value]) -> None:
        """A function, and its way out."""
        result = self.call(function, arguments)
        if result.kind != NOTHING.kind and not (isinstance(result.kind, Number) and result.kind.dtype.kind in "biu"):
            raise TypeError(f"an opcode expects to return None or whole numbers, got {result.kind}")
        self.builder.ret(operators.converted(self.builder, result, INT).only if result.parts else WORD(0))
        self.places.branch(self.builder.function.blocks[1])

    # Calls -----------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> Value:
        if node.keywords:
            self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "view":
            return operators.same_bits(self.builder, self.visit(node.func.value), operators.type_of(self.thing(node.args[0])))
        called, arguments = self.thing(node.func), [self.visit(one) for one in node.args]
        if operators.is_type(called):
            return operators.converted(self.builder, arguments[0], operators.type_of(called))
        if called in operators.FUNCTIONS:
            return operators.FUNCTIONS[called](self.builder, *arguments)
        if hasattr(called, "word"):
            return called.word()(self.builder, *arguments)
        return self.call(called, arguments)

    def call(self, function: Any, arguments: Sequence[Value]) -> Value:
        """What a function returns that is written down here."""
        if not hasattr(getattr(function, "__wrapped__", function), "__code__"):
            raise TypeError(f"{function} is nothing that compiled code can call")
        around, self.frames = self.frame, self.frames + 1
        self.frame = frame = Frame(self.frames, function, self.builder.append_basic_block("end"))
        for argument, value in zip(frame.tree.args.args, arguments, strict=True):
            self.keep(argument.arg, value)
        self.body(frame.tree)
        self.builder.position_at_end(frame.end)
        result = self.value(RESULT)
        self.frame = around
        return result

    def body(self, tree: ast.FunctionDef | ast.Lambda) -> None:
        """All that a function does."""
        if isinstance(tree, ast.Lambda):
            self.returned(self.visit(tree.body))
        else:
            self.each(tree.body)
        if not self.builder.block.is_terminated:
            self.returned(NOTHING)

    def visit_Return(self, node: ast.Return) -> None:
        self.returned(self.visit(node.value) if node.value else NOTHING)

    def returned(self, value: Value) -> None:
        """Go back to where it was called."""
        self.keep(RESULT, value)
        self.builder.branch(self.frame.end)

    # Assignments -----------------------------------------------------------------------------------

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self.visit(node.value)
        for target in node.targets:
            self.assign(target, value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.assign(node.target, self.computed(node.op, self.visit(node.target), self.visit(node.value)))

    def assign(self, target: ast.expr, value: Value) -> None:
        """To a name, a place in memory, or a tuple of them."""
        if isinstance(target, ast.Name):
            self.keep(target.id, value)
        elif isinstance(target, ast.Tuple):
            for one, member in zip(target.elts, value.members(), strict=True):
                self.assign(one, member)
        else:
            dtype, place = self.place(target, self.visit(getattr(target, "value", target)))
            self.builder.store(operators.converted(self.builder, value, dtype).only, place)

    # Ways ------------------------------------------------------------------------------------------

    def each(self, statements: Sequence[ast.stmt]) -> None:
        """Statements, as far as they are reached."""
        for one in statements:
            if not self.builder.block.is_terminated:
                self.visit(one)

    def branched(self, block: Any, statements: Sequence[ast.stmt], end: Any) -> bool:
        """Statements in a block of their own, from which it goes on to another one. Whether it gets there."""
        self.builder.position_at_end(block)
        self.each(statements)
        if self.builder.block.is_terminated:
            return False
        self.builder.branch(end)
        return True

    def visit_Pass(self, node: ast.Pass) -> None:
        pass

    def visit_If(self, node: ast.If) -> None:
        then, otherwise, end = self.blocks("then", "otherwise", "after")
        self.builder.cbranch(self.truth(node.test), then, otherwise)
        is_reached = [self.branched(then, node.body, end), self.branched(otherwise, node.orelse, end)]
        self.builder.position_at_end(end)
        if not any(is_reached):
            self.builder.unreachable()

    def visit_While(self, node: ast.While) -> None:
        if node.orelse:
            self.generic_visit(node)
        test, body, following, end = self.blocks("test", "body", "following", "after")
        self.builder.branch(test)
        self.builder.position_at_end(test)
        self.builder.cbranch(self.truth(node.test), body, end)
        inside = self.looped(body, node.body, following)
        self.builder.position_at_end(following)
        self.back(test, inside)
        self.builder.position_at_end(end)

    def visit_For(self, node: ast.For) -> None:
        """Over a range, which goes up."""
        if node.orelse:
            self.generic_visit(node)
        start, stop, step = self.bounds(node.iter)
        (test, body, following, end), place = self.blocks("test", "body", "following", "after"), self.places.alloca(WORD)
        self.builder.store(start, place)
        self.builder.branch(test)
        self.builder.position_at_end(test)
        now = self.builder.load(place)
        self.builder.cbranch(self.builder.icmp_signed("<", now, stop), body, end)
        self.builder.position_at_end(body)
        self.assign(node.target, Value(Number(INT), [now]))
        inside = self.looped(body, node.body, following)
        self.builder.position_at_end(following)
        self.builder.store(self.builder.add(now, step, flags=operators.NO_OVERFLOW), place)
        self.back(test, inside)
        self.builder.position_at_end(end)

    def looped(self, block: Any, statements: Sequence[ast.stmt], end: Any) -> Sequence[Any]:
        """The blocks of what is done in a loop over all numbers: none if there are loops in it, or a kernel goes over a row."""
        blocks, loops = self.builder.function.blocks, self.loops
        before = len(blocks)
        self.branched(block, statements, end)
        return [block, *blocks[before:]] if self.loops == loops and self.frame.number == 1 else []

    def back(self, test: Any, blocks: Sequence[Any]) -> None:
        """Go back to the beginning of a loop."""
        self.loops += 1
        advise(self.builder.branch(test), blocks, f"loop {self.loops}")

    def bounds(self, node: ast.expr) -> tuple[Any, Any, Any]:
        """Start, stop and step of a range."""
        if not isinstance(node, ast.Call) or self.thing(node.func) is not range:
            self.generic_visit(node)
        if len(node.args) > 2 and is_below_zero(node.args[2]):
            self.generic_visit(node)
        given = [self.whole(one) for one in node.args]
        start, stop, step = (*given, WORD(1))[:3] if len(given) > 1 else (WORD(0), *given, WORD(1))
        return start, stop, step
