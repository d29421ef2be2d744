"""Small clips as Physics 101 lays them out, written with PyAV."""

from fractions import Fraction

import numpy as np

CLIP = "Kinect_RGB_1.mp4"


def picture(number, *, height=32, width=48, shift=0):
    """A white block that moves to the right by a pixel a frame; its left half of the frame is red.

    What lies outside the square in the middle is blue.
    """
    frame = np.zeros((height, width, 3), np.uint8)
    left = (width - height) // 2
    frame[:, :left, 2] = frame[:, left + height :, 2] = 255
    frame[:, left : left + height // 2, 0] = 120
    place = left + (2 + shift + number // 3) % (height - 8)
    frame[8:16, place : place + 8] = 255
    return frame


def grey(number, *, height=32, width=48):
    """A frame whose brightness tells its number."""
    return np.full((height, width, 3), 3 * number + 10, np.uint8)


def write_clip(path, *, frames=46, rate=30, drawn=picture, times=None, **how):
    """Write frames; `times` are time stamps in units of 1/600 s, even ones otherwise."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(rate).limit_denominator(1000))
        made = [drawn(number, **how) for number in range(frames)]
        stream.height, stream.width = made[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 600)
        for number, pixels in enumerate(made):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[number], Fraction(1, 600)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_set(root, things, *, trials=2, **how):
    """Clips of several objects: ``scenarios/ramp/<object>/20_01/<trial>/Kinect_RGB_1.mp4``."""
    for shift, thing in enumerate(things):
        for trial in range(trials):
            folder = root / "scenarios" / "ramp" / thing / "20_01" / f"{trial + 1}"
            write_clip(folder / CLIP, shift=3 * shift + trial, **how)
    return root
