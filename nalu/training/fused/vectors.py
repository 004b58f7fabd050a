"""Vectors of numbers as values of compiled code, with the operations that the engine's arithmetic is made of.

The compiler may not change the order of sums, and a loop that it cannot prove independent it
leaves in single numbers. Here a loop says what its vectors are: `load` takes `WIDTH` neighbours from
an array, ``+ - * /``, comparisons, `fma` and `sqrt` work on each of them and round once,
`store` puts them back. The width is the processor's and changes no number.
"""

from __future__ import annotations

import operator
from collections import namedtuple

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

LINE = 64  # bytes of a line of the cache

compiled = njit(error_model="numpy", nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True)
"""Compile a function for the loop: every operation is rounded by itself, in the order written."""

inline = njit(error_model="numpy", nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True, forceinline=True)
"""The same for a function that is too small to be called."""


class Vector(types.Type):
    """`WIDTH` numbers of a type of Numba; of booleans, what comparisons give."""

    def __init__(self, element: types.Type) -> None:
        self.element = element
        super().__init__(f"Vector({element})")


_IR = {types.float32: ir.FloatType(), types.float64: ir.DoubleType(), types.int32: ir.IntType(32),
       types.int64: ir.IntType(64), types.boolean: ir.IntType(1)}
VECTORS = {element: Vector(element) for element in _IR}
REAL = {element: VECTORS[element] for element in (types.float32, types.float64)}
WHOLE = {element: VECTORS[element] for element in (types.int32, types.int64)}
BITS = {VECTORS[types.float32]: VECTORS[types.int32], VECTORS[types.float64]: VECTORS[types.int64]}


def _ir(element: types.Type) -> ir.VectorType:
    return ir.VectorType(_IR[element], WIDTH)


@register_model(Vector)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, _ir(kind.element))


# -- operators ---------------------------------------------------------------------------


def _define(function, cases: dict, lower) -> None:
    """Give an operator of Python its meaning for vectors: `cases` are arguments -> result."""
    found = [signature(result, *arguments) for arguments, result in cases.items()]
    infer_global(function)(type("Template", (ConcreteTemplate,), {"key": function, "cases": found}))
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
    _define(_function, {(v, v): VECTORS[types.boolean] for v in REAL.values()}, _compare(_how))
_define(operator.eq, {(v, v): VECTORS[types.boolean] for v in WHOLE.values()},
        lambda context, builder, sig, args: builder.icmp_signed("==", *args))


def _spread(builder, value):
    """One number in all places."""
    zero = ir.Constant(ir.IntType(32), 0)
    kind = ir.VectorType(value.type, WIDTH)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, zero)
    places = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), places)


def _call(builder, name: str, kind, *arguments):
    """A function of LLVM for vectors, which is one instruction."""
    letter = {"float": "f32", "double": "f64"}[str(kind.element)]
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(kind, [kind] * len(arguments)), f"llvm.{name}.v{WIDTH}{letter}")
    return builder.call(function, arguments)


def _function(name: str):
    """Code of a function that LLVM knows."""
    return lambda context, builder, sig, args: _call(builder, name, args[0].type, *args)


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
    return BITS[x](x), lambda context, builder, sig, args: builder.bitcast(args[0], _ir(BITS[x].element))


@intrinsic
def number(typing, i):
    """The real numbers that have these bits."""
    real = next(real for real, whole in BITS.items() if whole is i)
    return real(i), lambda context, builder, sig, args: builder.bitcast(args[0], _ir(real.element))


@intrinsic
def to_real(typing, i):
    """Integers as real numbers."""
    real = next(real for real, whole in BITS.items() if whole is i)
    return real(i), lambda context, builder, sig, args: builder.sitofp(args[0], _ir(real.element))


@intrinsic
def spread(typing, value, like):
    """A number in all places of a vector, in the precision of `like`, an array or a vector."""
    element = like.dtype if isinstance(like, types.Array) else like.element

    def code(context, builder, sig, args):
        return _spread(builder, context.cast(builder, args[0], sig.args[0], element))

    return VECTORS[element](value, like), code


