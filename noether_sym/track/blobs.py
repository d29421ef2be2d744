"""Connected pixels that differ from the background, and the centroid of an object in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALF = 0.5
"""Share of an object's contrast at which its edge is: what is fainter is a shadow or a trace."""

_FEWEST = 5
"""Pixels of a blob at least."""

_MOST = 40
"""Blobs of a frame that are looked at, the strongest first."""

_CUT = 0.15
"""Share of the contrast below which a pixel near an object has no weight, and short of all of
which it has full weight: symmetric, so that an edge stays where it is."""

_MOST_CUT = 0.4
"""That share at most, however strong flicker is."""

_WIDER = 6
"""Pixels around an object that are looked at: its rim and what a string spoils lie within."""

_RING, _FAINT = 3, 0.3
"""Pixels around an object in which its rim is, and the share of its contrast from which a string
is seen there."""

_STRING = 0.5
"""Share of an object's inner radius up to which what sticks out of it is a string or a rod."""

_SPOILT = 2
"""Pixels around a string or a rod whose colours it may have changed."""

_BODY = 0.2
"""Share of a shape from which on what is thick in it is the object."""


@dataclass(frozen=True, slots=True, eq=False)
class Blob:
    """Connected pixels.

    Attributes
    ----------
    rows, columns : arrays of int
        Of its pixels.
    contrast : float
        Difference of colour from the background: its 90th percentile.
    energy : float
        Sum of differences.
    more : array of shape (3,)
        Mean colour, less the background's.
    ground : array of shape (3,)
        Mean colour of the background behind it.
    shaded : bool
        Whether a shadow touches it.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    contrast: float
    energy: float
    more: NDArray[np.float32]
    ground: NDArray[np.float32]
    shaded: bool

    @property
    def colour(self) -> NDArray[np.float32]:
        """Mean colour of its pixels, in the light of the background: (3,)."""
        return self.ground + self.more

    @property
    def area(self) -> int:
        """Number of pixels."""
        return len(self.rows)

    @property
    def centre(self) -> tuple[float, float]:
        """Mean column and row, plainly."""
        return float(self.columns.mean()), float(self.rows.mean())

    @property
    def is_shadow(self) -> bool:
        """Whether it only darkens what is behind it."""
        return bool(darker(self.more, self.ground))


def darker(more: NDArray[np.float32], ground: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether colours (..., 3) darken a ground as a shadow does: all alike, and not to black."""
    colour = ground + more
    share = np.sum(colour * ground, axis=-1) / np.maximum(np.sum(ground * ground, axis=-1), 1.0)
    off = np.linalg.norm(colour - share[..., None] * ground, axis=-1)
    found: NDArray[np.bool_] = (share > _DARKEST) & (share < 1.0)
    return found & (off < _HUE * np.linalg.norm(more, axis=-1))


_DARKEST, _HUE = 0.35, 0.15
"""Share of the ground's light that a shadow leaves at least, and how far its colour may be off the
ground's hue, over what it takes away."""

_LIT = 0.15
"""Share of a blob that is no shadow, from which on it is an object with its shadow."""


def blobs_of(
    different: NDArray[np.float32],
    more: NDArray[np.float32],
    background: NDArray[np.float32],
    threshold: float,
) -> list[Blob]:
    """Blobs of a frame, the strongest first, each cut at half of its own contrast.

    Parameters
    ----------
    different : array of shape (row, column)
        Differences of colour.
    more : array of shape (row, column, 3)
    background : array of shape (row, column, 3)
    threshold : float
    """
    labels, count = ndimage.label(different > threshold)
    if not count:
        return []
    energies = np.bincount(labels.ravel(), different.ravel())[1:]
    order = np.argsort(-energies, kind="stable")[:_MOST]
    boxes = ndimage.find_objects(labels)
    found = []
    for place in order:
        box = boxes[place]
        inside = labels[box] == place + 1
        if inside.sum() < _FEWEST:
            continue
        values = different[box]
        shadow = inside & darker(more[box], background[box])
        lit = inside & ~shadow
        shaded = _is_thick(shadow, lit)
        if shaded:
            inside = ndimage.binary_opening(lit)
        parts, _ = ndimage.label(inside & (values > HALF * _top(values, inside)))
        sizes = np.bincount(parts.ravel())[1:]
        for part in np.argsort(-sizes, kind="stable")[:_PARTS]:
            if sizes[part] >= max(_FEWEST, _CRUMB * sizes.max()):
                rows, columns = np.nonzero(parts == part + 1)
                found.append(
                    _blob(
                        rows + box[0].start,
                        columns + box[1].start,
                        different,
                        more,
                        background,
                        shaded,
                    )
                )
    return sorted(found, key=lambda blob: -blob.energy)


