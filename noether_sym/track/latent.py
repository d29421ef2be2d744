"""One coordinate learned from pixels, without following an object.

The frames of a motion with one degree of freedom lie on a curve in the space of pictures. The
curve is found in their principal components, of which noise leaves few (Gavish, Donoho 2014,
doi:10.1109/TIT.2014.2323359): first as the shortest way through neighbours in a graph (Tenenbaum
et al. 2000, doi:10.1126/science.290.5500.2319), neighbours in time among them, then as a
principal curve (Hastie, Stuetzle 1989, doi:10.1080/01621459.1989.10478797). The coordinate is
the length along it, at which each frame lies nearest: where a shape turns around a point, every
radian is as long as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.errors import DatasetError
from noether_sym.track.path import middle_of_swings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Clip = tuple[Array, NDArray[Any]]
    """Times of shape (frame,), and pictures of shape (frame, row, column) or with colours."""

FEWEST = 40
"""Frames in all that a curve is learned from."""

MOST = 3000
"""Frames in all up to which it is."""

_COMPONENTS = 24
_NEIGHBOURS = 8
_BLUR = 1.0
"""Standard deviation in pixels by which pictures are blurred."""

_ROUNDS = 12
_GRID = 2000
_PIECES = 24
"""Pieces of the curve's splines at most; one for every `_EACH` frames."""
_EACH = 4

_CLOSED = 0.1
"""Distance of branches, over the extent of all, from which up they are two."""


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """A learned coordinate.

    Attributes
    ----------
    values : tuple of array of shape (frame,)
        One a clip, of standard deviation 1 in all, and 0 in the middle of the swings.
    components : int
        Principal components that stand out of the noise.
    off : float
        Root mean square distance of the frames' components from the curve, over its length.
    """

    values: tuple[Array, ...]
    components: int
    off: float


def latent_of(clips: Sequence[Clip]) -> Latent:
    """Learn one coordinate from the pixels of a motion with one degree of freedom.

    Parameters
    ----------
    clips : sequence of (times, pictures)
        Of one scene, small: a hundred pixels square are more than enough.

    Raises
    ------
    DatasetError
        If there are too few or too many frames, nothing changes, or the frames lie on a closed
        curve, as of something that turns all the way round.
    """
    count = sum(len(times) for times, _ in clips)
    if not FEWEST <= count <= MOST:
        raise DatasetError(
            f"a coordinate is learned from {FEWEST} to {MOST:,} frames, and there are {count:,}"
        )
    scores = _components(clips)
    smooth = _smoothed(scores, [times for times, _ in clips])
    run = _graph_coordinate(smooth, [len(times) for times, _ in clips])
    off = 0.0
    for _ in range(_ROUNDS):
        # frames that are smooth in time lead to the curve; each frame by itself then to its place
        run, off = _projected(smooth, run)
    grid, curve = _curve(scores, run)
    run, off = _nearest(scores, run, grid, curve)
    middle = _middle(clips, run)
    scale = float(run.std()) or 1.0
    ends = np.cumsum([len(times) for times, _ in clips])[:-1]
    values = np.split((run - middle) / scale, ends)
    return Latent(tuple(values), scores.shape[1], off / float(np.ptp(run)))


def _components(clips: Sequence[Clip]) -> Array:
    """Principal components of all pictures that stand out of the noise: (frame, component)."""
    from scipy.ndimage import gaussian_filter

    every = np.concatenate([own for _, own in clips]).astype(float)
    # a shape whose edges are sharper than pixels moves by jerks: its speed depends on the grid
    every = gaussian_filter(every, (0, _BLUR, _BLUR, *(0,) * (every.ndim - 3)))
    pictures = every.reshape(len(every), -1)
    pictures -= pictures.mean(axis=0)
    pictures = pictures[:, pictures.std(axis=0) > 0]
    if not pictures.size:
        raise DatasetError("nothing changes in the pictures")
    left, sizes, _ = np.linalg.svd(pictures, full_matrices=False)
    share = min(pictures.shape) / max(pictures.shape)
    factor = 0.56 * share**3 - 0.95 * share**2 + 1.82 * share + 1.43
    kept = int(np.sum(sizes > max(factor * float(np.median(sizes)), 1e-6 * sizes[0])))
    if kept < 2:
        raise DatasetError("the pictures change by noise alone, or in one colour")
    kept = min(kept, _COMPONENTS)
    found: Array = left[:, :kept] * sizes[:kept]
    return found


