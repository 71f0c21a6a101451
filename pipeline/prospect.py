"""The prospect of a video: what is there of it, and what is still to be made."""

from dataclasses import dataclass

from pipeline.canvas import Canvas
from pipeline.config.load import Config
from pipeline.drawing import Drawings, Need
from pipeline.estimate import Estimate, estimate
from pipeline.frames import FrameList
from pipeline.outputs import Outputs
from pipeline.pool.shared import SharedPool
from pipeline.references import References
from pipeline.segments import Segment, segments_of
from pipeline.survey import survey


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a render of a config has to do."""

    config: Config
    frames: FrameList
    drawings: Drawings
    segments: list[Segment]
    missing_segments: list[Segment]
    wanted: list[int]
    """The frames of these, in order."""
    needs: dict[str, Need]
    """The canvases that they need, by key, in the order of computing."""
    missing: dict[str, int]
    """How many samples of these are to be computed, where it is any."""
    samples: int
    """Of all canvases of the whole video."""

    @staticmethod
    def of(config: Config, frames: FrameList, outputs: Outputs) -> "Prospect":
        """Find out what is missing."""
        drawings = Drawings(config, frames)
        segments = segments_of(
            drawings.keys, drawings.times, config.look, config.encoding, outputs.segments
        )
        missing_segments = [segment for segment in segments if not segment.path.exists()]
        wanted = [index for segment in missing_segments for index in segment.frames]
        needs = drawings.needs(wanted)
        to_compute = {key: outputs.store.missing(need.canvas) for key, need in needs.items()}
        all_needs = drawings.needs(range(len(frames)))
        return Prospect(
            config, frames, drawings, segments, missing_segments, wanted, needs,
            {key: samples for key, samples in to_compute.items() if samples},
            sum(
                need.canvas.samples for need in all_needs.values() if need.canvas.tracing is None
            ),
        )  # fmt: skip  # as in its head

    def spans(self) -> dict[str, tuple[int, int]]:
        """Return the first and last wanted frame that needs each canvas; none if counts stay."""
        if self.config.keep == "all":
            return {}
        last = self.drawings.needs(reversed(self.wanted))
        return {key: (need.frame, last[key].frame) for key, need in self.needs.items()}

    @property
    def canvases(self) -> list[Canvas]:
        """What is to be computed, in that order."""
        return [self.needs[key].canvas for key in self.missing]

    def estimate(self, pool: SharedPool, references: References, workers: int) -> Estimate:
        """Measure what it will take; the reference orbits are there."""
        measured = survey(self.config, self.frames, self.canvases, pool, references)
        bands = {key for zoom in self.drawings.zooms for key, _ in zoom.keys}
        painted = sum(need.canvas.samples for key, need in self.needs.items() if key in bands)
        painted += self._painted_again()
        return estimate(
            self.config, measured, self.drawings, self.wanted, list(self.missing.items()), painted,
            self.spans(), workers, pool.guests,
        )  # fmt: skip  # as in its head

    def lacking(self) -> tuple[int, int]:
        """Return how many samples are to be counted, and how many to be traced."""
        by_kind = {False: 0, True: 0}
        for key, samples in self.missing.items():
            by_kind[self.needs[key].canvas.tracing is not None] += samples
        return by_kind[False], by_kind[True]

    def _painted_again(self) -> int:
        """Return about how many samples are coloured more than once, where the look moves."""
        nodes = self.config.look.nodes(float(self.frames.seconds))
        drawing = self.drawings[len(self.drawings) // 2]
        if drawing.zoom is None:
            return 0
        return (len(nodes) - 1) * sum(canvas.samples for canvas in drawing.canvases)