_PARTS, _CRUMB = 4, 0.15
"""Parts of a blob that are looked at, the largest, and share of the largest that each must have."""

_EDGE = 2
"""Pixels in from the edge of an object's core beyond which they count whole."""


def _top(values: NDArray[np.float32], inside: NDArray[np.bool_]) -> float:
    """The contrast of pixels: their 90th percentile."""
    return float(np.quantile(values[inside], 0.9)) if inside.any() else 0.0


def _blob(
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    different: NDArray[np.float32],
    more: NDArray[np.float32],
    background: NDArray[np.float32],
    shaded: bool,
) -> Blob:
    values = different[rows, columns]
    return Blob(
        rows,
        columns,
        float(np.quantile(values, 0.9)),
        float(values.sum()),
        more[rows, columns].mean(axis=0),
        background[rows, columns].mean(axis=0),
        shaded,
    )


def _is_thick(shadow: NDArray[np.bool_], lit: NDArray[np.bool_]) -> bool:
    """Whether what only darkens is a shadow beside an object, and not the object's blurred rim."""
    if not shadow.any() or lit.sum() < _LIT * (shadow | lit).sum():
        return False
    deep, high = (
        float(ndimage.distance_transform_edt(np.pad(one, 1)).max())
        for one in (shadow, ndimage.binary_opening(lit))
    )
    return high > 0 and deep > max(_RIM, _THICK * high)


_RIM, _THICK = 2.9, 0.35
"""Depth, in pixels and over that of the object, beyond which what darkens is no blurred rim."""


def is_trace(blob: Blob, pixels: NDArray[np.uint8], background: NDArray[np.float32]) -> bool:
    """Whether a blob is what an object left in the background, where it is now gone.

    Then it stands out from what is around it in the background, and not in the frame.
    """
    box, inside = _box(blob, _BESIDE, shape=pixels.shape[:2])
    ring = ndimage.binary_dilation(inside, iterations=_BESIDE) & ~ndimage.binary_dilation(inside)
    if not ring.any():
        return False
    now, then = pixels[box].astype(np.float32), background[box]
    stands = [
        float(np.linalg.norm(one[inside].mean(axis=0) - one[ring].mean(axis=0)))
        for one in (now, then)
    ]
    return stands[1] > stands[0]


_BESIDE = 3
"""Pixels around a blob, but for those that touch it, that are what is around it."""