def reader(record: np.dtype, name: str):
    """A compiled function that gives a record's fields as a tuple of plain numbers, which stay in registers."""
    fields = namedtuple(name, record.names)
    scope = {"fields": fields}
    exec(f"def read(r):\n    return fields({', '.join(f'r.{field}' for field in record.names)})", scope)
    return fields, compiled(scope["read"])


# -- memory ------------------------------------------------------------------------------


def _place(context, builder, kind, array, index):
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _ir(kind.dtype).as_pointer())


def _load(builder, pointer):
    value = builder.load(pointer)
    value.align = 4
    return value


def _store(builder, value, pointer) -> None:
    builder.store(value, pointer).align = 4


@intrinsic
def load(typing, array, index):
    """The vector that begins at this index of a flat array."""
    def code(context, builder, sig, args):
        return _load(builder, _place(context, builder, array, *args))

    return VECTORS[array.dtype](array, types.intp), code


@intrinsic
def repeat(typing, array, index):
    """The number at this index of a flat array, in all places of a vector."""
    def code(context, builder, sig, args):
        data = context.make_array(array)(context, builder, args[0]).data
        return _spread(builder, builder.load(builder.gep(data, [args[1]])))

    return VECTORS[array.dtype](array, types.intp), code


@intrinsic
def load_pairs(typing, array, index):
    """`WIDTH` pairs of neighbouring int32 from an index on, as int64, the first of a pair in the lower half."""
    def code(context, builder, sig, args):
        place = _place(context, builder, array, *args)
        return _load(builder, builder.bitcast(place, _ir(types.int64).as_pointer()))

    return VECTORS[types.int64](array, types.intp), code


@intrinsic
def store(typing, array, index, value):
    """Put a vector where it begins at this index of a flat array."""
    def code(context, builder, sig, args):
        _store(builder, args[2], _place(context, builder, array, *args[:2]))
        return context.get_dummy_value()

    return types.void(array, types.intp, VECTORS[array.dtype]), code


@intrinsic
def store_single(typing, array, index, value):
    """Put a vector where it begins, rounded to float32 first."""
    def code(context, builder, sig, args):
        rounded = args[2]
        if sig.args[2].element is types.float64:
            rounded = builder.fptrunc(rounded, _ir(types.float32))
        if array.dtype is types.float64:
            rounded = builder.fpext(rounded, _ir(types.float64))
        _store(builder, rounded, _place(context, builder, array, *args[:2]))
        return context.get_dummy_value()

    return types.void(array, types.intp, value), code


@intrinsic
def below(typing, count, like):
    """True in the first `count` places of a vector."""
    def code(context, builder, sig, args):
        i64 = ir.IntType(64)
        places = ir.Constant(ir.VectorType(i64, WIDTH), list(range(WIDTH)))
        return builder.icmp_signed("<", places, _spread(builder, args[0]))

    return VECTORS[types.boolean](types.intp, like), code


@intrinsic
def fold(typing, vector):
    """The sum of a vector's numbers: its halves are added until one number is left."""
    def code(context, builder, sig, args):
        value, size = args[0], WIDTH
        while size > 1:
            size //= 2
            half = [builder.shuffle_vector(value, value, ir.Constant(
                ir.VectorType(ir.IntType(32), size), [*range(start, start + size)])) for start in (0, size)]
            value = builder.fadd(*half)
        return builder.extract_element(value, ir.Constant(ir.IntType(32), 0))

    return vector.element(vector), code


@intrinsic
def transpose(typing, A, a, a_stride, B, b, b_stride):
    """``B[c, r] = A[r, c]`` for 8 rows and columns; the indices say where these begin."""
    def code(context, builder, sig, args):
        A_, a_, a_s, B_, b_, b_s = args
        kind = ir.VectorType(_IR[A.dtype], 8)
        place = lambda array, kept, start, k, stride: builder.bitcast(builder.gep(
            context.make_array(array)(context, builder, kept).data,
            [builder.add(start, builder.mul(ir.Constant(ir.IntType(64), k), stride))]), kind.as_pointer())
        rows = [_load(builder, place(A, A_, a_, k, a_s)) for k in range(8)]
        for size in (4, 2, 1):  # exchange the halves of blocks, of their quarters, and so on
            for k in range(8):
                if k & size == 0:
                    pair = rows[k], rows[k + size]
                    for half in (0, size):
                        order = [(c & ~size) + half + (8 if c & size else 0) for c in range(8)]
                        rows[k + half] = builder.shuffle_vector(
                            *pair, ir.Constant(ir.VectorType(ir.IntType(32), 8), order))
        for k in range(8):
            _store(builder, rows[k], place(B, B_, b_, k, b_s))
        return context.get_dummy_value()

    whole = types.intp
    return types.void(A, whole, whole, B, whole, whole), code


