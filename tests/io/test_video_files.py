"""Videos: read as PyAV alone reads them, written as the same bytes each time, and refused by name."""

import hashlib
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from av.stream import Disposition
from made_videos import encoded, pictures, tone

from overheard.errors import MediaError
from overheard.io import video_files, video_packets
from overheard.io.video_files import inspect_video, read_frames, read_track, write_video

CONTAINERS = ("mp4", "mov", "avi", "mkv")
REAL = ("park", "bento", "bikes")


@pytest.fixture(scope="module")
def reference():
    return np.load(Path(__file__).resolve().parents[1] / "vectors/video_frames.npz")


def decoded(path: Path) -> list[np.ndarray]:
    """All frames, by PyAV's own loop."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found.astype(float) - expected).mean())


@pytest.mark.parametrize("name", REAL)
def test_real_videos_are_those_of_the_reference(shared, reference, name):
    path = shared / "data/video" / f"{name}.mp4"
    video = inspect_video(path, fewer_frames=True)
    np.testing.assert_allclose(video.times_s, reference[f"{name}_pts_s"], atol=1e-9)
    frames = list(read_frames(path, range(len(video.times_s))))
    assert {frame.shape for frame in frames} == {(*reference[f"{name}_size_hw"].tolist(), 3)}
    means = np.array([frame.mean(axis=(0, 1)) for frame in frames])
    np.testing.assert_allclose(means, reference[f"{name}_frame_mean_rgb"], atol=1.0)
    some = [0, *range(3, len(frames), 4), len(frames) - 1]
    for picture, number in zip(read_frames(path, some), some, strict=True):
        np.testing.assert_array_equal(picture, frames[number])


@pytest.mark.parametrize("name", REAL[:2])
def test_real_sound_tracks_are_those_of_the_reference(shared, reference, name):
    samples, rate = read_track(shared / "data/video" / f"{name}.mp4")
    assert [rate, samples.shape[1], len(samples)] == reference[f"{name}_audio_rate_channels_samples"].tolist()
    np.testing.assert_allclose(
        np.sqrt(np.mean(samples.astype(float) ** 2, axis=0)), reference[f"{name}_audio_rms"], 1e-3
    )


def test_fewer_frames_than_promised_are_refused_or_allowed(shared):
    path = shared / "data/video/park.mp4"
    with pytest.raises(MediaError, match="18 frames promised by its header, 17 can be decoded; export it again"):
        inspect_video(path)
    video = inspect_video(path, fewer_frames=True)
    assert (video.promised, len(video.times_s)) == (18, 17)
    assert video.seconds == pytest.approx(17 * 1001 / 30000)  # the edit list leaves the eighteenth out
    assert inspect_video(path.with_name("bikes.mp4")).promised == 250


@pytest.mark.parametrize("ending", CONTAINERS)
def test_what_is_written_is_read(tmp_path, ending):
    path, frames, sound = tmp_path / f"clip.{ending}", pictures(30), tone(3.0)
    write_video(path, frames, 10, sound, quantiser=2)
    video = inspect_video(path)
    kind = {"mov": "MP4"}.get(ending, ending.upper())
    assert (video.kind, video.has_sound, video.promised) == (f"{kind} mjpeg", True, None if ending == "mkv" else 30)
    assert video.seconds == pytest.approx(3.0)
    np.testing.assert_allclose(video.times_s, np.arange(30) / 10, atol=1e-9)
    wanted = [0, 3, 3, 17, 29]
    found = np.stack(list(read_frames(path, wanted)))
    assert distance(found, frames[wanted]) < 3 < distance(found, frames[[1, 4, 4, 18, 28]])
    samples, rate = read_track(path)
    assert (samples.shape, samples.dtype, rate) == ((144000, 2), np.float32, 48000)
    np.testing.assert_allclose(samples, sound, atol=0.5 / 32768 + 1e-9)


@pytest.mark.parametrize("seconds", [0.25, 0.61])
def test_a_sound_of_another_length_is_written_whole(tmp_path, seconds):
    write_video(tmp_path / "clip.mp4", pictures(5), 10, tone(seconds))
    assert len(read_track(tmp_path / "clip.mp4")[0]) == round(48000 * seconds)


def test_a_video_without_sound_has_none(tmp_path):
    write_video(tmp_path / "clip.mp4", pictures(3), 10)
    assert not inspect_video(tmp_path / "clip.mp4").has_sound
    with pytest.raises(MediaError, match="no sound track, and no sound file of its own; put one beside it"):
        read_track(tmp_path / "clip.mp4")


@pytest.mark.parametrize("ending", CONTAINERS)
def test_the_same_bytes_each_time_and_in_another_process(tmp_path, ending):
    here = tmp_path / f"here.{ending}"
    write_video(here, pictures(12), 10, tone(1.2))
    there = f"""
