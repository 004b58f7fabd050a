"""Vectors of numbers as values of compiled code, with the operations that the engine's arithmetic is made of.

The compiler may not change the order of sums, and it handles one number at a time in a loop whose
steps it cannot prove to be independent. Here a loop says what its vectors are: `load` reads `WIDTH` neighbours from
an array; ``+ - * /``, comparisons, `fma` and `sqrt` work on each of them and round once; and
`store` writes them back. The width depends on the processor and changes no number.
"""

from __future__ import annotations

import operator
from collections import namedtuple
from collections.abc import Callable

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils, config
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, register_model

WIDE = config.CPU_NAME is None and llvm.get_host_cpu_features().get("avx512f", False)
WIDTH = 16 if WIDE else 8
"""Numbers in a vector: a register of single precision where there is AVX-512, otherwise of AVX2."""

_RULES = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True, "no_cpython_wrapper": True}

owner = njit(**_RULES)
"""Compile a function for the loop: every operation is rounded by itself, in the order written. It may make arrays."""

compiled = njit(**_RULES, _nrt=False)
"""The same for a function that makes none, and then counts no references to those that it is given: counting them took
more than half of a lane's time."""

inline = njit(**_RULES, _nrt=False, forceinline=True)
"""The same for a function that is too small to be called."""


class Vector(types.Type):
    """`WIDTH` numbers of one type of Numba. Comparisons give a vector of booleans."""

    def __init__(self, element: types.Type) -> None:
        self.element = element
        super().__init__(f"Vector({element})")


float32, float64, int32, int64, boolean = types.float32, types.float64, types.int32, types.int64, types.boolean
LLVM = {float32: ir.FloatType(), float64: ir.DoubleType(), int32: ir.IntType(32), int64: ir.IntType(64),
        boolean: ir.IntType(1)}
VECTORS = {element: Vector(element) for element in LLVM}
REAL = {element: VECTORS[element] for element in (float32, float64)}
WHOLE = {element: VECTORS[element] for element in (int32, int64)}
BITS = {VECTORS[float32]: VECTORS[int32], VECTORS[float64]: VECTORS[int64]}


def of_width(element: types.Type) -> ir.VectorType:
    return ir.VectorType(LLVM[element], WIDTH)


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, of_width(kind.element))


# -- operators ---------------------------------------------------------------------------


def _define(function, cases: dict, lower) -> None:
    """Give an operator of Python its meaning for vectors: `cases` are arguments -> result."""
    found = [signature(result, *arguments) for arguments, result in cases.items()]

    class Template(ConcreteTemplate):
        key, cases = function, found

    infer_global(function)(Template)
    for arguments in cases:
        lower_builtin(function, *arguments)(lower)


def _binary(name: str, *extra):
    return lambda context, builder, sig, args: getattr(builder, name)(*extra, *args)


def _compare(how: str):
    return lambda context, builder, sig, args: builder.fcmp_ordered(how, *args)


for _function, _name in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul"),
                         (operator.truediv, "fdiv")):
    _define(_function, {(v, v): v for v in REAL.values()}, _binary(_name))
for _function, _name in ((operator.add, "add"), (operator.sub, "sub"), (operator.and_, "and_"),
                         (operator.or_, "or_"), (operator.xor, "xor"), (operator.lshift, "shl"),
                         (operator.rshift, "lshr")):
    _define(_function, {(v, v): v for v in WHOLE.values()}, _binary(_name))
_define(operator.neg, {(v,): v for v in REAL.values()}, _binary("fneg"))
for _function, _how in ((operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">="),
                        (operator.eq, "==")):
    _define(_function, {(v, v): VECTORS[boolean] for v in REAL.values()}, _compare(_how))
_define(operator.eq, {(v, v): VECTORS[boolean] for v in WHOLE.values()},
        lambda context, builder, sig, args: builder.icmp_signed("==", *args))


def spread_out(builder, value):
    """Repeat one number in all places."""
    zero = ir.Constant(ir.IntType(32), 0)
    kind = ir.VectorType(value.type, WIDTH)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, zero)
    places = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), places)


