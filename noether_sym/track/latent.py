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

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from noether_sym.errors import DatasetError
from noether_sym.track.path import middle_of_swings

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.interpolate import BSpline
    from scipy.sparse import csr_matrix

    Array = NDArray[np.float64]
    Clip = tuple[Array, NDArray[Any]]
    """Times of shape (frame,), and pictures of shape (frame, row, column) or with colours."""

FEWEST = 40
"""Frames in all that a curve is learned from."""

MOST = 3000
"""Frames in all up to which it is."""

_COMPONENTS = 24
"""Principal components that are used at most."""
_NEIGHBOURS = 8
"""Nearest frames that each is joined to; clips of fewer frames are not smoothed."""
_ALIKE = 0.5
"""Share of the distance of two frames as a rule, from which up they are no neighbours."""
_PAIRED = 500
"""Frames of which that distance is taken."""
_BLURS = (1.0, 2.0, 4.0)
"""Standard deviations in pixels by which pictures are blurred: the first with which they lie on a
curve. What moves by more than its own width from frame to frame needs more."""

_ROUNDS = 12
"""Times that the curve is drawn anew through the frames in the order along the last one."""
_GRID = 2000
"""Places on a curve that frames are compared with."""
_PIECES = 24
"""Pieces of the curve's splines at most; one for every `_EACH` frames."""
_EACH = 4
"""Frames to a piece."""

_RESTING = 1e-3
"""Share of the coordinate's range within which frames show the same: pieces are then even."""
_MOVING = 0.01
"""Share of its range that the middle half of the frames must take."""
_FAR = 10.0
"""Times as far as any point that a spline's coefficients may lie."""
_BEYOND = 0.05
"""Share of the length of a curve that it may go on beyond its ends."""

_OFF = 0.25
"""Distance of the frames from their curve, over their spread, from which up there is none."""

_CLOSED = 0.1
"""Distance of branches, over the extent of all, from which up they are two."""
_ACROSS = 0.8
"""Quantile of the steps between frames in the order of the coordinate that is this distance: of two
branches about half of the steps go from one to the other."""

_ROUNDING = 1e-6
"""Size over that of the first, up to which a principal component is rounding."""
_TOUCHING = 1e-12
"""Added to the length of every edge: a sparse graph has no edge of length 0."""
_TANGENT = 200
"""Part of a curve, one in so many, on either side of a place that tells its direction there."""


