"""Frames in which what was found is not the whole object, or not the object at all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

REPEATED = "repeats the frame before"
COVERED, MERGED = "partly hidden", "merged with something else"
STRAY = "off the path of its neighbours"

_RESTS = 4
"""Equal frames in a row from which on the object rests; fewer are frames that were not taken."""

_NEIGHBOURS = 15
"""Frames on each side whose median area is compared with."""

_SMALLER, _LARGER = 0.75, 1.4
"""Areas, over those of neighbouring frames, between which the object is whole."""

_STRANGE = 8.0
"""Noises off the path from which on a place is not the object's."""

_REACH = 4
"""Frames on each side that stay while the worst of them goes: it puts its neighbours off."""

_FEW = 10
"""Frames kept, down to which no more go."""


def repeated(copies: Sequence[bool], lost: Sequence[str]) -> list[str]:
    """Reasons, with those of frames that a recording repeats for lack of another.

    Parameters
    ----------
    copies : sequence of bool
        Whether a frame is the same as that before.
    lost : sequence of str
        Reasons that are known.
    """
    found = list(lost)
    place = 0
    while place < len(copies):
        end = place
        while end < len(copies) and copies[end]:
            end += 1
        if 0 < end - place < _RESTS:
            found[place:end] = [why or REPEATED for why in found[place:end]]
        place = max(end, place + 1)
    return found


def not_whole(areas: NDArray[np.float64], lost: Sequence[str]) -> list[str]:
    """Reasons, with those that the size of the object tells beside that in nearby frames.

    Parameters
    ----------
    areas : array of shape (frame,)
    lost : sequence of str
        Reasons that are known.
    """
    found = list(lost)
    kept = [place for place, why in enumerate(found) if not why]
    for own, place in enumerate(kept):
        around = kept[max(0, own - _NEIGHBOURS) : own + _NEIGHBOURS + 1]
        share = areas[place] / float(np.median(areas[around]))
        if not _SMALLER < share < _LARGER:
            found[place] = COVERED if share < 1.0 else MERGED
    return found


def strays(
    times: NDArray[np.float64], places: NDArray[np.float64], kinks: Sequence[int] = ()
) -> list[int]:
    """Numbers of the frames that are off the path of their neighbours.

    Parameters
    ----------
    times : array of shape (frame,)
    places : array of shape (frame, 2)
        Pixels.
    kinks : sequence of int
        Frames at which the velocity jumps: those before are no neighbours of those from there.
    """
    kept = np.arange(len(times))
    found: list[int] = []
    while len(kept) > _FEW:
        edges = [0, *np.searchsorted(kept, kinks).tolist(), len(kept)]
        parts = [kept[first:last] for first, last in itertools.pairwise(edges)]
        off = np.concatenate([_off(times[part], places[part]) for part in parts])
        usual = max(_FINEST, float(np.median(off[_AROUND:-_AROUND])))
        # what is off pulls its neighbours with it, so the worst of them goes first
        worst = ndimage.maximum_filter1d(off, 2 * _REACH + 1)
        strange = np.flatnonzero((off > _STRANGE * usual) & (off == worst))
        if not len(strange):
            break
        found += kept[strange].tolist()
        kept = np.delete(kept, strange)
    return sorted(found)


def _off(times: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far places are off the quintics through three neighbours on each side, noise alike.

    The first three and the last three are taken as in place.
    """
    off = np.zeros(len(times))
    middle = np.arange(_AROUND, len(times) - _AROUND)
    if not len(middle):
        return off
    others = middle[:, None] + np.delete(np.arange(-_AROUND, _AROUND + 1), _AROUND)
    clock = times[others] - times[middle, None]
    weights = np.ones_like(clock)
    for own in range(2 * _AROUND):
        for other in range(2 * _AROUND):
            if other != own:
                weights[:, own] *= clock[:, other] / (clock[:, other] - clock[:, own])
    gaps = places[middle] - np.einsum("fo,foc->fc", weights, places[others])
    off[middle] = np.linalg.norm(gaps, axis=1) / np.sqrt(1.0 + np.sum(weights**2, axis=1))
    return off


_AROUND = 3
"""Neighbours on each side through which a quintic goes."""

_FINEST = 0.02
"""Pixels below which no difference is strange, and no noise is taken to be."""


def noise_of_places(times: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    """Standard deviation of the noise of a coordinate, that with more of it, in pixels.

    Parameters
    ----------
    times : array of shape (time,)
    places : array of shape (time, 2)
        Pixels.
    """
    return max(_FINEST, *(noise_of(times, values) for values in places.T))


def noise_of(times: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Standard deviation of the noise of smooth samples, robustly.

    Parameters
    ----------
    times, values : arrays of shape (time,)
    """
    off = _off(times, values[:, None])
    spans = np.full(len(times), np.inf)
    spans[_AROUND:-_AROUND] = times[2 * _AROUND :] - times[: -2 * _AROUND]
    # over the shortest spans motion is smoothest; all of them where times are even
    near = spans <= _SHORT * float(np.quantile(spans, 0.25))
    return OF_MEDIAN * float(np.median(off[near])) if np.isfinite(spans).any() else 0.0


OF_MEDIAN = 1.4826
"""Standard deviation of normal noise over the median of its size."""

_SHORT = 1.1
"""Span of seven frames, over the lower quartile of all such spans, up to which it is short."""
