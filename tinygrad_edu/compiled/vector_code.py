"""What the words of `vectors` mean: a type of Numba's for LLVM's vectors, and an instruction or two for each word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

LINE = 64  # bytes
FUSED = ("contract",)  # lets a product and a sum become one instruction


class Lanes(types.Opaque):
    """So many lanes: nothing but a type."""

    def __init__(self, count: int):
        super().__init__(f"lanes({count})")
        self.count = count

    def of(self, dtype: Any) -> Any:
        """The type of so many numbers."""
        return Vector(dtype, self.count) if self.count > 1 else dtype


class Vector(types.Type):
    """Numbers that are worked on together."""

    def __init__(self, dtype: Any, count: int):
        super().__init__(f"vector({dtype}, {count})")
        self.dtype, self.count = dtype, count


register_model(Lanes)(models.OpaqueModel)


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A vector is one of LLVM's."""

    def __init__(self, manager: Any, kind: Vector):
        super().__init__(manager, kind, ir.VectorType(manager[kind.dtype].get_value_type(), kind.count))


# How many lanes ----------------------------------------------------------------------------------


def _lanes(count: int, *arguments: Any) -> tuple:
    kind = Lanes(count)
    return kind(*arguments), lambda context, builder, signature, values: context.get_dummy_value()


@intrinsic(prefer_literal=True)
def lanes(typing, count):
    return _lanes(count.literal_value, count)


@intrinsic
def line(typing, numbers):
    return _lanes(LINE // _width(numbers), numbers)


@intrinsic
def half_line(typing, numbers):
    return _lanes(LINE // 2 // _width(numbers), numbers)


@intrinsic
def count(typing, lanes):
    return types.int64(lanes), lambda *_: ir.Constant(ir.IntType(64), lanes.count)


# Memory ------------------------------------------------------------------------------------------


def _place(builder: Any, memory: Any, at: Any) -> Any:
    """The address of memory[at]. It is never counted from the end, and never checked."""
    return builder.gep(memory, [at])


def _width(numbers: Any) -> int:
    return numbers.dtype.bitwidth // 8


def _same(builder: Any, kind: Any, value: Any) -> Any:
    """A number in every lane."""
    if not isinstance(kind, ir.VectorType):
        return value
    none, first = ir.Constant(kind, ir.Undefined), ir.Constant(ir.IntType(32), 0)
    return _lanes_of(builder, builder.insert_element(none, value, first), none, [0] * kind.count)


@intrinsic
def load(typing, numbers, at, lanes):
    kind = lanes.of(numbers.dtype)

    def generate(context, builder, signature, values):
        place = _place(builder, *values[:2])
        return builder.load(builder.bitcast(place, context.get_value_type(kind).as_pointer()), align=_width(numbers))

    return kind(numbers, types.int64, lanes), generate


@intrinsic
def pick(typing, numbers, at, stride, lanes):
    kind = lanes.of(numbers.dtype)

    def generate(context, builder, signature, values):
        place, stride = _place(builder, *values[:2]), values[2]
        if lanes.count == 1:
            return builder.load(place)
        found = ir.Constant(context.get_value_type(kind), ir.Undefined)
        for i in range(lanes.count):
            found = builder.insert_element(found, builder.load(place), ir.Constant(ir.IntType(32), i))
            place = builder.gep(place, [stride])
        return found

    return kind(numbers, types.int64, types.int64, lanes), generate


@intrinsic
def spread(typing, numbers, at, lanes):
    kind = lanes.of(numbers.dtype)

    def generate(context, builder, signature, values):
        value = builder.load(_place(builder, *values[:2]))
        return _same(builder, context.get_value_type(kind), value)

    return kind(numbers, types.int64, lanes), generate


@intrinsic
def zeros(typing, numbers, lanes):
    kind = lanes.of(numbers.dtype)
    return kind(numbers, lanes), lambda context, builder, signature, values: context.get_constant_null(kind)


@intrinsic
def store(typing, numbers, at, vector):
    def generate(context, builder, signature, values):
        memory, at, vector = values
        place = builder.bitcast(_place(builder, memory, at), vector.type.as_pointer())
        builder.store(vector, place, align=_width(numbers))
        return context.get_dummy_value()

    return types.void(numbers, types.int64, vector), generate


@intrinsic
def put(typing, numbers, at, stride, vector):
    def generate(context, builder, signature, values):
        memory, at, stride, numbers = values
        place = _place(builder, memory, at)
        for i in range(vector.count):
            builder.store(builder.extract_element(numbers, ir.Constant(ir.IntType(32), i)), place)
            place = builder.gep(place, [stride])
        return context.get_dummy_value()

    return types.void(numbers, types.int64, types.int64, vector), generate


@intrinsic
def without(typing, vector, idle):
    def generate(context, builder, signature, values):
        found, idle = values
        indices = ir.VectorType(ir.IntType(32), vector.count)
        first = _same(builder, indices, builder.trunc(idle, ir.IntType(32)))
        is_of_use = builder.icmp_signed(">=", ir.Constant(indices, list(range(vector.count))), first)
        return builder.select(is_of_use, found, ir.Constant(found.type, None))

    return vector(vector, types.int64), generate


# Arithmetic --------------------------------------------------------------------------------------


def _lane_by_lane(operation: Callable) -> Callable:
    """A word of vectors, all of one type."""

    def typed(typing: Any, *kinds: Any) -> tuple:
        return kinds[0](*kinds), lambda context, builder, signature, values: operation(builder, *values)

    return typed


def _larger(builder: Any, x: Any, y: Any) -> Any:
    return _chosen(builder, ">", x, y)


def _smaller(builder: Any, x: Any, y: Any) -> Any:
    return _chosen(builder, "<", x, y)


def _chosen(builder: Any, relation: str, x: Any, y: Any) -> Any:
    """x if the relation holds, or if it is no number."""
    return builder.select(builder.or_(builder.fcmp_ordered(relation, x, y), builder.fcmp_unordered("uno", x, x)), x, y)


def _of_two(operation: Callable) -> Any:
    typed = _lane_by_lane(operation)

    @intrinsic
    def word(typing, x, y):
        return typed(typing, x, y)

    return word


add = _of_two(lambda builder, x, y: builder.fadd(x, y))
subtract = _of_two(lambda builder, x, y: builder.fsub(x, y))
multiply = _of_two(lambda builder, x, y: builder.fmul(x, y))
divide = _of_two(lambda builder, x, y: builder.fdiv(x, y))
larger, smaller = _of_two(_larger), _of_two(_smaller)


def _multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    return builder.fadd(builder.fmul(x, y, flags=FUSED), z, flags=FUSED)


@intrinsic
def multiply_add(typing, x, y, z):
    return z(x, y, z), lambda context, builder, signature, values: _multiply_add(builder, *values)


@intrinsic
def polynomial(typing, x, coefficients):
    def generate(context, builder, signature, values):
        total, *others = (builder.extract_value(values[1], i) for i in range(coefficients.count))
        for one in others:
            total = _multiply_add(builder, total, values[0], one)
        return total

    return coefficients.dtype(coefficients.dtype, coefficients), generate


# Between lanes -----------------------------------------------------------------------------------


def _lanes_of(builder: Any, x: Any, y: Any, numbers: Any) -> Any:
    """Those lanes of two vectors, one after the other."""
    places = list(numbers)
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places))