def centroid(
    blob: Blob,
    more: NDArray[np.float32],
    background: NDArray[np.float32],
    contrast: float,
    noise: float,
) -> tuple[float, float, float]:
    """Centroid of the object in a blob, to a fraction of a pixel.

    Pixels near the edge of the blob count by the share of them that the object covers, told by
    their difference from the background; those inside count whole, whatever is painted there.
    What is thinner than half of the object's inner radius, such as a string, does not count:
    where it meets the rim, that is taken as it is on average. Nor does a shadow beside it.

    Parameters
    ----------
    blob : Blob
    more, background : arrays of shape (row, column, 3)
    contrast : float
        Of the object, from the background.
    noise : float
        Difference of colour that flicker makes.

    Returns
    -------
    column, row : float
        Pixels; that in the upper left corner has its middle at 0, 0.
    area : float
        Pixels.
    """
    box, inside = _box(blob, _WIDER, shape=more.shape[:2])
    core = _core(inside)
    around = ndimage.binary_dilation(core, iterations=_RING)
    brighter = float(blob.more @ blob.ground) > 0.0
    if brighter or (blob.shaded and not _nearly_black(blob)):
        # between what is brighter and its shadow no difference is left, and nothing touches;
        # a shadow looks the same as the edge of a black thing
        share = _unshaded(blob, more[box]) * float(np.linalg.norm(blob.more)) / contrast
    else:
        share = np.sqrt(np.einsum("rcx,rcx->rc", more[box], more[box])) / contrast
    cut = min(_MOST_CUT, max(_CUT, noise / contrast))
    weights = np.clip((share - cut) / (1.0 - 2.0 * cut), 0.0, 1.0) * around
    deep = ndimage.binary_erosion(core, iterations=_EDGE)
    weights[deep] = 1.0
    rim = around & ~deep
    spoiled = rim & _sticks_out(around & (share > _FAINT))
    weights[spoiled] = _as_elsewhere(weights, core, rim & ~spoiled)[spoiled]
    total = float(weights.sum())
    rows = np.arange(box[0].start, box[0].stop)
    columns = np.arange(box[1].start, box[1].stop)
    return (
        float(weights.sum(axis=0) @ columns) / total,
        float(weights.sum(axis=1) @ rows) / total,
        total,
    )


def _unshaded(blob: Blob, more: NDArray[np.float32]) -> NDArray[np.float32]:
    """Share of each pixel that an object covers, (row, column), whatever shadow is beside it.

    Only that part of a colour counts which no shadow makes: it darkens along the ground's colour.
    Of an object of the ground's hue, but brighter, the brightness counts.
    """
    ground = blob.ground / max(1.0, float(np.linalg.norm(blob.ground)))
    brighter = max(0.0, float(blob.more @ ground))
    own = blob.more - (float(blob.more @ ground) - brighter) * ground
    found: NDArray[np.float32] = (more @ own) / float(own @ own)
    return found


def _sticks_out(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels in and near what is thin, such as the end of a string."""
    thin = inside & ~ndimage.binary_dilation(_core(inside))
    return ndimage.binary_dilation(thin, iterations=_SPOILT)


def _as_elsewhere(
    weights: NDArray[np.float32], core: NDArray[np.bool_], rim: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Mean weights of a rim's pixels as far from the edge of the core: (row, column)."""
    off = ndimage.distance_transform_edt(~core) - ndimage.distance_transform_edt(core)
    steps = np.rint(off - off.min()).astype(int)
    sums = np.bincount(steps[rim], weights[rim], minlength=steps.max() + 1)
    counts = np.bincount(steps[rim], minlength=steps.max() + 1)
    found: NDArray[np.float32] = (sums / np.maximum(1, counts))[steps]
    return found


def _nearly_black(blob: Blob) -> bool:
    """Whether an object is of the colour of the ground, but darker than a shadow."""
    share = float(blob.colour @ blob.ground) / max(1.0, float(blob.ground @ blob.ground))
    off = float(np.linalg.norm(blob.colour - share * blob.ground))
    return share < 1.0 and off < _HUE * float(np.linalg.norm(blob.more))


def _core(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The shape without holes and without what is thin, unless that is nearly all of it."""
    filled = ndimage.binary_fill_holes(inside)
    deep = ndimage.distance_transform_edt(np.pad(filled, 1))[1:-1, 1:-1]
    reach = _STRING * float(deep.max())
    inner = deep > reach
    core = filled & (ndimage.distance_transform_edt(~inner) <= reach)
    return core if core.sum() > _BODY * filled.sum() else filled


def _box(
    blob: Blob, inside: int, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """The rectangle around a blob, wider by some pixels, and the blob in it."""
    top, left = max(0, blob.rows.min() - inside), max(0, blob.columns.min() - inside)
    bottom = min(shape[0], blob.rows.max() + inside + 1)
    right = min(shape[1], blob.columns.max() + inside + 1)
    mask = np.zeros((bottom - top, right - left), dtype=bool)
    mask[blob.rows - top, blob.columns - left] = True
    return (slice(int(top), int(bottom)), slice(int(left), int(right))), mask