def _smoothed(scores: Array, clocks: Sequence[Array]) -> Array:
    """Components smoothed in time, by generalised cross-validation."""
    from scipy.interpolate import make_smoothing_spline

    found, first = scores.copy(), 0
    for clock in clocks:
        own = slice(first, first + len(clock))
        first += len(clock)
        if len(clock) < _NEIGHBOURS:
            continue
        scaled = (clock - clock[0]) / float(np.median(np.diff(clock)))
        for place in range(scores.shape[1]):
            found[own, place] = make_smoothing_spline(scaled, scores[own, place])(scaled)
    return found


def _graph_coordinate(points: Array, lengths: Sequence[int]) -> Array:
    """How far each point is from one end, from neighbour to neighbour: (point,)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components, dijkstra
    from scipy.spatial import cKDTree

    near, others = cKDTree(points).query(points, _NEIGHBOURS + 1)
    rows = np.repeat(np.arange(len(points)), _NEIGHBOURS)
    starts = {0, *np.cumsum(lengths).tolist()}
    following = np.array([one for one in range(1, len(points)) if one not in starts])
    steps = np.linalg.norm(points[following] - points[following - 1], axis=1)
    ends = (
        np.concatenate([near[:, 1:].ravel(), steps]) + 1e-12,
        (np.concatenate([rows, following]), np.concatenate([others[:, 1:].ravel(), following - 1])),
    )
    graph = coo_matrix(ends, shape=(len(points),) * 2).tocsr()
    parts, labels = connected_components(graph, directed=False)
    if parts > 1:
        sizes = np.bincount(labels).tolist()
        raise DatasetError(
            f"the frames fall apart into {parts} groups without likeness ({sizes} frames); give "
            "clips of one scene in which the same places are passed"
        )
    first = int(np.argmax(dijkstra(graph, directed=False, indices=0)))
    run: Array = dijkstra(graph, directed=False, indices=first)
    if _is_loop(points, run):
        raise DatasetError(
            "the frames lie on a closed curve, as of something that turns all the way round; "
            "one coordinate without a jump cannot tell that; track the object (without --latent)"
        )
    return run


def _is_loop(points: Array, run: Array) -> bool:
    """Whether two branches far from each other are equally far from an end."""
    order = np.argsort(run)
    middle = order[len(order) // 3 : 2 * len(order) // 3]
    extent = float(np.linalg.norm(points.max(axis=0) - points.min(axis=0)))
    # on one branch no two points are farther apart than along it
    apart = np.linalg.norm(np.diff(points[middle], axis=0), axis=1) - np.diff(run[middle])
    return float(np.quantile(apart, 0.8)) > _CLOSED * extent


def _curve(points: Array, run: Array) -> tuple[Array, Array]:
    """The curve through points in the order of a coordinate: lengths, and places on it."""
    from scipy.interpolate import make_lsq_spline

    order = np.argsort(run, kind="stable")
    clock, own = run[order], points[order]
    pieces = int(np.clip(len(run) // _EACH, 2, _PIECES))
    inner = np.quantile(clock, np.linspace(0, 1, pieces + 1)[1:-1])
    even = np.linspace(clock[0], clock[-1], pieces + 1)[1:-1]
    inner = np.unique((inner + even) / 2)
    knots = np.concatenate([[clock[0]] * 4, inner, [clock[-1]] * 4])
    spline = make_lsq_spline(clock, own, knots)
    places = spline(np.linspace(clock[0], clock[-1], _GRID))
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)]), places


def _projected(points: Array, run: Array) -> tuple[Array, float]:
    """The place of each point on the curve that they make."""
    return _nearest(points, run, *_curve(points, run))


def _nearest(points: Array, run: Array, grid: Array, curve: Array) -> tuple[Array, float]:
    """The length along a curve at which each point is nearest, and how far it is off.

    At its ends the curve goes on straight, so that no frame is pushed back to it.
    """
    from scipy.spatial import cKDTree

    _, places = cKDTree(curve).query(points)
    wide = max(1, _GRID // 200)
    low, high = np.maximum(places - wide, 0), np.minimum(places + wide, _GRID - 1)
    tangents = (curve[high] - curve[low]) / (grid[high] - grid[low])[:, None]
    apart = points - curve[places]
    ahead = np.einsum("fc,fc->f", apart, tangents)
    ahead /= np.einsum("fc,fc->f", tangents, tangents)
    rest = apart - ahead[:, None] * tangents
    return grid[places] + ahead, float(np.sqrt(np.mean(np.sum(rest**2, axis=1))))


def _middle(clips: Sequence[Clip], run: Array) -> float:
    """The middle of the swings of all clips, or the mean where there are none."""
    found, first = [], 0
    for times, _ in clips:
        own = middle_of_swings(times, run[first : first + len(times)])
        found += [] if own is None else [own]
        first += len(times)
    return float(np.median(found)) if found else float(run.mean())
