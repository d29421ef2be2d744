"""Clips of Physics 101: layout, filter, crop, frame rate, damage, cache, splits and flips."""

import numpy as np
import pytest
from physics101_files import CLIP, grey, write_clip, write_set

from noether_sym.errors import DatasetError, OptionError
from noether_sym.neural.video import physics101
from noether_sym.neural.video.physics101_frames import Preparation, decode, frames_of, resampled
from noether_sym.neural.video.physics101_split import in_batch, mirrored, split
from noether_sym.runtime import folders

SMALL = Preparation(size=16)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path_factory):
    """Nothing is read from or left in the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(folders, "cache_folder", lambda: folder)
    monkeypatch.delenv(physics101.DATA_VARIABLE, raising=False)
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three objects of two clips each, and what is to be left out or passed over."""
    root = write_set(tmp_path_factory.mktemp("data") / "phys101", ["torus", "block", "cone"])
    ramp = root / "scenarios" / "ramp"
    write_clip(ramp / "torus" / "20_02" / "1" / CLIP, frames=42)
    broken = ramp / "block" / "20_01" / "9" / CLIP
    write_clip(broken)
    broken.write_bytes(broken.read_bytes()[:900])
    write_clip(ramp / "torus" / "10_01" / "1" / CLIP)
    write_clip(ramp / "torus" / "20_01" / "1" / "Kinect_RGB_2.mp4")
    write_clip(root / "scenarios" / "fall" / "torus" / "20_01" / "1" / CLIP)
    return root


@pytest.fixture(scope="module")
def clips(root):
    return physics101.load(root, SMALL, cached=False)


def test_clips_of_the_angle_and_sensor_are_used_and_the_others_named(clips):
    assert [clip.name for clip in clips.clips] == [
        "block/20_01/1", "block/20_01/2", "cone/20_01/1", "cone/20_01/2",
        "torus/20_01/1", "torus/20_01/2",
    ]  # fmt: skip
    assert clips.objects == ("block", "block", "cone", "cone", "torus", "torus")
    damaged, short = clips.left_out
    assert (damaged.name, damaged.damaged) == ("block/20_01/9", True)
    assert "cannot be decoded" in damaged.reason
    assert (short.name, short.damaged) == ("torus/20_02/1", False)
    assert "holds 42 frames in 1.40 s, which make 21 at 15 a second; 22 are" in short.reason
    assert clips.notes()[0] == "6 clips of 3 objects"
    assert any(line.startswith("left out: block/20_01/9: it cannot") for line in clips.notes())


def test_43_frames_at_30_a_second_are_just_enough(tmp_path):
    assert decode(write_clip(tmp_path / "a.mp4", frames=43), SMALL).shape == (22, 16, 16, 3)
    with pytest.raises(DatasetError, match="22 are needed"):
        decode(write_clip(tmp_path / "b.mp4", frames=42), SMALL)
    with pytest.raises(DatasetError, match=r"lasts 1.43 s; clips from 2 s"):
        decode(tmp_path / "a.mp4", Preparation(size=16, shortest=2.0))
    whole = write_clip(tmp_path / "c.mp4", frames=60)
    assert len(decode(whole, Preparation(size=16, shortest=2.0))) == 22


@pytest.mark.parametrize(("rate", "step"), [(15, 1), (30, 2), (60, 4)])
def test_the_middle_frames_are_taken_at_15_a_second(tmp_path, rate, step):
    count = 26 * step
    path = write_clip(tmp_path / "a.mp4", frames=min(count, 80), rate=rate, drawn=grey)
    wanted = Preparation(frames=8, size=4)
    found = decode(path, wanted).mean((1, 2, 3))
    available = (min(count, 80) - 1) // step + 1
    first = (available - 8) // 2
    expected = 3 * step * np.arange(first, first + 8) + 10
    assert np.abs(found - expected).max() < 1.5