@compiled
def zeros(count, kind):
    """A flat array that begins with a line of the cache, so that no vector lies across two."""
    wider = np.zeros(count + LINE, kind)
    first = -(wider.ctypes.data // wider.itemsize) % (LINE // wider.itemsize)
    return wider[first : first + count]


def tile(rows: int, columns: int):
    """A function that multiplies `rows` rows by `columns` vectors of columns, all sums in registers.

    ``C[r, n] = sum_k A[r, k] X[k, n]`` by fused multiply-adds in the order of k, beginning with 0. Arguments:
    each array with the index of its first element and its stride, and the number of k.
    """
    @intrinsic
    def multiply(typing, A, a, a_stride, X, x, x_stride, C, c, c_stride, count):
        def code(context, builder, sig, args):
            A_, a_, a_s, X_, x_, x_s, C_, c_, c_s, n = args
            kind, i64 = _ir(A.dtype), ir.IntType(64)
            at = lambda k, value: builder.mul(ir.Constant(i64, k), value)
            data = context.make_array(A)(context, builder, A_).data
            starts = [builder.gep(data, [builder.add(a_, at(r, a_s))]) for r in range(rows)]
            source, goal = (_place(context, builder, *of) for of in ((X, X_, x_), (C, C_, c_)))
            scalar = _IR[X.dtype].as_pointer()
            before, loop, after = builder.block, *(builder.append_basic_block(name) for name in ("k", "done"))
            builder.branch(loop)
            builder.position_at_end(loop)
            k = builder.phi(i64)
            k.add_incoming(ir.Constant(i64, 0), before)
            sums = [[builder.phi(kind) for _ in range(columns)] for _ in range(rows)]
            row = builder.gep(builder.bitcast(source, scalar), [builder.mul(k, x_s)])
            xs = [_load(builder, builder.bitcast(builder.gep(row, [ir.Constant(i64, WIDTH * j)]), kind.as_pointer()))
                  for j in range(columns)]
            for r in range(rows):
                w = _spread(builder, builder.load(builder.gep(starts[r], [k])))
                for j in range(columns):
                    sums[r][j].add_incoming(ir.Constant(kind, [0.0] * WIDTH), before)
                    sums[r][j].add_incoming(_call(builder, "fma", kind, w, xs[j], sums[r][j]), loop)
            following = builder.add(k, ir.Constant(i64, 1))
            k.add_incoming(following, loop)
            builder.cbranch(builder.icmp_signed("<", following, n), loop, after)
            builder.position_at_end(after)
            for r in range(rows):
                row = builder.gep(builder.bitcast(goal, scalar), [at(r, c_s)])
                for j in range(columns):
                    place = builder.bitcast(builder.gep(row, [ir.Constant(i64, WIDTH * j)]), kind.as_pointer())
                    _store(builder, sums[r][j].incomings[1][0], place)
            return context.get_dummy_value()

        whole = types.intp
        return types.void(A, whole, whole, X, whole, whole, C, whole, whole, whole), code

    return multiply


# -- plain numbers beside vectors --------------------------------------------------------


def _casts() -> None:
    """A plain number beside a vector stands for a vector of it."""
    from numba.core.typeconv.rules import default_type_manager as rules

    for element, vector in VECTORS.items():
        if element is types.boolean:
            continue
        real = vector in BITS
        for plain in (types.float64, types.float32, types.int64, types.int32) if real else (types.int64, types.int32):
            rules.set_unsafe_convert(plain, vector)


@lower_cast(types.Number, Vector)
def _cast(context, builder, fromty, toty, value):
    return _spread(builder, context.cast(builder, value, types.unliteral(fromty), toty.element))


_casts()