import sys
from fractions import Fraction
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from av.stream import Disposition
from made_videos import pictures, tone
from overheard.io.video_files import write_video
write_video(Path({str(tmp_path / f"there.{ending}")!r}), pictures(12), 10, tone(1.2))
"""
    subprocess.run([sys.executable, "-c", there], check=True)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    assert len(digests) == 1
    write_video(here, pictures(12), 10, tone(1.2), quantiser=9)
    assert hashlib.sha256(here.read_bytes()).hexdigest() not in digests


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("mirrored", [False, True])
def test_frames_stand_upright(tmp_path, ending, mirrored):
    path, frames = tmp_path / f"clip.{ending}", pictures(3)
    for turns in range(4):
        # turned against the clock, then mirrored: FFmpeg's libavutil/display.h
        encoded(path, frames, rotation=90 * turns, mirrored=mirrored)
        shown = np.rot90(frames, turns, axes=(1, 2))
        shown = shown[:, :, ::-1] if mirrored else shown
        found = np.stack(list(read_frames(path, range(3))))
        assert found.shape == shown.shape
        assert distance(found, shown) < 6
    encoded(path, frames, rotation=30)
    with pytest.raises(MediaError, match="a rotation of no quarter turns; export it upright"):
        list(read_frames(path, [0]))


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_frames_of_a_variable_rate_keep_their_times(tmp_path, ending):
    path, frames, times = tmp_path / f"clip.{ending}", pictures(6), [0, 100, 150, 400, 1000, 1500]
    encoded(path, frames, times_ms=times)
    np.testing.assert_allclose(inspect_video(path).times_s, np.array(times) / 1000, atol=1e-9)
    assert distance(np.stack(list(read_frames(path, [2, 5]))), frames[[2, 5]]) < 6


def test_times_begin_with_the_file(tmp_path):
    encoded(tmp_path / "late.mkv", pictures(3), times_ms=[700, 800, 900])
    video = inspect_video(tmp_path / "late.mkv")
    np.testing.assert_allclose(video.times_s, [0, 0.1, 0.2], atol=1e-9)
    assert video.seconds == pytest.approx(0.3)


X264 = {
    "closed groups": "keyint=6:bframes=3:b-pyramid=normal",
    "open groups": "open-gop=1:keyint=6:min-keyint=4:bframes=3:b-pyramid=normal:scenecut=0",
    "no key frames but the first": "intra-refresh=1:keyint=6:bframes=0",
}


@pytest.mark.parametrize("ending", CONTAINERS)
@pytest.mark.parametrize("coding", [*X264, "mpeg4"])
def test_some_frames_are_those_of_the_whole(tmp_path, ending, coding):
    path = tmp_path / f"clip.{ending}"
    if coding == "mpeg4":
        encoded(path, pictures(40), "mpeg4", options={"bf": "2", "g": "8"})
    else:
        encoded(path, pictures(40), "libx264", options={"x264-params": X264[coding]})
    np.testing.assert_allclose(inspect_video(path).times_s, np.arange(40) / 10, atol=1e-9)
    whole, random = decoded(path), np.random.default_rng(0)
    for wanted in [*([number] for number in range(40)), *(np.sort(random.choice(40, 6)) for _ in range(10))]:
        for picture, number in zip(read_frames(path, wanted), wanted, strict=True):
            np.testing.assert_array_equal(picture, whole[number], err_msg=f"frame {number} of {wanted}")


def test_no_frame_is_decoded_that_is_not_needed(tmp_path, monkeypatch):
    handed = []
    real = video_files._decoded

    def counted(path, needed, unseen):
        handed.append(len(needed))
        return real(path, needed, unseen)

    monkeypatch.setattr(video_files, "_decoded", counted)
    encoded(tmp_path / "clip.mp4", pictures(40))
    encoded(tmp_path / "groups.mp4", pictures(40), "libx264", options={"x264-params": X264["closed groups"]})
    list(read_frames(tmp_path / "clip.mp4", [3, 20, 20, 39]))
    list(read_frames(tmp_path / "groups.mp4", [20]))
    assert handed == [3, 6]


def test_decoding_begins_where_nothing_is_predicted_across():
    # groups that are open: 5 and 6 are shown before their key frame 7, 8 before 9
    stamps, keys = [1, 3, 2, 7, 5, 6, 9, 8, 10], {1, 7, 9}
    packets = [video_packets.Coded(stamp, stamp + 1, stamp in keys, True, True) for stamp in stamps]
    assert video_packets.needed(packets, {2}) == video_packets.needed(packets, {7, 6}) == set(range(9))
    closed = [packet._replace(stamp=stamp) for packet, stamp in zip(packets, range(1, 10), strict=True)]
    assert video_packets.needed(closed, {2}) == {0, 1, 2}
    assert video_packets.needed(closed, {5, 9}) == {3, 4, 5, 6, 7, 8}
    cut = [*closed[:-1], closed[-1]._replace(whole=False)]
    assert video_packets.needed(cut, {8}) == {6, 7}


def test_frames_out_of_order_or_not_there_are_refused(tmp_path):
    write_video(tmp_path / "clip.mp4", pictures(3), 10)
    with pytest.raises(ValueError, match=r"expected frames in the order of time, got \[2, 1\]"):
        list(read_frames(tmp_path / "clip.mp4", [2, 1]))
    with pytest.raises(MediaError, match=r"3 frames, and frame 3 \(from 0\) is asked for"):
        list(read_frames(tmp_path / "clip.mp4", [0, 3]))
    assert list(read_frames(tmp_path / "clip.mp4", [])) == []


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
@pytest.mark.parametrize("read", [inspect_video, read_track, lambda path: list(read_frames(path, [0]))])
def test_what_is_no_video_is_refused(tmp_path, content, read):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    found = "broken, truncated or no video .invalid data" if content else r"not a video that can be read \(0 bytes\)"
    with pytest.raises(MediaError, match=f"{found}.*; replace or remove it"):
        read(path)


def test_a_file_that_is_not_there_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        inspect_video(tmp_path / "clip.mp4")


@pytest.mark.parametrize("ending", CONTAINERS)
@pytest.mark.parametrize("share", [0.95, 0.5])
def test_a_truncated_file_is_refused(tmp_path, ending, share):
    path = tmp_path / f"clip.{ending}"
    write_video(path, pictures(30), 10, tone(3.0))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    expected = {
        "avi": "30 frames promised by its header, [0-9]+ can be decoded; export it again",
        "mkv": r"3\.00 s promised by its header, it ends after [0-9.]+ s; export it again",
    }
    with pytest.raises(MediaError, match=expected.get(ending, "broken, truncated or no video")):
        inspect_video(path)


def test_a_file_cut_behind_its_header_is_refused(tmp_path):
    path = tmp_path / "clip.mp4"
    encoded(path, pictures(30), container={"movflags": "+faststart"})
    path.write_bytes(path.read_bytes()[: int(0.9 * path.stat().st_size)])
    with pytest.raises(MediaError, match="30 frames promised by its header, 2[5-8] can be decoded"):
        inspect_video(path)
    # the last frame that is there is whole
    last = len(inspect_video(path, fewer_frames=True).times_s) - 1
    assert distance(next(read_frames(path, [last])), pictures(30)[last]) < 6


def test_a_damaged_frame_is_refused_and_others_are_read(tmp_path):
    path = tmp_path / "clip.mp4"
    encoded(path, pictures(12), "libx264", options={"x264-params": "keyint=6:min-keyint=6:bframes=0:scenecut=0"})
    whole = decoded(path)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    middle = packets[8].pos + packets[8].size // 2
    content[middle : middle + 12] = b"\xff" * 12
    path.write_bytes(content)
    np.testing.assert_array_equal(next(read_frames(path, [5])), whole[5])
    # and those that are predicted from it
    for number in (8, 9, 11):
        with pytest.raises(
            MediaError, match=rf"frame {number} \(from 0\) of 12 cannot be decoded; replace or remove it"
        ):
            list(read_frames(path, [number]))


def test_a_damaged_jpeg_is_refused(tmp_path):
    path = tmp_path / "clip.mp4"
    encoded(path, pictures(3))
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][1]
    content = bytearray(path.read_bytes())
    lost = packet.size // 8
    content[packet.pos + packet.size - lost : packet.pos + packet.size] = bytes(lost)
    path.write_bytes(content)
    assert len(decoded(path)) == 3  # the decoder makes up the rest
    assert distance(next(read_frames(path, [2])), pictures(3)[2]) < 6
    with pytest.raises(MediaError, match="broken, truncated or no video .invalid data.*; replace or remove it"):
        list(read_frames(path, [1]))


@pytest.mark.parametrize("cover", [False, True])
def test_a_file_of_sound_alone_has_no_video_stream(tmp_path, cover):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000, layout="stereo")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(tone(1.0).T), format="fltp", layout="stereo")
        frame.rate = 48000
        if cover:
            picture = container.add_stream("mjpeg", rate=1, pix_fmt="yuvj420p")
            picture.height, picture.width, picture.disposition = 48, 64, Disposition.attached_pic
            container.mux(picture.encode(av.VideoFrame.from_ndarray(pictures(1)[0], format="rgb24")))
            container.mux(picture.encode(None))
        container.mux([*stream.encode(frame), *stream.encode(None)])
    with av.open(str(path)) as container:
        assert len(container.streams.video) == cover
    with pytest.raises(MediaError, match=r"no video stream in it \(found audio\); replace or remove it"):
        inspect_video(path)


def test_a_video_stream_of_no_frames_is_refused(tmp_path):
    write_video(tmp_path / "clip.avi", pictures(1), 10)
    content = (tmp_path / "clip.avi").read_bytes()
    # the list of frames, with nothing in it
    (tmp_path / "clip.avi").write_bytes(content[: content.index(b"movi") + 4])
    with pytest.raises(MediaError, match="no frames; replace or remove it"):
        inspect_video(tmp_path / "clip.avi")


def test_another_container_is_refused(tmp_path):
    encoded(tmp_path / "clip.nut", pictures(3))
    (tmp_path / "clip.nut").rename(tmp_path / "clip.mp4")
    with pytest.raises(MediaError, match="nut, whatever its name says; expected MP4, MOV, AVI or MKV: convert it"):
        inspect_video(tmp_path / "clip.mp4")


@pytest.mark.parametrize(("code", "what"), [(b"jpeg", "video"), (b"sowt", "audio")])
def test_a_coding_that_nobody_knows_is_refused(tmp_path, code, what):
    path = tmp_path / "clip.mov"
    write_video(path, pictures(3), 10, tone(0.3))
    content = path.read_bytes()
    assert content.count(code) == 1
    path.write_bytes(content.replace(code, b"zzzz"))
    with pytest.raises(MediaError, match=f"{what} in a coding that FFmpeg does not know; convert it"):
        {"video": inspect_video, "audio": read_track}[what](path)


def test_a_sound_track_of_no_samples_is_refused(tmp_path):
    write_video(tmp_path / "clip.mkv", pictures(3), 10, np.zeros((0, 2), np.float32))
    assert inspect_video(tmp_path / "clip.mkv").has_sound
    with pytest.raises(MediaError, match="no samples in its sound track; replace or remove it"):
        read_track(tmp_path / "clip.mkv")


def test_a_frame_without_a_time_is_refused():
    base = {"size": 9, "stream_index": 0, "dts": 0, "duration": 1, "time_base": Fraction(1, 10)}
    flags = {"is_keyframe": True, "is_corrupt": False, "is_discard": False}
    packets = [SimpleNamespace(pts=pts, **base, **flags) for pts in (0, None)]
    container = SimpleNamespace(format=SimpleNamespace(name="matroska,webm"), demux=lambda: iter(packets))
    with pytest.raises(MediaError, match=r"frame 1 \(from 0\) without a time stamp; export it again"):
        video_packets.listed(container, SimpleNamespace(index=0, time_base=Fraction(1, 10)))


def test_two_frames_at_one_time_are_refused(tmp_path):
    path = tmp_path / "clip.mkv"
    encoded(path, pictures(3), times_ms=[0, 100, 101])
    content = path.read_bytes()
    # the times of Matroska's simple blocks, in ms
    assert content.count(b"\x81\x00\x65\x80") == 1
    path.write_bytes(content.replace(b"\x81\x00\x65\x80", b"\x81\x00\x64\x80"))
    with pytest.raises(MediaError, match=r"two frames at 0\.100 s; expected one at a time: export it again"):
        inspect_video(path)


def test_a_track_that_begins_late_is_refused(tmp_path):
    path = tmp_path / "clip.mkv"
    for late_s, refused in ((0.1, False), (0.3, True)):
        with av.open(str(path), "w") as container:
            video = container.add_stream("mjpeg", rate=10, pix_fmt="yuvj420p")
            video.height, video.width = 48, 64
            track = container.add_stream("pcm_s16le", rate=48000, layout="stereo")
            for number, picture in enumerate(pictures(10)):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts = number
                container.mux(video.encode(frame))
            container.mux(track.encode(video_files._block(tone(1.0), 48000, round(late_s * 48000))))
            container.mux([*video.encode(None), *track.encode(None)])
        if refused:
            with pytest.raises(MediaError, match=r"begins 0\.30 s after the video; expected at most 0\.2 s: export it"):
                read_track(path)
        else:
            assert len(read_track(path)[0]) == 48000
