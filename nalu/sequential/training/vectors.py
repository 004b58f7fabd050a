"""Eight float32 in one vector, for compiled code that says itself what goes into registers.

The compiler makes of it what the processor has: one register of AVX2, two of NEON. No sum is
reordered, so that the same program gives the same numbers whoever compiled it.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

WIDTH = 8
_EIGHT = ir.VectorType(ir.FloatType(), WIDTH)


class Vector(types.Type):
    """The type of eight float32."""

    def __init__(self) -> None:
        super().__init__("eight float32")


vector = Vector()


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, of) -> None:
        super().__init__(manager, of, _EIGHT)


def _place(context, builder, array_type, array, index):
    data = cgutils.create_struct_proxy(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _EIGHT.as_pointer())


@intrinsic
def load(typing, array, index):
    """The eight elements of a flat float32 array from an index on; bounds are the caller's."""
    def code(context, builder, signature, given):
        return builder.load(_place(context, builder, array, given[0], given[1]), align=4)

    return vector(array, types.intp), code


@intrinsic
def store(typing, array, index, value):
    """Put eight elements into a flat float32 array from an index on; bounds are the caller's."""
    def code(context, builder, signature, given):
        builder.store(given[2], _place(context, builder, array, given[0], given[1]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), code


@intrinsic
def fill(typing, value):
    """Eight times the same float32."""
    def code(context, builder, signature, given):
        return _eight_times(builder, given[0])

    return vector(types.float32), code


@intrinsic
def spread(typing, array, index):
    """Eight times an element of a flat float32 array, without `fill`'s care for negative indices."""
    def code(context, builder, signature, given):
        data = cgutils.create_struct_proxy(array)(context, builder, given[0]).data
        return _eight_times(builder, builder.load(builder.gep(data, [given[1]])))

    return vector(array, types.intp), code


def _eight_times(builder, value):
    nothing = ir.Constant(_EIGHT, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.IntType(32)(0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH))


@intrinsic
def fma(typing, a, b, c):
    """$ab + c$, rounded once where the processor can."""
    def code(context, builder, signature, given):
        kind = ir.FunctionType(_EIGHT, [_EIGHT] * 3)
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.fmuladd.v8f32")
        return builder.call(function, given)

    return vector(vector, vector, vector), code
