"""What the words of `vectors` mean: an instruction of LLVM's or two for each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from llvmlite import ir

from .operators import converted
from .typed import INT, NOTHING, Lanes, Number, Value, Vector, constant

LINE = 64  # bytes
FUSED = ("contract",)  # lets a product and a sum become one instruction
PLACE = ir.IntType(32)  # of a lane


# How many lanes ----------------------------------------------------------------------------------


def lanes(builder: Any, count: Value) -> Value:
    """So many lanes; a number that is written out."""
    return Value(Lanes(count.only.constant))


def line(builder: Any, numbers: Value) -> Value:
    """As many lanes as fill a line of the cache, 64 bytes."""
    return Value(Lanes(LINE // numbers.kind.dtype.itemsize))


def half_line(builder: Any, numbers: Value) -> Value:
    """As many lanes as fill half of a line: four numbers, or more."""
    return Value(Lanes(LINE // 2 // numbers.kind.dtype.itemsize))


def count(builder: Any, lanes: Value) -> Value:
    """How many lanes there are."""
    return constant(lanes.kind.count)


# Memory ------------------------------------------------------------------------------------------


def _place(builder: Any, memory: Value, at: Value) -> Any:
    """The address of memory[at]. It is never counted from the end, and never checked."""
    return builder.gep(memory.only, [converted(builder, at, INT).only])


def _same(builder: Any, form: Any, value: Any) -> Any:
    """A number in every lane."""
    if not isinstance(form, ir.VectorType):
        return value
    none = ir.Constant(form, ir.Undefined)
    return _lanes_of(builder, builder.insert_element(none, value, PLACE(0)), none, [0] * form.count)


def load(builder: Any, numbers: Value, at: Value, lanes: Value) -> Value:
    """Numbers from a place on."""
    kind = lanes.kind.of(numbers.kind.dtype)
    place = builder.bitcast(_place(builder, numbers, at), kind.forms[0].as_pointer())
    return Value(kind, [builder.load(place, align=kind.dtype.itemsize)])


def pick(builder: Any, numbers: Value, at: Value, stride: Value, lanes: Value) -> Value:
    """Numbers from a place on, so far apart."""
    kind, place = lanes.kind.of(numbers.kind.dtype), _place(builder, numbers, at)
    if lanes.kind.count == 1:
        return Value(kind, [builder.load(place)])
    found = ir.Constant(kind.forms[0], ir.Undefined)
    for i in range(lanes.kind.count):
        found = builder.insert_element(found, builder.load(place), PLACE(i))
        place = builder.gep(place, [stride.only])
    return Value(kind, [found])


def spread(builder: Any, numbers: Value, at: Value, lanes: Value) -> Value:
    """The same number in every lane."""
    kind = lanes.kind.of(numbers.kind.dtype)
    return Value(kind, [_same(builder, kind.forms[0], builder.load(_place(builder, numbers, at)))])


def zeros(builder: Any, numbers: Value, lanes: Value) -> Value:
    """Zero in every lane."""
    kind = lanes.kind.of(numbers.kind.dtype)
    return Value(kind, [ir.Constant(kind.forms[0], 0.0 if isinstance(kind, Number) else None)])


def store(builder: Any, numbers: Value, at: Value, vector: Value) -> Value:
    """Write numbers from a place on."""
    place = builder.bitcast(_place(builder, numbers, at), vector.only.type.as_pointer())
    builder.store(vector.only, place, align=numbers.kind.dtype.itemsize)
    return NOTHING


def put(builder: Any, numbers: Value, at: Value, stride: Value, vector: Value) -> Value:
    """Write numbers from a place on, so far apart."""
    place = _place(builder, numbers, at)
    for i in range(vector.kind.count):
        builder.store(builder.extract_element(vector.only, PLACE(i)), place)
        place = builder.gep(place, [stride.only])
    return NOTHING


def without(builder: Any, vector: Value, idle: Value) -> Value:
    """Zero in the first lanes."""
    indices = ir.VectorType(PLACE, vector.kind.count)
    first = _same(builder, indices, builder.trunc(idle.only, PLACE))
    is_of_use = builder.icmp_signed(">=", ir.Constant(indices, list(range(indices.count))), first)
    return Value(vector.kind, [builder.select(is_of_use, vector.only, ir.Constant(vector.only.type, None))])


# Arithmetic --------------------------------------------------------------------------------------


def _lane_by_lane(operation: Callable) -> Callable[..., Value]:
    """A word of vectors, all of one type."""

    def word(builder: Any, x: Value, *others: Value) -> Value:
        """The same for each lane."""
        return Value(x.kind, [operation(builder, x.only, *(value.only for value in others))])

    return word


def _chosen(builder: Any, relation: str, x: Any, y: Any) -> Any:
    """x if the relation holds, or if it is no number."""
    return builder.select(builder.or_(builder.fcmp_ordered(relation, x, y), builder.fcmp_unordered("uno", x, x)), x, y)


def _multiply_add(builder: Any, x: Any, y: Any, z: Any) -> Any:
    return builder.fadd(builder.fmul(x, y, flags=FUSED), z, flags=FUSED)


add = _lane_by_lane(lambda builder, x, y: builder.fadd(x, y))
subtract = _lane_by_lane(lambda builder, x, y: builder.fsub(x, y))
multiply = _lane_by_lane(lambda builder, x, y: builder.fmul(x, y))
divide = _lane_by_lane(lambda builder, x, y: builder.fdiv(x, y))
larger = _lane_by_lane(lambda builder, x, y: _chosen(builder, ">", x, y))
smaller = _lane_by_lane(lambda builder, x, y: _chosen(builder, "<", x, y))
multiply_add = _lane_by_lane(_multiply_add)


def polynomial(builder: Any, x: Value, coefficients: Value) -> Value:
    """Horner's rule from the highest power on, without a loop, since loops around loops are not worked on together."""
    total, *others = coefficients.parts
    for one in others:
        total = _multiply_add(builder, total, x.only, one)
    return Value(x.kind, [total])


