"""Small videos of a moving object, made with PyAV, with its true path."""

from fractions import Fraction

import numpy as np

WIDTH, HEIGHT = 160, 120
RATE = 30


def disc(picture, x, y, radius, colour):
    """Paint a disc whose edge covers pixels by their share, at (x, y) to the right and down."""
    top, left = (max(0, int(middle - radius - 2)) for middle in (y, x))
    near = picture[top : max(0, int(y + radius + 3)), left : max(0, int(x + radius + 3))]
    rows, columns = np.mgrid[: near.shape[0], : near.shape[1]]
    share = np.clip(radius + 0.5 - np.hypot(columns + left - x, rows + top - y), 0, 1)[..., None]
    near += share * (np.asarray(colour, dtype=float) - near)


def film(path, places, *, paint, ground, noise=0.0, seed=0, times=None, codec="mpeg4", rate=RATE):
    """Write a video of one frame a place; `paint(picture, frame, place)` draws into it."""
    import av

    random = np.random.default_rng(seed)
    # several threads of x264 decide otherwise than one
    options = {"qscale": "2"} if codec == "mpeg4" else {"crf": "23", "threads": "1"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = ground.shape[1], ground.shape[0], "yuv420p"
        if codec == "mpeg4":
            stream.bit_rate = 4_000_000
        if times is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for frame, place in enumerate(places):
            picture = ground.astype(float).copy()
            paint(picture, frame, place)
            picture += random.normal(0, noise, picture.shape) if noise else 0.0
            own = av.VideoFrame.from_ndarray(
                np.clip(np.rint(picture), 0, 255).astype(np.uint8), format="rgb24"
            )
            own.pts = frame if times is None else round(1000 * times[frame])
            if times is not None:
                own.time_base = Fraction(1, 1000)
            container.mux(stream.encode(own))
        container.mux(stream.encode())
    return path


def plain(colour=(205, 200, 190)):
    """A light ground, a little brighter on one side."""
    ground = np.empty((HEIGHT, WIDTH, 3))
    ground[:] = colour
    ground += np.linspace(-10, 10, WIDTH)[None, :, None]
    return ground


def swing(count, amplitude=0.6, length=80.0, pivot=(80.0, 10.0), frequency=1.1, offset=0.0):
    """Angles and centroids of a pendulum's swings, taken from its elliptic function."""
    from scipy.special import ellipj, ellipk

    modulus = np.sin(amplitude / 2) ** 2
    turn = 2 * np.pi * frequency * np.arange(count) / RATE
    sine = ellipj(turn + ellipk(modulus), modulus)[0]
    angles = 2 * np.arcsin(np.sqrt(modulus) * sine)
    turned = angles + offset
    places = np.stack(
        [pivot[0] + length * np.sin(turned), pivot[1] + length * np.cos(turned)], axis=-1
    )
    return angles, places