def test_frames_are_chosen_by_their_time_stamps():
    even = np.arange(43) / 30
    np.testing.assert_array_equal(resampled(even, 15.0), 2 * np.arange(22))
    np.testing.assert_array_equal(resampled(np.round(even, 3), 15.0), 2 * np.arange(22))
    np.testing.assert_array_equal(resampled(np.arange(26) / 25, 15.0)[:4], [0, 2, 3, 5])
    uneven = np.array([0.0, 0.01, 0.02, 0.07, 0.075, 0.14, 0.2])
    np.testing.assert_array_equal(resampled(uneven, 15.0), [0, 3, 5, 6])
    np.testing.assert_array_equal(resampled(np.zeros(1), 15.0), [0])


def test_uneven_time_stamps_of_a_file_are_honoured(tmp_path):
    # 30 a second, and then every second frame is missing
    times = [20 * number for number in range(10)] + [200 + 40 * number for number in range(10)]
    path = write_clip(tmp_path / "a.mp4", frames=20, drawn=grey, times=times)
    found = decode(path, Preparation(frames=15, size=4)).mean((1, 2, 3))
    expected = 3 * np.array([0, 2, 4, 6, 8, *range(10, 20)]) + 10
    assert np.abs(found - expected).max() < 1.5


def test_a_slower_clip_is_told_and_not_filled_up(tmp_path):
    path = write_clip(tmp_path / "a.mp4", frames=30, rate=10)
    with pytest.raises(DatasetError, match="holds 10 frames a second, fewer than the 15"):
        decode(path, Preparation(frames=8, size=4))
    assert len(decode(path, Preparation(frames=8, size=4, rate=10))) == 8


def test_the_square_in_the_middle_is_kept_whole(tmp_path):
    frames = decode(write_clip(tmp_path / "a.mp4"), Preparation(size=32)).astype(int)
    assert frames[..., 2][:, 20:].mean() < 20, "blue is outside the square"
    red = frames[:, 20:, :, 0].mean((0, 1))
    assert red[:14].min() > 90
    assert red[18:].max() < 30
    tall = write_clip(tmp_path / "b.mp4", drawn=lambda n: picture_of_height(n))
    assert decode(tall, Preparation(size=8))[:, :, :, 1].mean() > 240


def picture_of_height(_):
    """Taller than wide: green in the middle, black above and below."""
    frame = np.zeros((48, 32, 3), np.uint8)
    frame[8:40, :, 1] = 255
    return frame


def test_the_index_is_honoured(clips, root):
    ramp = physics101.locate(root)
    for number, clip in enumerate(clips.clips):
        own = decode(ramp / clip.name / CLIP, SMALL)
        np.testing.assert_array_equal(clips[number], own)
    whole = [frames.tobytes() for frames in clips.frames]
    assert len(set(whole)) == len(clips)


def test_flips_follow_the_seed_and_mirror_left_to_right(clips):
    assert mirrored(50, seed=0, epoch=1) == mirrored(50, seed=0, epoch=1)
    assert mirrored(50, seed=0, epoch=1) != mirrored(50, seed=0, epoch=2)
    assert mirrored(50, seed=0, epoch=1) != mirrored(50, seed=1, epoch=1)
    assert 450 < sum(mirrored(1000, seed=0, epoch=1)) < 550
    plain, turned, other = in_batch(clips, [3, 3, 1], [False, True, False])
    np.testing.assert_array_equal(turned, plain.flip(-1))
    assert (other != plain).any()
    assert plain.shape == (22, 3, 16, 16)
    assert 0 <= float(plain.min()) < 0.1
    assert 0.9 < float(plain.max()) <= 1
    left, right = (own[:, 0, 12:, :7].mean() for own in (plain, turned))
    assert left > 0.3 > 0.1 > right, "the red half is on the left"


def test_a_split_by_object_shares_no_object():
    objects = [f"thing {number % 11}" for number in range(389)]
    for seed in range(5):
        own = split(objects, by="object", seed=seed)
        held = {objects[number] for number in own.test}
        assert not held & {objects[number] for number in own.train}
        assert sorted((*own.train, *own.test)) == list(range(389))
        assert 0.2 <= len(own.test) / 389 < 0.35
        assert own.unseen == len(own.test)


