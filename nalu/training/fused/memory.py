"""Vectors in flat arrays: functions that read and write them, and that transpose and multiply arrays of them."""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from nalu.training.fused.vectors import LLVM, VECTORS, WIDTH, call, of_width, owner, spread_out

LINE = 64  # bytes of a line of the cache


def _place(context, builder, kind, array, index):
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), of_width(kind.dtype).as_pointer())


def _load(builder, pointer):
    value = builder.load(pointer)
    value.align = 4
    return value


def _store(builder, value, pointer) -> None:
    builder.store(value, pointer).align = 4


@intrinsic
def load(typing, array, index):
    """Read the vector that begins at this index of a flat array."""
    def code(context, builder, sig, args):
        return _load(builder, _place(context, builder, array, *args))

    return VECTORS[array.dtype](array, types.intp), code


@intrinsic
def repeat(typing, array, index):
    """Read the number at this index of a flat array and repeat it in all places of a vector."""
    def code(context, builder, sig, args):
        data = context.make_array(array)(context, builder, args[0]).data
        return spread_out(builder, builder.load(builder.gep(data, [args[1]])))

    return VECTORS[array.dtype](array, types.intp), code


@intrinsic
def load_pairs(typing, array, index):
    """Read `WIDTH` pairs of neighbouring int32 from an index on as int64. The first of a pair becomes the lower half."""
    def code(context, builder, sig, args):
        place = _place(context, builder, array, *args)
        return _load(builder, builder.bitcast(place, of_width(types.int64).as_pointer()))

    return VECTORS[types.int64](array, types.intp), code


@intrinsic
def store(typing, array, index, value):
    """Write a vector into a flat array, beginning at this index."""
    def code(context, builder, sig, args):
        _store(builder, args[2], _place(context, builder, array, *args[:2]))
        return context.get_dummy_value()

    return types.void(array, types.intp, VECTORS[array.dtype]), code


@intrinsic
def store_single(typing, array, index, value):
    """Round a vector to float32 and write it into a flat array, beginning at this index."""
    def code(context, builder, sig, args):
        rounded = args[2]
        if sig.args[2].element is types.float64:
            rounded = builder.fptrunc(rounded, of_width(types.float32))
        if array.dtype is types.float64:
            rounded = builder.fpext(rounded, of_width(types.float64))
        _store(builder, rounded, _place(context, builder, array, *args[:2]))
        return context.get_dummy_value()

    return types.void(array, types.intp, value), code


@intrinsic
def below(typing, count, like):
    """Return a vector that is True in its first `count` places."""
    def code(context, builder, sig, args):
        i64 = ir.IntType(64)
        places = ir.Constant(ir.VectorType(i64, WIDTH), list(range(WIDTH)))
        return builder.icmp_signed("<", places, spread_out(builder, args[0]))

    return VECTORS[types.boolean](types.intp, like), code


@intrinsic
def fold(typing, vector):
    """Return the sum of a vector's numbers. Its halves are added to each other until one number is left."""
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
    """Set ``B[c, r] = A[r, c]`` for 8 rows and columns; the indices say where these begin."""
    def code(context, builder, sig, args):
        A_, a_, a_s, B_, b_, b_s = args
        kind = ir.VectorType(LLVM[A.dtype], 8)
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


@owner
def zeros(count, kind):
    """Return a flat array of zeros that begins at a line of the cache, so that no vector lies in two lines."""
    wider = np.zeros(count + LINE, kind)
    first = -(wider.ctypes.data // wider.itemsize) % (LINE // wider.itemsize)
    return wider[first : first + count]


def tile(rows: int, columns: int):
    """Return a function that multiplies `rows` rows by `columns` vectors of columns and keeps all sums in registers.

    It computes ``C[r, n] = sum_k A[r, k] X[k, n]`` by fused multiply-adds in the order of k, beginning with 0. Its arguments
    are each array with the index of its first element and its stride, and the number of terms.
    """
    @intrinsic
    def multiply(typing, A, a, a_stride, X, x, x_stride, C, c, c_stride, count):
        def code(context, builder, sig, args):
            A_, a_, a_s, X_, x_, x_s, C_, c_, c_s, n = args
            kind, i64 = of_width(A.dtype), ir.IntType(64)
            at = lambda k, value: builder.mul(ir.Constant(i64, k), value)
            data = context.make_array(A)(context, builder, A_).data
            starts = [builder.gep(data, [builder.add(a_, at(r, a_s))]) for r in range(rows)]
            source, goal = (_place(context, builder, *of) for of in ((X, X_, x_), (C, C_, c_)))
            scalar = LLVM[X.dtype].as_pointer()
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
                w = spread_out(builder, builder.load(builder.gep(starts[r], [k])))
                for j in range(columns):
                    sums[r][j].add_incoming(ir.Constant(kind, [0.0] * WIDTH), before)
                    sums[r][j].add_incoming(call(builder, "fma", kind, w, xs[j], sums[r][j]), loop)
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
