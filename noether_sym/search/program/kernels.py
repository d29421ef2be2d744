"""Compiled evaluation of many small trees on a CPU; needs numba, which is optional.

A tree runs over a block of points at a time, so that what lies between its operations
stays in the first cache, and the compiler turns every operation into vector instructions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from noether_sym.dsl.operators import OPERATORS

BLOCK = 1024

_ADD, _SUB, _MUL, _DIV, _SQUARE, _SIN, _COS, _SQRT, _LOG, _EXP, _CUBE, _FOURTH, _INVERSE = (
    OPERATORS[name].code
    for name in (
        *("add", "sub", "mul", "div", "square", "sin", "cos"),
        *("sqrt", "log", "exp", "cube", "fourth", "inverse"),
    )
)

# pi/2 in three parts, the first two with zeros at the end, so that small multiples are exact
_P1, _P2 = 1.5707963267341256, 6.077100506303966e-11
_P3 = 2.0222662487959506e-21
_FAR = 1e5
# sin r = r + r*s*P(s) with s = r*r: Chebyshev's fit of P on |r| <= pi/2, error below 2e-18
_S1, _S2, _S3, _S4 = -1 / 6, 0.008333333333333316, -0.00019841269841254966, 2.7557319219160833e-06
_S5, _S6 = -2.505210761669045e-08, 1.6058977292642743e-10
_S7, _S8 = -7.643969663988074e-13, 2.7314368769379893e-15

_kernel: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})


@_kernel
def _wave(x, z, odd):  # type: ignore[no-untyped-def]
    """sin (odd 0) or cos (odd 1) over a block; a block with huge numbers one by one."""
    far = 0
    for i in range(len(x)):
        far += not abs(x[i]) < _FAR
    if far:
        for i in range(len(x)):
            z[i] = math.cos(x[i]) if odd else math.sin(x[i])
        return
    for i in range(len(x)):
        # the nearest zero, at so many halves of pi; from there on sin's series
        turns = np.rint(x[i] * (1.0 / math.pi) - 0.5 * odd)
        half = 2.0 * turns + odd
        r = ((x[i] - half * _P1) - half * _P2) - half * _P3
        s = r * r
        series = _S8
        series = series * s + _S7
        series = series * s + _S6
        series = series * s + _S5
        series = series * s + _S4
        series = series * s + _S3
        series = series * s + _S2
        series = series * s + _S1
        sign = 1.0 - 2.0 * (turns - 2.0 * math.floor(0.5 * turns))
        z[i] = (1.0 - 2.0 * odd) * sign * (r + r * s * series)


@_kernel
def _apply(code, x, y, z):  # type: ignore[no-untyped-def]
    """One operation over a block; y is not read by those of one argument."""
    if code == _ADD:
        for i in range(len(z)):
            z[i] = x[i] + y[i]
    elif code == _SUB:
        for i in range(len(z)):
            z[i] = x[i] - y[i]
    elif code == _MUL:
        for i in range(len(z)):
            z[i] = x[i] * y[i]
    elif code == _DIV:
        for i in range(len(z)):
            z[i] = x[i] / y[i]
    elif code == _SQUARE:
        for i in range(len(z)):
            z[i] = x[i] * x[i]
    elif code == _SIN:
        _wave(x, z, 0)
    elif code == _COS:
        _wave(x, z, 1)
    elif code == _SQRT:
        for i in range(len(z)):
            z[i] = np.sqrt(x[i])
    elif code == _LOG:
        for i in range(len(z)):
            z[i] = np.log(x[i])
    elif code == _EXP:
        for i in range(len(z)):
            z[i] = np.exp(x[i])
    elif code == _CUBE:
        for i in range(len(z)):
            z[i] = x[i] * x[i] * x[i]
    elif code == _FOURTH:
        for i in range(len(z)):
            square = x[i] * x[i]
            z[i] = square * square
    elif code == _INVERSE:
        for i in range(len(z)):
            z[i] = 1.0 / x[i]


@_kernel
def _partial(code, which, x, y, value, z):  # type: ignore[no-untyped-def]
    """Derivative of an operation by its first (0) or second (1) argument over a block."""
    if code == _ADD:
        z[:] = 1.0
    elif code == _SUB:
        z[:] = 1.0 - 2.0 * which
    elif code == _MUL:
        for i in range(len(z)):
            z[i] = x[i] if which else y[i]
    elif code == _DIV:
        for i in range(len(z)):
            z[i] = -value[i] / y[i] if which else 1.0 / y[i]
    elif code == _SQUARE:
        for i in range(len(z)):
            z[i] = 2.0 * x[i]
    elif code == _SIN:
        _wave(x, z, 1)
    elif code == _COS:
        _wave(x, z, 0)
        for i in range(len(z)):
            z[i] = -z[i]
    elif code == _SQRT:
        for i in range(len(z)):
            z[i] = 0.5 / value[i]
    elif code == _LOG:
        for i in range(len(z)):
            z[i] = 1.0 / x[i]
    elif code == _EXP:
        z[:] = value
    elif code == _CUBE:
        for i in range(len(z)):
            z[i] = 3.0 * x[i] * x[i]
    elif code == _FOURTH:
        for i in range(len(z)):
            z[i] = 4.0 * x[i] * x[i] * x[i]
    elif code == _INVERSE:
        for i in range(len(z)):
            z[i] = -value[i] / x[i]


@_kernel
def fill(code, left, right, table, row):  # type: ignore[no-untyped-def]
    """Rows of a table from `row` on, each an operation on rows before it, (row, point)."""
    for number in range(len(code)):
        x, y, z = table[left[number]], table[right[number]], table[row + number]
        _apply(code[number], x, y, z)


@_kernel
def evaluate(first, code, left, right, width, fixed, nonlinear, members, values):  # type: ignore[no-untyped-def]
    """Values of programs.

    Parameters
    ----------
    first : int array of shape (program + 1,)
        Where each program's instructions begin; the last of them is its value.
    code, left, right : int arrays of shape (instruction,)
        An operation, and where its arguments lie: from 0 a row of `fixed`; from -1 down,
        in the program's own registers, its parameters and then its results.
    width : int
        Most registers that a program needs.
    fixed : array of shape (row, point)
    nonlinear : array of shape (member, start, parameter)
    members : int array of shape (program,)
        The member that each program belongs to.
    values : array of shape (member, start, point), to be filled
    """
    points = fixed.shape[1]
    slots = nonlinear.shape[2]
    registers = np.empty((width, BLOCK))
    for program in range(len(first) - 1):
        member = members[program]
        for start in range(nonlinear.shape[1]):
            for slot in range(slots):
                registers[slot, :] = nonlinear[member, start, slot]
            for begin in range(0, points, BLOCK):
                end = min(begin + BLOCK, points)
                count = end - begin
                for number in range(first[program], first[program + 1]):
                    a, b = left[number], right[number]
                    x = fixed[a, begin:end] if a >= 0 else registers[-1 - a, :count]
                    y = fixed[b, begin:end] if b >= 0 else registers[-1 - b, :count]
                    if number == first[program + 1] - 1:
                        z = values[member, start, begin:end]
                    else:
                        z = registers[slots + number - first[program], :count]
                    _apply(code[number], x, y, z)


@_kernel
def linearise(  # type: ignore[no-untyped-def]
    first, code, left, right, width, fixed, nonlinear, members, values, slopes
):
    """Values of programs and their derivatives by the parameters.

    As `evaluate`; and where a program depends on a parameter, its derivative is written
    into ``slopes`` of shape (parameter, member, start, point).
    """
    points = fixed.shape[1]
    slots = nonlinear.shape[2]
    registers = np.empty((width, BLOCK))
    tangents = np.zeros((width, slots, BLOCK))
    depends = np.zeros((width, slots), dtype=np.bool_)
    partial = np.empty(BLOCK)
    for slot in range(slots):
        tangents[slot, slot, :] = 1.0
        depends[slot, slot] = True
    for program in range(len(first) - 1):
        member = members[program]
        length = first[program + 1] - first[program]
        for start in range(nonlinear.shape[1]):
            for slot in range(slots):
                registers[slot, :] = nonlinear[member, start, slot]
            for begin in range(0, points, BLOCK):
                end = min(begin + BLOCK, points)
                count = end - begin
                for place in range(length):
                    number = first[program] + place
                    a, b = left[number], right[number]
                    x = fixed[a, begin:end] if a >= 0 else registers[-1 - a, :count]
                    y = fixed[b, begin:end] if b >= 0 else registers[-1 - b, :count]
                    own = slots + place
                    z = registers[own, :count]
                    _apply(code[number], x, y, z)
                    depends[own, :] = False
                    for which in range(2):
                        source = b if which else a
                        if source >= 0 or (which and code[number] > _DIV):
                            continue
                        _partial(code[number], which, x, y, z, partial[:count])
                        for slot in range(slots):
                            if not depends[-1 - source, slot]:
                                continue
                            old = tangents[-1 - source, slot, :count]
                            new = tangents[own, slot, :count]
                            if depends[own, slot]:
                                for i in range(count):
                                    new[i] += partial[i] * old[i]
                            else:
                                for i in range(count):
                                    new[i] = partial[i] * old[i]
                            depends[own, slot] = True
                last = slots + length - 1
                values[member, start, begin:end] = registers[last, :count]
                for slot in range(slots):
                    if depends[last, slot]:
                        slopes[slot, member, start, begin:end] = tangents[last, slot, :count]