def _half(start: int) -> Any:
    @intrinsic
    def word(typing, vector):
        half = vector.count // 2

        def generate(context, builder, signature, values):
            if half == 1:
                return builder.extract_element(values[0], ir.Constant(ir.IntType(32), start))
            return _lanes_of(builder, values[0], values[0], range(start * half, (start + 1) * half))

        return Lanes(half).of(vector.dtype)(vector), generate

    return word


lower, upper = _half(0), _half(1)


def _paired(builder: Any, x: Any, y: Any) -> Any:
    """Sums of two neighbours: of four lanes of x, of four of y, and so on, which is what processors can do."""
    count = x.type.count
    first = [lane for start in range(0, count, 4) for lane in (start, start + 2, count + start, count + start + 2)]
    return builder.fadd(_lanes_of(builder, x, y, first), _lanes_of(builder, x, y, [lane + 1 for lane in first]))


@intrinsic
def totals(typing, w, x, y, z):
    def generate(context, builder, signature, values):
        found = _paired(builder, _paired(builder, *values[:2]), _paired(builder, *values[2:]))
        while found.type.count > 4:
            half = found.type.count // 2
            found = builder.fadd(*(_lanes_of(builder, found, found, range(start, start + half)) for start in (0, half)))
        return found

    return Vector(w.dtype, 4)(w, x, y, z), generate


# Whole numbers -----------------------------------------------------------------------------------


@intrinsic
def high_product(typing, x, y):
    def generate(context, builder, signature, values):
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(value, wide) for value in values))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate
