"""What expressions are in LLVM's language: numbers, tuples, places in memory, choices.

Visiting a node gives its value. A name is a place on the stack, of the kind of what it was given first; LLVM makes registers of
these places. If a name is given numbers of several types, it has to hold all of them: then everything is written down `Again`,
with that in mind.
"""

from __future__ import annotations

import ast
import builtins
import functools
import zlib
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from llvmlite import ir

from . import operators
from .sources import tree_of
from .typed import BIT, INT, WORD, Array, Group, Known, Memory, Number, Value, form, group, of_python


class Again(Exception):  # noqa: N818
    """A name has to hold more than was thought."""


class Frame:
    """A function while it is written down.

    Args:
        number: how many were before.
        function: with a text, and maybe the options of a kernel.
        end: the block where it goes on after it.
    """

    def __init__(self, number: int, function: Any, end: Any):
        plain = getattr(function, "__wrapped__", function)
        cells = zip(plain.__code__.co_freevars, plain.__closure__ or ())
        self.number, self.end, self.tree = number, end, tree_of(plain.__code__)
        self.known = {**vars(builtins), **plain.__globals__, **{name: cell.cell_contents for name, cell in cells}}
        self.flags = tuple(sorted(getattr(function, "options", {}).get("fastmath", ())))
        self.names: dict[str, Value] = {}  # the kind of each variable, and its places


