"""Encodings: codec, pixel format and quality of a video, and the ffmpeg options for them."""

from dataclasses import dataclass
from fractions import Fraction

# These look about as good as H.264 at 18.
DEFAULT_CRF = {"h264": 18, "h265": 20, "av1": 24, "vp9": 22}
LARGEST_CRF = {"h264": 51, "h265": 51, "av1": 63, "vp9": 63}
_WORDS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip  # from fast to small
PRESETS = {
    "h264": _WORDS,
    "h265": _WORDS,
    "av1": tuple(str(preset) for preset in range(14)),
    "vp9": tuple(str(preset) for preset in range(9)),
    "prores": (),
    "ffv1": (),
    "png": (),
    "webp": (),
    "gif": (),
}
DEFAULT_PRESET = {"h264": "faster", "h265": "fast", "av1": "8", "vp9": "4"}
_RGB = ("gbrp", "gbrp16le")
# The first is the default.
PIXEL_FORMATS = {
    "h264": (
        "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le",
    ),
    "h265": (
        "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le",
    ),
    "av1": ("yuv420p", "yuv420p10le"),
    "vp9": ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"),
    "prores": ("yuv422p10le", "yuv444p10le"),
    "ffv1": (
        *_RGB, "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le",
    ),
    "png": _RGB,
    "webp": ("gbrp",),
    "gif": ("gbrp",),
}  # fmt: skip  # one line each where it fits

# Motion compensation does not fit a zoom: look-ahead and B-frames save hardly a byte (x264, 720p:
# 13.8 MB at 38.5 dB without, 13.3 MB at 38.1 dB with) and cost 60 MB of memory at 1080p. A second
# reference frame does not help either: with one, 1080p is smaller (0.1 %), closer (0.04 dB), and
# quicker by 8 % (with slow presets by a quarter).
# The rest of an encoder's memory goes into its threads: two that share a frame as slices take 70 MB
# less at 1080p than three with a frame each. The number is fixed, not taken from the machine,
# because the bytes of the video depend on it.
THREADS = 2

# Ends of video names other than ".mp4"; "-frames" is a folder of pictures.
_ENDINGS = {
    "prores": ".mov", "ffv1": ".mkv", "png": "-frames", "webp": ".webp", "gif": ".gif",
}  # fmt: skip  # one line
HDR_CODECS = ("h265", "av1")
SILENT_CODECS = ("png", "webp", "gif")
"""Codecs whose files hold no sound."""

# Colour primaries, transfer function, matrix and range. They are stated both for the raw pictures
# that go in and for the stream that comes out: ffmpeg derives neither from the other.
_SIGNALS = {
    "bt709": ("bt709", "bt709", "bt709", "tv"),
    "hdr10": ("bt2020", "smpte2084", "bt2020nc", "tv"),
    "rgb": ("bt709", "iec61966-2-1", "rgb", "pc"),
}
# SMPTE ST 2086: the primaries of BT.2020 and D65 white in units of 0.00002, then the largest and
# smallest luminance, 1000 and 0.0001 nits, in units of 0.0001.
_X265_DISPLAY = "G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(10000000,1)"
_SVT_DISPLAY = "G(0.17,0.797)B(0.131,0.046)R(0.708,0.292)WP(0.3127,0.329)L(1000,0.0001)"


def ending_of(codec: str) -> str:
    """Return the end of the name of a video in this codec, such as ".mp4"."""
    return _ENDINGS.get(codec, ".mp4")