_RESTS = (
    "too many frames are alike for the others to make a curve; cut the video to where something "
    "moves"
)
_LOOP = (
    "the frames lie on a closed curve, as of something that turns all the way round, or on a "
    "surface, as of two things that move or of one that moves in two directions; one coordinate "
    "without a jump cannot tell that; track the object (without --latent)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """A learned coordinate.

    Attributes
    ----------
    values : tuple of array of shape (frame,)
        One a clip, of standard deviation 1 in all, and 0 in the middle of the swings.
    components : int
        Principal components that stand out of the noise.
    used : int
        How many of them the curve was found in, the first ones.
    off : float
        Root mean square distance of the frames' components from the curve, over its length.
    """

    values: tuple[Array, ...]
    components: int
    used: int
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
        If there are too few or too many frames, nothing changes, or the frames lie on no curve
        with two ends.
    """
    count = sum(len(times) for times, _ in clips)
    if not FEWEST <= count <= MOST:
        raise DatasetError(
            f"a coordinate is learned from {FEWEST} to {MOST:,} frames, and there are {count:,}"
        )
    refused: list[_NoCurve] = []
    for blur, smoothed in itertools.product(_BLURS, (True, False)):
        try:
            return _learned(clips, blur, smoothed=smoothed)
        except _NoCurve as error:
            refused.append(error)
    # a loop says something of the motion where nothing else is said of it
    raise DatasetError(str(next((own for own in refused if str(own) != _LOOP), refused[0])))


class _NoCurve(DatasetError):
    """What pictures that are blurred more may yet mend."""


def _learned(clips: Sequence[Clip], blur: float, *, smoothed: bool) -> Latent:
    """The coordinate from pictures that are blurred so much, with a curve smooth in time or not."""
    scores, standing = _components(clips, blur)
    # of something fast, frames that are smoothed in time are smeared
    smooth = _smoothed(scores, [times for times, _ in clips]) if smoothed else scores
    run = _graph_coordinate(smooth, [len(times) for times, _ in clips])
    for _ in range(_ROUNDS):
        # frames that are smooth in time lead to the curve; each frame by itself then to its place
        run, _ = _projected(smooth, run)
    run, off = _projected(scores, run)
    low, high = np.quantile(run, (0.25, 0.75))
    if not high - low > _MOVING * np.ptp(run):
        raise _NoCurve(_RESTS)
    spread = float(np.sqrt((scores**2).sum(axis=1).mean()))
    if not off <= _OFF * spread:
        raise _NoCurve(
            f"the frames lie on no curve: their distance from the nearest is {off / spread:.2g} of "
            "their spread, as of noise alone, of two things that move, or of one that is too small "
            "or too fast to overlap with itself from frame to frame; cut the video to the one that "
            "moves (--region), or track the object (without --latent)"
        )
    middle = _middle(clips, run)
    scale = float(run.std()) or 1.0
    ends = np.cumsum([len(times) for times, _ in clips])[:-1]
    values = np.split((run - middle) / scale, ends)
    return Latent(tuple(values), standing, scores.shape[1], off / float(np.ptp(run)))


def _components(clips: Sequence[Clip], blur: float) -> tuple[Array, int]:
    """Principal components of all pictures, (frame, component), and how many are no noise."""
    from scipy.ndimage import gaussian_filter

    every = np.concatenate([own for _, own in clips]).astype(float)
    # a shape whose edges are sharper than pixels moves by jerks: its speed depends on the grid
    every = gaussian_filter(every, (0, blur, blur, *(0,) * (every.ndim - 3)))
    pictures = every.reshape(len(every), -1)
    pictures -= pictures.mean(axis=0)
    pictures = pictures[:, pictures.std(axis=0) > 0]
    if not pictures.size:
        raise DatasetError("nothing changes in the pictures")
    left, sizes, _ = np.linalg.svd(pictures, full_matrices=False)
    share = min(pictures.shape) / max(pictures.shape)
    # the threshold of Gavish and Donoho for noise of a size that is not known
    factor = 0.56 * share**3 - 0.95 * share**2 + 1.82 * share + 1.43
    kept = int(np.sum(sizes > max(factor * float(np.median(sizes)), _ROUNDING * sizes[0])))
    if kept < 2:
        raise DatasetError("the pictures change by noise alone, or in one colour")
    used = min(kept, _COMPONENTS)
    found: Array = left[:, :used] * sizes[:used]
    return found, kept


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
    from scipy.sparse.csgraph import connected_components, dijkstra
    from scipy.spatial import cKDTree

    near, others = cKDTree(points).query(points, _NEIGHBOURS + 1)
    rows = np.repeat(np.arange(len(points)), _NEIGHBOURS)
    starts = {0, *np.cumsum(lengths).tolist()}
    following = np.array([one for one in range(1, len(points)) if one not in starts])
    steps = np.linalg.norm(points[following] - points[following - 1], axis=1)
    limit = _ALIKE * _unlike(points)
    edges = [
        (rows, others[:, 1:].ravel(), near[:, 1:].ravel()),
        (following, following - 1, steps),
    ]
    alike = [tuple(own[edge[2] <= limit] for own in edge) for edge in edges]
    graph = _graph(alike, len(points))
    parts, labels = connected_components(graph, directed=False)
    if parts > 1:
        # what is passed once, and fast, is joined in the order of time
        joins = labels[following] != labels[following - 1]
        alike.append((following[joins], following[joins] - 1, steps[joins]))
        graph = _graph(alike, len(points))
        parts, labels = connected_components(graph, directed=False)
    if parts > 1:
        sizes = np.bincount(labels).tolist()
        raise _NoCurve(
            f"the frames fall apart into {parts} groups without likeness ({sizes} frames); give "
            "clips of one scene in which the same places are passed"
        )
    first = int(np.argmax(dijkstra(graph, directed=False, indices=0)))
    run: Array = dijkstra(graph, directed=False, indices=first)
    if _is_loop(points, run):
        raise _NoCurve(_LOOP)
    return run


def _unlike(points: Array) -> float:
    """The distance of two frames as a rule: where a small object is elsewhere, all are so far."""
    from scipy.spatial.distance import pdist

    return float(np.median(pdist(points[:: -(-len(points) // _PAIRED)])))


def _graph(edges: Sequence[tuple[NDArray[Any], ...]], count: int) -> csr_matrix:
    """Edges (from, to, length) between so many points."""
    from scipy.sparse import coo_matrix

    one, other, length = (np.concatenate(own) for own in zip(*edges, strict=True))
    return coo_matrix((length + _TOUCHING, (one, other)), shape=(count, count)).tocsr()


def _is_loop(points: Array, run: Array) -> bool:
    """Whether two branches far from each other are equally far from an end."""
    order = np.argsort(run)
    middle = order[len(order) // 3 : 2 * len(order) // 3]
    extent = float(np.linalg.norm(points.max(axis=0) - points.min(axis=0)))
    # on one branch no two points are farther apart than along it
    apart = np.linalg.norm(np.diff(points[middle], axis=0), axis=1) - np.diff(run[middle])
    return float(np.quantile(apart, _ACROSS)) > _CLOSED * extent


def _curve(points: Array, run: Array) -> tuple[Array, Array]:
    """The curve through points in the order of a coordinate: lengths, and places on it."""
    order = np.argsort(run, kind="stable")
    clock, own = run[order], points[order]
    pieces = int(np.clip(len(run) // _EACH, 2, _PIECES))
    spline = None
    while spline is None and pieces:
        # where many frames are alike, or none is near, some pieces hold no frame of their own
        spline = _spline(clock, own, pieces)
        pieces //= 2
    if spline is None:
        raise _NoCurve(_RESTS)
    places = spline(np.linspace(clock[0], clock[-1], _GRID))
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)]), places


def _spline(clock: Array, points: Array, pieces: int) -> BSpline | None:
    """The cubic spline of least squares with so many pieces; None where it is not determined."""
    from scipy.interpolate import make_lsq_spline

    inner = np.quantile(clock, np.linspace(0, 1, pieces + 1)[1:-1])
    even = np.linspace(clock[0], clock[-1], pieces + 1)[1:-1]
    resting = len(inner) > 1 and np.diff(inner).min() < _RESTING * np.ptp(clock)
    inner = even if resting else np.unique((inner + even) / 2)
    knots = np.concatenate([[clock[0]] * 4, inner, [clock[-1]] * 4])
    with np.errstate(all="ignore"):
        try:
            found: BSpline = make_lsq_spline(clock, points, knots)
        except (ValueError, np.linalg.LinAlgError):
            return None
    # one that runs far beyond its points is not determined by them
    return found if float(np.abs(found.c).max()) < _FAR * float(np.abs(points).max()) else None


def _projected(points: Array, run: Array) -> tuple[Array, float]:
    """The place of each point on the curve that they make."""
    return _nearest(points, run, *_curve(points, run))


def _nearest(points: Array, run: Array, grid: Array, curve: Array) -> tuple[Array, float]:
    """The length along a curve at which each point is nearest, and how far it is off.

    At its ends the curve goes on straight, so that no frame is pushed back to it.
    """
    from scipy.spatial import cKDTree

    _, places = cKDTree(curve).query(points)
    wide = max(1, _GRID // _TANGENT)
    low, high = np.maximum(places - wide, 0), np.minimum(places + wide, _GRID - 1)
    tangents = (curve[high] - curve[low]) / np.maximum(grid[high] - grid[low], 1e-300)[:, None]
    apart = points - curve[places]
    ahead = np.einsum("fc,fc->f", apart, tangents)
    ahead /= np.maximum(np.einsum("fc,fc->f", tangents, tangents), 1e-12)
    # where a curve winds within a step, its direction says nothing
    end = (places == 0) | (places == _GRID - 1)
    reach = np.where(end, _BEYOND * grid[-1], wide * grid[-1] / _GRID)
    ahead = np.clip(ahead, -reach, reach)
    rest = apart - ahead[:, None] * tangents
    return grid[places] + ahead, float(np.sqrt(np.mean(np.sum(rest**2, axis=1))))


def _middle(clips: Sequence[Clip], run: Array) -> float:
    """The middle of the swings of all clips, or the mean where there are none."""
    found, first = [], 0
    for times, _ in clips:
        own = middle_of_swings(times, run[first : first + len(times)])
        found += [] if own is None else [own]
        first += len(times)
    middle = float(np.median(found)) if found else np.nan
    return middle if run.min() < middle < run.max() else float(run.mean())