# Between lanes -----------------------------------------------------------------------------------


def _lanes_of(builder: Any, x: Any, y: Any, numbers: Iterable[int]) -> Any:
    """Those lanes of two vectors, one after the other."""
    places = list(numbers)
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(PLACE, len(places)), places))


def _half(second: bool, builder: Any, vector: Value) -> Value:
    half = vector.kind.count // 2
    kind, start = Lanes(half).of(vector.kind.dtype), half * second
    if half == 1:
        return Value(kind, [builder.extract_element(vector.only, PLACE(start))])
    return Value(kind, [_lanes_of(builder, vector.only, vector.only, range(start, start + half))])


lower, upper = functools.partial(_half, False), functools.partial(_half, True)


def _paired(builder: Any, x: Any, y: Any) -> Any:
    """Sums of two neighbours: of four lanes of x, of four of y, and so on, which is what processors can do."""
    count = x.type.count
    first = [lane for start in range(0, count, 4) for lane in (start, start + 2, count + start, count + start + 2)]
    return builder.fadd(_lanes_of(builder, x, y, first), _lanes_of(builder, x, y, [lane + 1 for lane in first]))


def totals(builder: Any, *vectors: Value) -> Value:
    """The sums over the lanes of four vectors, as one vector of four."""
    w, x, y, z = (vector.only for vector in vectors)
    found = _paired(builder, _paired(builder, w, x), _paired(builder, y, z))
    while found.type.count > 4:
        half = found.type.count // 2
        found = builder.fadd(*(_lanes_of(builder, found, found, range(start, start + half)) for start in (0, half)))
    return Value(Vector(vectors[0].kind.dtype, 4), [found])


# Whole numbers -----------------------------------------------------------------------------------


def high_product(builder: Any, x: Value, y: Value) -> Value:
    """The upper 64 bits of the product of two numbers without a sign."""
    wide = ir.IntType(128)
    product = builder.mul(*(builder.zext(value.only, wide) for value in (x, y)))
    return Value(x.kind, [builder.trunc(builder.lshr(product, wide(64)), ir.IntType(64))])
