"""The work plan of a video: what is stored of it, and what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.config.load import Config
from pipeline.counts.sample_grid import SampleGrid
from pipeline.plan.frame_plan import FramePlans, Need
from pipeline.plan.outputs import Outputs
from pipeline.plan.segments import Segment, segments_of
from pipeline.timeline.frames import FrameList
from pipeline.video.sound import SoundTrack


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """Everything that a render of a config has to do."""

    config: Config
    frames: FrameList
    frame_plans: FramePlans
    segments: list[Segment]
    missing_segments: list[Segment]
    wanted: list[int]
    """Frames of the missing segments, in order."""
    needs: dict[str, Need]
    """Sample grids that these frames need, by key, in the order of computing."""
    missing: dict[str, int]
    """Number of samples to be computed, by key, of those sample grids that lack some."""
    samples: int
    """Number of samples of the whole video."""
    sound: SoundTrack | None
    """Track of the video's sound, made or not."""

    @staticmethod
    def of(config: Config, frames: FrameList, outputs: Outputs) -> "WorkPlan":
        """Find what is missing."""
        frame_plans = FramePlans(config, frames)
        segments = segments_of(
            frame_plans.keys, frame_plans.times, config.look, config.encoding, outputs.segments
        )
        missing_segments = [segment for segment in segments if not segment.path.exists()]
        wanted = [index for segment in missing_segments for index in segment.frames]
        needs = frame_plans.needs(wanted)
        to_compute = {key: outputs.store.missing(need.grid) for key, need in needs.items()}
        sound = None
        if config.sound is not None:
            seconds = len(frames) / config.encoding.fps
            ending = config.encoding.segment_ending
            sound = SoundTrack.of(config.sound, seconds, ending, outputs.segments)
        all_needs = frame_plans.needs(range(len(frames)))
        return WorkPlan(
            config, frames, frame_plans, segments, missing_segments, wanted, needs,
            {key: samples for key, samples in to_compute.items() if samples},
            sum(
                need.grid.samples for need in all_needs.values() if need.grid.tracing is None
            ),
            sound,
        )  # fmt: skip  # in signature order

    def spans(self) -> dict[str, tuple[int, int]]:
        """Return the first and last wanted frame that needs each grid; none with `keep: all`."""
        if self.config.keep == "all":
            return {}
        last = self.frame_plans.needs(reversed(self.wanted))
        return {key: (need.frame, last[key].frame) for key, need in self.needs.items()}

    @property
    def grids(self) -> list[SampleGrid]:
        """The sample grids to be computed, in order."""
        return [self.needs[key].grid for key in self.missing]

    @property
    def painted_samples(self) -> int:
        """Number of samples of bands to be coloured, counted as often as they are."""
        bands = {key for zoom in self.frame_plans.zooms for key, _ in zoom.keys}
        painted = sum(need.grid.samples for key, need in self.needs.items() if key in bands)
        return painted + self._painted_again()

    def with_traces(self, grids: Iterable[SampleGrid]) -> list[SampleGrid]:
        """Return sample grids of counts, and those of the traces that the look needs of them."""
        counted, tracing = list(grids), self.config.look.tracing
        if tracing is None:
            return counted
        return [*counted, *(grid.traced(tracing) for grid in counted)]

    def traced_with_counts(self) -> dict[str, str]:
        """Return the keys of missing traces by those of their counts, where both are missing."""
        return {
            counts: key
            for key in self.missing
            if (grid := self.needs[key].grid).tracing is not None
            and (counts := grid.counted.key()) in self.missing
        }

    def lacking(self) -> tuple[int, int]:
        """Return how many samples are to be counted, and how many traced."""
        by_kind = {False: 0, True: 0}
        for key, samples in self.missing.items():
            by_kind[self.needs[key].grid.tracing is not None] += samples
        return by_kind[False], by_kind[True]

    def _painted_again(self) -> int:
        """Estimate how many samples are coloured again because the look moves."""
        nodes = self.config.look.nodes(float(self.frames.seconds))
        frame_plan = self.frame_plans[len(self.frame_plans) // 2]
        if frame_plan.zoom is None:
            return 0
        return (len(nodes) - 1) * sum(grid.samples for grid in frame_plan.grids)