def test_a_split_by_clip_is_the_papers():
    objects = [f"thing {number % 40}" for number in range(388)] + ["once"]
    own = split(objects, by="clip", seed=0)
    assert (len(own.train), len(own.test)) == (311, 78)
    assert sorted((*own.train, *own.test)) == list(range(389))
    assert own == split(objects, by="clip", seed=0)
    assert own != split(objects, by="clip", seed=1)
    alone = [split(objects, by="clip", seed=seed) for seed in range(60)]
    assert {(388 in one.test, one.unseen) for one in alone} == {(True, 1), (False, 0)}


def test_what_cannot_be_split_is_told():
    with pytest.raises(DatasetError, match="3 clips of 1 objects cannot be split by object; split"):
        split(["a"] * 3, by="object")
    with pytest.raises(DatasetError, match="1 clips of 1 objects cannot be split by clip; add"):
        split(["a"], by="clip")
    with pytest.raises(OptionError, match="by 'colour' is not known; choose from object, clip"):
        split(["a", "b"], by="colour")


def test_a_cut_clip_is_told_from_a_short_one(tmp_path):
    path = write_clip(tmp_path / "a.avi", frames=60)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(DatasetError, match=r"cut short: \d+ of 60|cannot be decoded"):
        decode(path, SMALL)
    other = write_clip(tmp_path / "b.mp4", frames=60)
    garbled = bytearray(other.read_bytes())
    garbled[len(garbled) // 2 : len(garbled) // 2 + 400] = bytes(400)
    other.write_bytes(garbled)
    with pytest.raises(DatasetError, match=r"frame \d+ is damaged"):
        decode(other, SMALL)
    path.write_bytes(b"no film")
    with pytest.raises(DatasetError, match="cannot be decoded"):
        decode(path, SMALL)


def test_decoded_clips_are_kept_by_content(tmp_path, own_cache):
    path = write_clip(tmp_path / "a.mp4", drawn=grey)
    first = frames_of(path, SMALL, own_cache)
    (held,) = own_cache.glob("*.npy")
    np.save(held, first + 1)  # what is held is what is read
    np.testing.assert_array_equal(frames_of(path, SMALL, own_cache), first + 1)
    held.write_bytes(held.read_bytes()[:200])
    np.testing.assert_array_equal(frames_of(path, SMALL, own_cache), first)
    assert len(frames_of(path, Preparation(size=16, frames=20), own_cache)) == 20
    write_clip(path)
    assert (frames_of(path, SMALL, own_cache) != first).any(), "another film under the same name"
    assert not list(own_cache.glob("*.part"))
    nowhere = tmp_path / "a.mp4" / "cache"
    np.testing.assert_array_equal(frames_of(path, SMALL, nowhere), decode(path, SMALL))


def test_the_data_are_sought_as_other_data_are(root, monkeypatch, own_cache):
    with pytest.raises(DatasetError, match=r"NOETHER_SYM_DATA is not set\)\. Download the data"):
        physics101.locate()
    ramp = root / "scenarios" / "ramp"
    for named in (root, root.parent):
        monkeypatch.setenv("NOETHER_SYM_DATA", str(named))
        assert physics101.locate() == ramp
    for folder in (root, ramp, root / "scenarios"):
        assert physics101.locate(folder) == ramp
    with pytest.raises(DatasetError, match="no folder scenarios/ramp is in"):
        physics101.locate(root / "scenarios" / "fall")
    monkeypatch.setenv("NOETHER_SYM_DATA", str(ramp / "torus"))
    (own_cache / "physics101").symlink_to(root)
    assert physics101.locate() == own_cache / "physics101" / "scenarios" / "ramp"


def test_no_usable_clip_says_why(root, tmp_path):
    with pytest.raises(DatasetError, match=r"none of the 8 clips .* \(1 damaged, 7 too short"):
        physics101.load(root, Preparation(frames=90, size=4), cached=False)
    (tmp_path / "ramp").mkdir()
    with pytest.raises(DatasetError, match="holds no clip <object>/20_01/<trial>/Kinect"):
        physics101.load(tmp_path)
    with pytest.raises(OptionError, match="frames is 0; give at least 1"):
        Preparation(frames=0)


def test_loading_tells_how_far_it_is(root):
    told = []
    physics101.load(root, SMALL, cached=False, progress=lambda *own: told.append(own))
    assert told == [("clips", number, 8) for number in range(1, 9)]