@dataclass(frozen=True, slots=True)
class Delivery:
    """Requirements of the encoded file where a video is shown."""

    keyframe_frames: int
    """Largest number of frames from one keyframe of the encoded video to the next."""
    most_kbps: int | None
    """Largest bit rate; None without a limit."""
    edit_lists: bool
    """Whether an MP4 may have edit lists, which say when each stream begins."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is encoded."""

    columns: int
    rows: int
    fps: Fraction
    codec: str
    crf: int | None
    """Quality, lower is better; None where the codec has no such setting."""
    pixel_format: str
    preset: str | None
    white_nits: int | None = None
    """Brightness of white in HDR10, in nits (cd/m²); None for standard dynamic range."""
    delivery: Delivery | None = None
    """Requirements of the place where it is shown; None for the usual video."""
    projection: str = "flat"
    """Name of the projection of its pictures."""

    @property
    def signal(self) -> str:
        """Encoding of light: "bt709", "hdr10" or "rgb"."""
        if self.pixel_format in _RGB:
            return "rgb"
        return "bt709" if self.white_nits is None else "hdr10"

    @property
    def encoded_format(self) -> str:
        """Pixel format given to the encoder: FFV1 takes 8-bit RGB packed, without loss."""
        return "bgr0" if self.pixel_format == "gbrp" else self.pixel_format

    @property
    def signal_options(self) -> list[str]:
        """Ffmpeg options that state the signal's colour space."""
        primaries, transfer, matrix, value_range = _SIGNALS[self.signal]
        return [
            *("-color_primaries", primaries, "-color_trc", transfer),
            *("-colorspace", matrix, "-color_range", value_range),
        ]

    @property
    def ending(self) -> str:
        """End of the video's name: ".mp4", or what suits the codec."""
        return ending_of(self.codec)

    @property
    def segment_ending(self) -> str:
        """End of the names of segments; PNG, GIF and WebP are made from lossless ones."""
        return ".mov" if self.codec == "prores" else ".mkv" if self.codec in _ENDINGS else ".mp4"

    @property
    def bits(self) -> int:
        """Bits per sample: 8, 10 or 16."""
        return next((bits for bits in (10, 16) if self.pixel_format.endswith(f"{bits}le")), 8)

    @property
    def chroma_step(self) -> tuple[int, int]:
        """Columns and rows of pixels that share one chroma sample."""
        if "420" in self.pixel_format:
            return 2, 2
        return (2, 1) if "422" in self.pixel_format else (1, 1)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame in the pixel format that ffmpeg is fed."""
        across, down = self.chroma_step
        samples = self.columns * self.rows + 2 * (self.columns // across) * (self.rows // down)
        return samples * (2 if self.bits > 8 else 1)

    def key(self) -> dict[str, object]:
        """Return all that the encoded bytes depend on besides the pictures."""
        return {
            "size": f"{self.columns}x{self.rows}",
            "fps": str(self.fps),
            "codec": self.codec,
            "crf": self.crf,
            "pixel_format": self.pixel_format,
            "preset": self.preset,
            "white_nits": self.white_nits,
            # Segments that were encoded before it was measured do not tell it.
            **({} if self.white_nits is None else {"light": "measured"}),
            **({} if self.projection == "flat" else {"projection": self.projection}),
            "options": {name: self._encoder_options(name) for name in self.encoders()},
        }

    def encoders(self) -> tuple[str, ...]:
        """Return ffmpeg's names of the encoders for this codec, best first."""
        # Not every ffmpeg has SVT-AV1: that of the wheel for 64-bit Arm lacks it.
        return {
            "h264": ("libx264",),
            "h265": ("libx265",),
            "av1": ("libsvtav1", "libaom-av1"),
            "vp9": ("libvpx-vp9",),
            "prores": ("prores_ks",),
        }.get(self.codec, ("ffv1",))

    def output_options(self, encoder: str) -> list[str]:
        """Return ffmpeg's options for encoding a segment with one of `encoders`."""
        return [
            *self._encoder_options(encoder),
            *(() if self.crf is None else ("-crf", str(self.crf))),
            *self.signal_options,
            *("-fflags", "+bitexact", "-flags:v", "+bitexact"),
        ]

    def tag_options(self) -> list[str]:
        """Return the options that tag the stream so that Apple's players accept it."""
        return ["-tag:v", "hvc1"] if self.codec == "h265" else []

    def _encoder_options(self, encoder: str) -> list[str]:
        if encoder == "prores_ks":
            # 3 is HQ, 4 is 4444.
            profile = "4" if "444" in self.pixel_format else "3"
            return ["-profile:v", profile, "-vendor", "apl0", "-threads", str(THREADS)]
        if encoder == "ffv1":
            return ["-level", "3", "-g", "1", "-slices", "4", "-threads", str(THREADS)]
        assert self.preset is not None
        if encoder == "libx264":
            return [
                *("-preset", self.preset, "-threads", str(THREADS)),
                *(
                    "-x264-params",
                    "rc-lookahead=1:sync-lookahead=0:bframes=0:ref=1:sliced-threads=1"
                    + self._delivered(),
                ),
            ]
        if encoder == "libx265":
            return [
                *("-preset", self.preset, *self.tag_options(), "-x265-params"),
                # B-frames would also shift the timestamps of every segment but the first.
                f"log-level=error:pools={THREADS}:frame-threads=2:rc-lookahead=8:bframes=0"
                + self._hdr(":hdr10=1:repeat-headers=1:master-display=", _X265_DISPLAY, "max-cll")
                + self._delivered(),
            ]
        if encoder == "libsvtav1":
            params = f"lp={THREADS}:lookahead=16"
            params += self._hdr(":mastering-display=", _SVT_DISPLAY, "content-light")
            return ["-preset", self.preset, "-svtav1-params", params]
        # libaom's cpu-used ends at 8, SVT's presets at 13.
        speed = self.preset if encoder == "libvpx-vp9" else str(min(int(self.preset), 8))
        deadline = "-deadline" if encoder == "libvpx-vp9" else "-usage"
        return [
            *("-b:v", "0", deadline, "good", "-cpu-used", speed),
            *("-row-mt", "1", "-threads", str(THREADS), "-lag-in-frames", "12"),
        ]

    def _delivered(self) -> str:
        """Return x264's and x265's options for what a place asks for, or ""."""
        if self.delivery is None:
            return ""
        options = f":keyint={self.delivery.keyframe_frames}:open-gop=0"
        if (kbps := self.delivery.most_kbps) is not None:
            options += f":vbv-maxrate={kbps}:vbv-bufsize={kbps}"
        return options

    def _hdr(self, begin: str, display: str, light: str) -> str:
        """Return HDR10's options for the mastering display and the brightest light, or ""."""
        if self.white_nits is None:
            return ""
        return f"{begin}{display}:{light}={self.white_nits},{self.white_nits}"