class Expressions(ast.NodeVisitor):
    """Expressions of one function, and of all that it calls.

    Args:
        function: LLVM's.
        wider: kinds of names, where the kind of the first value is not enough.
    """

    frame: Any = None  # that which is written down just now

    def __init__(self, function: Any, wider: dict[tuple[int, str], Any]):
        self.places = ir.IRBuilder(function.append_basic_block("places"))
        self.builder = ir.IRBuilder(function.append_basic_block("begin"))
        self.wider = wider

    def generic_visit(self, node: ast.AST) -> NoReturn:
        """What has no method of its own is refused."""
        raise TypeError(f"{ast.unparse(node)!r} is nothing that compiled code can do")

    # Names -----------------------------------------------------------------------------------------

    def keep(self, name: str, value: Value) -> None:
        """Give a name a value."""
        names, key = self.frame.names, (self.frame.number, name)
        if name not in names:
            kind = self.wider.get(key, value.kind)
            names[name] = Value(kind, [self.places.alloca(form) for form in kind.forms])
        kind, places = names[name]
        if (wider := _wider(kind, value.kind)) != kind:
            self.wider[key] = wider
            raise Again
        for part, place in zip(self.converted(value, kind).parts, places):
            self.builder.store(part, place)

    def value(self, name: str) -> Value:
        """What a name has."""
        kind, places = self.frame.names[name]
        return Value(kind, [self.builder.load(place) for place in places])

    def visit_Name(self, node: ast.Name) -> Value:
        if node.id in self.frame.names:
            return self.value(node.id)
        if node.id not in self.frame.known:
            raise NameError(f"name {node.id!r} is not defined")
        return of_python(self.frame.known[node.id])

    def visit_Attribute(self, node: ast.Attribute) -> Value:
        value = self.visit(node.value)
        if isinstance(value.kind, Known):
            return of_python(getattr(value.kind.thing, node.attr))
        if node.attr == "dtype" and isinstance(value.kind, Array):
            return of_python(value.kind.dtype)
        if node.attr != "size" or not isinstance(value.kind, Array):
            self.generic_visit(node)
        return Value(Number(INT), value.parts[1:])

    def thing(self, node: ast.expr) -> Any:
        """What an expression is for Python."""
        value = self.visit(node)
        if not isinstance(value.kind, Known):
            self.generic_visit(node)
        return value.kind.thing

    # Numbers ---------------------------------------------------------------------------------------

    def converted(self, value: Value, kind: Any) -> Value:
        """A value as one of another kind."""
        if isinstance(kind, Group):
            return group([self.converted(one, member) for one, member in zip(value.members(), kind.kinds)])
        return operators.converted(self.builder, value, kind.dtype) if isinstance(kind, Number) else value

    def whole(self, node: ast.expr) -> Any:
        """A whole number, as LLVM's value."""
        return operators.converted(self.builder, self.visit(node), INT).only

    def truth(self, node: ast.expr) -> Any:
        """Whether an expression is true, as LLVM's value."""
        return operators.converted(self.builder, self.visit(node), BIT).only

    def computed(self, operator: ast.operator, x: Value, y: Value) -> Value:
        return operators.computed(self.builder, type(operator), x, y, self.frame.flags)

    def visit_Constant(self, node: ast.Constant) -> Value:
        return of_python(node.value)

    def visit_BinOp(self, node: ast.BinOp) -> Value:
        return self.computed(node.op, self.visit(node.left), self.visit(node.right))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Value:
        if isinstance(node.op, ast.Not):
            return Value(Number(BIT), [self.builder.not_(self.truth(node.operand))])
        if not isinstance(node.op, ast.USub):
            self.generic_visit(node)
        return operators.negative(self.builder, self.visit(node.operand), self.frame.flags)

    def visit_Compare(self, node: ast.Compare) -> Value:
        values = [self.visit(one) for one in (node.left, *node.comparators)]
        holds = BIT_TRUE
        for one, x, y in zip(node.ops, values, values[1:]):
            holds = self.builder.and_(holds, operators.compared(self.builder, type(one), x, y, self.frame.flags).only)
        return Value(Number(BIT), [holds])

    # Choices ---------------------------------------------------------------------------------------

    def blocks(self, *names: str) -> list[Any]:
        """New blocks of instructions."""
        return [self.builder.append_basic_block(name) for name in names]

    def visit_BoolOp(self, node: ast.BoolOp) -> Value:
        """The second is not looked at if the first has decided, unless that costs nothing."""
        is_and = isinstance(node.op, ast.And)
        if _is_simple(node):
            bits = [self.truth(one) for one in node.values]
            return Value(Number(BIT), [functools.reduce(self.builder.and_ if is_and else self.builder.or_, bits)])
        (end,), decided = self.blocks("decided"), []
        for one in node.values[:-1]:
            bit, (further,) = self.truth(one), self.blocks("further")
            decided.append((bit.type(not is_and), self.builder.block))
            self.builder.cbranch(bit, *((further, end) if is_and else (end, further)))
            self.builder.position_at_end(further)
        decided.append((self.truth(node.values[-1]), self.builder.block))
        self.builder.branch(end)
        self.builder.position_at_end(end)
        return Value(Number(BIT), [self._one_of(decided)])

    def visit_IfExp(self, node: ast.IfExp) -> Value:
        """One of two values; of two simple ones, both are there: loops without branches are worked on by vectors."""
        if _is_simple(node.body) and _is_simple(node.orelse):
            return self._selected(node)
        then, otherwise, end = self.blocks("then", "otherwise", "chosen")
        self.builder.cbranch(self.truth(node.test), then, otherwise)
        found = []
        for block, one in ((then, node.body), (otherwise, node.orelse)):
            self.builder.position_at_end(block)
            found.append((self.visit(one), self.builder.block))
        kind, chosen = _wider(*(value.kind for value, _ in found)), []
        for value, block in found:
            self.builder.position_at_end(block)
            chosen.append((self.converted(value, kind).parts, block))
            self.builder.branch(end)
        self.builder.position_at_end(end)
        return Value(kind, [self._one_of([(one[i], block) for one, block in chosen]) for i in range(len(kind.forms))])

    def _selected(self, node: ast.IfExp) -> Value:
        bit, values = self.truth(node.test), [self.visit(node.body), self.visit(node.orelse)]
        kind = _wider(*(value.kind for value in values))
        parts = zip(*(self.converted(value, kind).parts for value in values))
        return Value(kind, [self.builder.select(bit, *pair) for pair in parts])

    def _one_of(self, values: Sequence[tuple[Any, Any]]) -> Any:
        """The value of the block that it came from."""
        found = self.builder.phi(values[0][0].type)
        for value, block in values:
            found.add_incoming(value, block)
        return found

    # Tuples and memory -----------------------------------------------------------------------------

    def visit_Tuple(self, node: ast.Tuple) -> Value:
        return group([self.visit(one) for one in node.elts])

    def visit_Subscript(self, node: ast.Subscript) -> Value:
        value = self.visit(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._slice(node, value, node.slice)
        if isinstance(value.kind, Group):
            return value.members()[ast.literal_eval(node.slice)]
        if isinstance(value.kind, Known):
            return self._entry(value.kind.thing, node)
        dtype, place = self.place(node, value)
        return Value(Number(dtype), [self.builder.load(place)])

    def place(self, node: ast.expr, value: Value) -> tuple[Any, Any]:
        """Where a number lies: its type, its address. It is counted from the beginning, and not checked."""
        if not isinstance(node, ast.Subscript) or not isinstance(value.kind, (Memory, Array)) or is_below_zero(node.slice):
            self.generic_visit(node)
        return value.kind.dtype, self.builder.gep(value.parts[0], [self.whole(node.slice)])

    def _entry(self, table: Any, node: ast.Subscript) -> Value:
        """A number of a table, which becomes part of the code."""
        if not isinstance(table, np.ndarray):
            self.generic_visit(node)
        places = [self.whole(one) for one in (node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])]
        strides = [stride // table.itemsize for stride in np.empty_like(table, order="C").strides]
        far = WORD(0)
        for place, stride in zip(places, strides, strict=True):
            far = self.builder.add(far, self.builder.mul(place, WORD(stride)))
        begin = self.builder.bitcast(_table(self.builder.module, table), form(table.dtype).as_pointer())
        return Value(Number(table.dtype), [self.builder.load(self.builder.gep(begin, [far]))])

    def _slice(self, node: ast.expr, value: Value, bounds: ast.Slice) -> Value:
        if not isinstance(value.kind, Memory) or not bounds.lower or not bounds.upper or bounds.step:
            self.generic_visit(node)
        start, stop = self.whole(bounds.lower), self.whole(bounds.upper)
        length = self.builder.sub(stop, start, flags=operators.NO_OVERFLOW)
        return Value(Array(value.kind.dtype), [self.builder.gep(value.only, [start]), length])


BIT_TRUE = ir.IntType(1)(1)
SIMPLE = (
    ast.Name, ast.Constant, ast.expr_context, ast.UnaryOp, ast.unaryop, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Compare,
    ast.cmpop, ast.BoolOp, ast.boolop, ast.IfExp,
)  # fmt: skip


def _is_simple(node: ast.expr) -> bool:
    """Whether an expression takes no more than a few instructions, and nothing happens if it is computed in vain."""
    return all(isinstance(one, SIMPLE) for one in ast.walk(node))


def is_below_zero(node: ast.expr) -> bool:
    """Whether a number is written with a minus."""
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _table(module: Any, table: np.ndarray) -> Any:
    """The numbers of an array, one after the other, in a module."""
    name = f"table_{zlib.crc32(table.tobytes())}"
    if name not in module.globals:
        kind = ir.ArrayType(form(table.dtype), table.size)
        made = ir.GlobalVariable(module, kind, name)
        made.linkage, made.global_constant, made.initializer = "internal", True, kind(table.ravel().tolist())
    return module.globals[name]


def _wider(kind: Any, other: Any) -> Any:
    """The kind of what may be of either kind."""
    if kind == other:
        return kind
    if isinstance(kind, Number) and isinstance(other, Number):
        return Number(operators.common(kind.dtype, other.dtype))
    if isinstance(kind, Group) and isinstance(other, Group) and len(kind.kinds) == len(other.kinds):
        return Group(tuple(map(_wider, kind.kinds, other.kinds)))
    raise TypeError(f"a name expects values of one kind, got {kind} and {other}")
