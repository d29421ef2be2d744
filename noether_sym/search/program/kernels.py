"""Compiled evaluation of many small trees on a CPU; needs numba, which is optional.

A tree runs over a block of points at a time, so that what lies between its operations
stays in the first cache, and the compiler turns every operation into vector instructions.

This is one half of the source; `noether_sym.search.program.generated` adds the other, from
the records of the operations, and loads the whole.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

BLOCK = 1024
"""Points that a tree runs over at a time: 8 KiB a row, so that rows stay in the first cache."""

_apply: Any = None
"""``_apply(code, x, y, z)``: one operation over a block, into z."""

_partial: Any = None
"""``_partial(code, which, x, y, value, z)``: its derivative by the first (0) or second (1)."""

_binary: Any = None
"""``_binary(code)``: whether an operation has two arguments."""

_P1, _P2 = 1.5707963267341256, 6.077100506303966e-11
_P3 = 2.0222662487959506e-21
"""pi/2 in three parts, the first two with zeros at the end, so that small multiples are exact."""

_FAR = 1e5
"""Size of an argument from which its whole block is left to sine and cosine of the library."""

# sin r = r + r*s*P(s) with s = r*r: Chebyshev's fit of P on |r| <= pi/2, error below 2e-18
_S1, _S2, _S3, _S4 = -1 / 6, 0.008333333333333316, -0.00019841269841254966, 2.7557319219160833e-06
_S5, _S6 = -2.505210761669045e-08, 1.6058977292642743e-10
_S7, _S8 = -7.643969663988074e-13, 2.7314368769379893e-15

_kernel: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})


@_kernel
def _wave(x, z, odd, factor):  # type: ignore[no-untyped-def]
    """sin (odd 0) or cos (odd 1) times a factor; a block with huge numbers one by one."""
    far = 0
    for i in range(len(x)):
        far += not abs(x[i]) < _FAR
    if far:
        for i in range(len(x)):
            z[i] = factor * (math.cos(x[i]) if odd else math.sin(x[i]))
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
        z[i] = factor * ((1.0 - 2.0 * odd) * sign * (r + r * s * series))


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
                        if source >= 0 or (which and not _binary(code[number])):
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