def call(builder, name: str, kind, *arguments):
    """Call a function of LLVM for vectors, which becomes one instruction."""
    letter = {"float": "f32", "double": "f64"}[str(kind.element)]
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [kind] * len(arguments)), f"llvm.{name}.v{WIDTH}{letter}")
    return builder.call(function, arguments)


def _function(name: str):
    """Make the code of a function that LLVM knows."""
    return lambda context, builder, sig, args: call(builder, name, args[0].type, *args)


@intrinsic
def sqrt(typing, x):
    r"""$\sqrt x$, correctly rounded."""
    return x(x), _function("sqrt")


@intrinsic
def absolute(typing, x):
    """$|x|$."""
    return x(x), _function("fabs")


@intrinsic
def with_sign(typing, x, y):
    """The size of `x` with the sign of `y`."""
    return x(x, x), _function("copysign")


@intrinsic
def fma(typing, x, y, z):
    r"""$xy + z$, rounded once."""
    vector = next(v for v in (x, y, z) if isinstance(v, Vector))
    return vector(vector, vector, vector), _function("fma")


@intrinsic
def where(typing, test, yes, no):
    """`yes` where `test` is true, else `no`."""
    return yes(test, yes, yes), lambda context, builder, sig, args: builder.select(*args)


@intrinsic
def bits(typing, x):
    """The bits of real numbers as integers."""
    return BITS[x](x), lambda context, builder, sig, args: builder.bitcast(args[0], of_width(BITS[x].element))


@intrinsic
def number(typing, i):
    """The real numbers that have these bits."""
    real = next(real for real, whole in BITS.items() if whole is i)
    return real(i), lambda context, builder, sig, args: builder.bitcast(args[0], of_width(real.element))


@intrinsic
def to_real(typing, i):
    """Integers as real numbers."""
    real = next(real for real, whole in BITS.items() if whole is i)
    return real(i), lambda context, builder, sig, args: builder.sitofp(args[0], of_width(real.element))


@intrinsic
def spread(typing, value, like):
    """A number in all places of a vector, in the precision of `like`, an array or a vector."""
    element = like.dtype if isinstance(like, types.Array) else like.element

    def code(context, builder, sig, args):
        return spread_out(builder, context.cast(builder, args[0], sig.args[0], element))

    return VECTORS[element](value, like), code


# -- plain numbers beside vectors --------------------------------------------------------


def _casts() -> None:
    """A plain number beside a vector stands for a vector of it."""
    from numba.core.typeconv.rules import default_type_manager as rules

    for element, vector in VECTORS.items():
        if element is boolean:
            continue
        real = vector in BITS
        for plain in (float64, float32, int64, int32) if real else (int64, int32):
            rules.set_unsafe_convert(plain, vector)


@lower_cast(types.Number, Vector)
def _cast(context, builder, fromty, toty, value):
    return spread_out(builder, context.cast(builder, value, types.unliteral(fromty), toty.element))


_casts()


# -- records and codes -------------------------------------------------------------------


def reader(record: np.dtype, name: str):
    """Return a compiled function that reads a record's fields into a tuple of plain numbers, which stay in registers."""
    fields = namedtuple(name, record.names)
    scope = {"fields": fields}
    exec(f"def read(r):\n    return fields({', '.join(f'r.{field}' for field in record.names)})", scope)
    return fields, compiled(scope["read"])


def switch(functions: dict[int, Callable], field: str) -> Callable:
    """Join functions of a tuple and other arguments into one, which chooses among them by a `field` of the tuple.

    The function is one flat chain of comparisons, written out as text, because Numba would compile nested
    functions again at every level.
    """
    lines, scope = ["def call(of, *arguments):"], {}
    for code, function in functions.items():
        scope[f"f{code}"] = function
        lines += [f"    {'elif' if len(scope) > 1 else 'if'} of.{field} == {code}:",
                  f"        result = f{code}(of, *arguments)"]
    exec("\n".join([*lines, "    return result"]), scope)
    return inline(scope["call"])
