"""How a video is encoded: what the config says, and the ffmpeg options that say it."""

from dataclasses import dataclass
from fractions import Fraction

# What looks alike at these is about as good as H.264's 18.
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
}
DEFAULT_PRESET = {"h264": "faster", "h265": "fast", "av1": "8", "vp9": "4"}
PIXEL_FORMATS = {
    "h264": (
        "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le",
    ),
    "h265": (
        "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le",
    ),
    "av1": ("yuv420p", "yuv420p10le"),
    "vp9": ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"),
}  # fmt: skip  # one line each where it fits

# A zoom has no motion that a codec knows: looking ahead and B-frames save hardly a byte of it
# (x264, 720p: 13.8 MB at 38.5 dB without, 13.3 MB at 38.1 dB with) and cost 60 MB at 1080p. Nor
# does a second reference frame: one makes 1080p smaller (0.1 %), closer (0.04 dB), and quicker by
# 8 % (the slow presets by a quarter).
# Threads are what the rest of an encoder's memory goes into: two that share a frame as slices take
# 70 MB less at 1080p than three with a frame each. They are fixed, not taken from the machine,
# because the bytes of the video depend on them.
THREADS = 2

# Said of the pictures that go in and of the stream that comes out: ffmpeg takes neither from the
# other when the pictures are raw.
BT709_OPTIONS = [
    *("-color_primaries", "bt709", "-color_trc", "bt709"),
    *("-colorspace", "bt709", "-color_range", "tv"),
]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is encoded."""

    columns: int
    rows: int
    fps: Fraction
    codec: str
    crf: int
    pixel_format: str
    preset: str

    @property
    def bits(self) -> int:
        """Bits of a sample: 8 or 10."""
        return 10 if self.pixel_format.endswith("10le") else 8

    @property
    def chroma_step(self) -> tuple[int, int]:
        """Columns and rows of pixels that share a chroma sample."""
        if "420" in self.pixel_format:
            return 2, 2
        return (2, 1) if "422" in self.pixel_format else (1, 1)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame as it is handed to ffmpeg."""
        across, down = self.chroma_step
        samples = self.columns * self.rows + 2 * (self.columns // across) * (self.rows // down)
        return samples * (2 if self.bits == 10 else 1)

    def key(self) -> dict[str, object]:
        """Return what the encoded bytes depend on, besides the pictures."""
        return {
            "size": f"{self.columns}x{self.rows}",
            "fps": str(self.fps),
            "codec": self.codec,
            "crf": self.crf,
            "pixel_format": self.pixel_format,
            "preset": self.preset,
            "options": {name: self._encoder_options(name) for name in self.encoders()},
        }

    def encoders(self) -> tuple[str, ...]:
        """Return the names of the encoders that can make this, the best first."""
        # Not every ffmpeg has SVT-AV1: that of 64-bit Arm's wheel has not.
        return {
            "h264": ("libx264",),
            "h265": ("libx265",),
            "av1": ("libsvtav1", "libaom-av1"),
            "vp9": ("libvpx-vp9",),
        }[self.codec]

    def output_options(self, encoder: str) -> list[str]:
        """Return ffmpeg's options for encoding a segment with one of `encoders`."""
        return [
            *self._encoder_options(encoder),
            *("-crf", str(self.crf)),
            *BT709_OPTIONS,
            *("-fflags", "+bitexact", "-flags:v", "+bitexact"),
        ]

    def tag_options(self) -> list[str]:
        """Return the options that name the stream so that Apple's players take it."""
        return ["-tag:v", "hvc1"] if self.codec == "h265" else []

    def _encoder_options(self, encoder: str) -> list[str]:
        if encoder == "libx264":
            return [
                *("-preset", self.preset, "-threads", str(THREADS)),
                *(
                    "-x264-params",
                    "rc-lookahead=1:sync-lookahead=0:bframes=0:ref=1:sliced-threads=1",
                ),
            ]
        if encoder == "libx265":
            return [
                *("-preset", self.preset, *self.tag_options(), "-x265-params"),
                # Reordered frames would also shift the time of every segment but the first.
                f"log-level=error:pools={THREADS}:frame-threads=2:rc-lookahead=8:bframes=0",
            ]
        if encoder == "libsvtav1":
            return ["-preset", self.preset, "-svtav1-params", f"lp={THREADS}:lookahead=16"]
        # libaom's cpu-used ends at 8, SVT's presets at 13.
        speed = self.preset if encoder == "libvpx-vp9" else str(min(int(self.preset), 8))
        deadline = "-deadline" if encoder == "libvpx-vp9" else "-usage"
        return [
            *("-b:v", "0", deadline, "good", "-cpu-used", speed),
            *("-row-mt", "1", "-threads", str(THREADS), "-lag-in-frames", "12"),
        ]
