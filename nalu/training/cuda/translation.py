"""The functions of single numbers in C++: translated from those of the fused engine, so that each is written once.

What `nalu.training.fused` computes of a number beside no other one, a function of the arithmetic, a kind of weight, an
activation, a step of the optimiser, is a function of assignments, conditions and ``return``. Each becomes a
function of C++ with the same operations in the same order. A literal is a float64 that is rounded once to the precision
of the plan, as Numba rounds it; integers are those of a number's bits, without sign.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable

from nalu.training.fused import bodies, products, scalars, weights
from nalu.training.fused.weights import KINDS

_NAMES = {"fma": "fused", "sqrt": "root", "exp": "exponential", "log": "logarithm", "tanh": "hyperbolic_tangent", "free": "unchanged"}
"""What has another name in C++, where the name of Python is taken."""

_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|",
              ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=="}
_GIVEN = {"code": "int", "now": "const Now<R> &"}  # arguments that are no numbers
_RESULTS = {1: "R", 2: "Two<R>", 3: "Three<R>"}


class _Function:
    """The text of one function, and of those that it calls and that `done` lacks."""

    def __init__(self, function: Callable, done: list, name: str | None = None, real: str | None = None) -> None:
        self._known, self._done, self._before = function.__globals__, done, ""
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
        arguments = [argument.arg for argument in tree.args.args]
        self._variables = set(arguments)
        lines = [line for statement in tree.body for line in self._statement(statement)]
        (count,) = {len(node.value.elts) if isinstance(node.value, ast.Tuple) else 1
                    for node in ast.walk(tree) if isinstance(node, ast.Return)}
        head = f"template <class R> {_DEVICE}{_RESULTS[count]}" if real is None else f"{_DEVICE}{real}"
        given = ", ".join(f"{_GIVEN.get(argument, real or 'R')} {argument}" for argument in arguments)
        lines = [f"using R = {real};", *lines] if real else lines
        name = name or _NAMES.get(tree.name, tree.name)
        self.text = f"{self._before}{head} {name}({given}) {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"

    def _statement(self, node: ast.stmt) -> list[str]:
        match node:
            case ast.Expr(ast.Constant(str())):
                return []
            case ast.Return(ast.Tuple(values)):
                return [f"return {{{', '.join(map(self._value, values))}}};"]
            case ast.Return(value):
                return [f"return {self._value(value)};"]
            case ast.If(test, body, []):
                inside = [line for statement in body for line in self._statement(statement)]
                return [f"if ({self._value(test).removeprefix('(').removesuffix(')')}) {{", *(f"  {line}" for line in inside), "}"]
            case ast.Assign([ast.Tuple(targets)], ast.Tuple(values)):
                texts = [self._value(value) for value in values]
                used = {part.id for value in values for part in ast.walk(value) if isinstance(part, ast.Name)}
                assert not used & {target.id for target in targets}, "the targets are assigned one after the other"
                return [line for target, text in zip(targets, texts, strict=True) for line in self._assign(target, text)]
            case ast.Assign([target], value):
                return self._assign(target, self._value(value))
        raise NotImplementedError(ast.unparse(node))

    def _assign(self, target: ast.expr, text: str) -> list[str]:
        assert isinstance(target, ast.Name), ast.unparse(target)
        new = target.id not in self._variables
        self._variables.add(target.id)
        return [f"{'auto ' * new}{target.id} = {text};"]

    def _value(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(bool()):
                pass
            case ast.Constant(int(value)):
                return repr(value)
            case ast.Constant(float(value)):
                return f"R({value!r})"
            case ast.Attribute(ast.Name("np"), "inf"):
                return "R(__int_as_float(0x7F800000))"
            case ast.Attribute(ast.Name(name), field):
                return f"{name}.{field}"
            case ast.Name(name):
                return name if name in self._variables else self._value(ast.Constant(self._known[name]))
            case ast.UnaryOp(ast.USub(), value):
                return f"(-{self._value(value)})"
            case ast.BinOp(left, ast.Div(), right):
                return f"over({self._value(left)}, {self._value(right)})"
            case ast.BinOp(left, operator, right) | ast.Compare(left, [operator], [right]) if type(operator) in _OPERATORS:
                return f"({self._value(left)} {_OPERATORS[type(operator)]} {self._value(right)})"
            case ast.IfExp(test, yes, no) | ast.Call(ast.Name("where"), [test, yes, no]):
                return f"({self._value(test)} ? {self._value(yes)} : {self._value(no)})"
            case ast.Call(ast.Name("spread"), [value, _]):
                return f"R({self._value(value)})"
            case ast.Call(ast.Name(name), values, []):
                self._before += _needed(self._known[name], self._done)
                return f"{_NAMES.get(name, name)}({', '.join(map(self._value, values))})"
        raise NotImplementedError(ast.unparse(node))


_DEVICE = "__device__ __forceinline__ "


def _needed(function: Callable, done: list) -> str:
    """The text of a function and of what it calls, unless it is there already."""
    if function in done or inspect.getmodule(function) not in (None, bodies, products, scalars, weights):
        return ""
    done.append(function)
    if function in scalars.BY_PRECISION:
        pair = zip(scalars.BY_PRECISION[function], ("float", "double"), strict=True)
        return "".join(_Function(of.py_func, done, _NAMES[function.__name__], real).text for of, real in pair)
    return _Function(function.py_func, done).text if hasattr(function, "py_func") else ""


def _choice(part: str, result: str, arguments: str) -> str:
    """A function of all kinds of weights that takes the one of a kind's code."""
    names = [_NAMES.get(name, name) for name in (getattr(kind, part).py_func.__name__ for kind in KINDS.values())]
    cases = "".join(f"    case {code}: return {name}({arguments});\n" for code, name in enumerate(names[:-1]))
    given = ", ".join(f"R {argument}" for argument in arguments.split(", "))
    return (f"template <class R> {_DEVICE}{result} {part}_of(int kind, {given}) {{\n  switch (kind) {{\n{cases}"
            f"    default: return {names[-1]}({arguments});\n  }}\n}}\n")


def _property(name: str) -> str:
    """Which kinds of weights have it."""
    test = " || ".join(f"kind == {code}" for code, kind in enumerate(KINDS.values()) if getattr(kind, name))
    return f"{_DEVICE}bool is_{name}(int kind) {{ return {test}; }}\n"


def header() -> str:
    """The text of ``functions.cuh``."""
    done: list = []
    wanted = [*scalars.BY_PRECISION, scalars.sigmoid, scalars.clamp, products.factor, bodies.activate, bodies.activate_back,
              weights.moved, *(getattr(kind, part) for kind in KINDS.values() for part in ("weight", "chain", "smaller", "project"))]
    return "".join([
        "#pragma once\n#include \"arithmetic.cuh\"\n", *(_needed(function, done) for function in wanted),
        _choice("weight", "Three<R>", "p, q"), _choice("chain", "Two<R>", "p, q, a, b, dw"),
        _choice("smaller", "Three<R>", "p"), _choice("project", "R", "p"),
        *map(_property, ("two", "kept", "regular"))])
