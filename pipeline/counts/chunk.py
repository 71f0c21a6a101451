"""A chunk of a sample grid, as backends ask for it."""

from dataclasses import dataclass

from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import OrbitError
from pipeline.geometry.point import Points
from pipeline.kernels.backend import Disc, ReferenceTables
from pipeline.kernels.formula import Formula


@dataclass(frozen=True, slots=True)
class GridChunk:
    """Rows of a sample grid that are counted together."""

    grid: SampleGrid
    first_row: int
    last_row: int
    """The row after the last."""

    @staticmethod
    def of(grid: SampleGrid, number: int) -> "GridChunk":
        """Return one of a grid's chunks."""
        return GridChunk(grid, *grid.chunk_bounds(number))

    @property
    def formula(self) -> Formula:
        """Formula that is iterated."""
        return self.grid.formula

    @property
    def needs_orbit(self) -> bool:
        """Whether the arithmetic runs against a reference orbit."""
        return self.grid.arithmetic.needs_orbit

    @property
    def numbers(self) -> str:
        """Name of the numbers that deltas are held in."""
        return self.grid.arithmetic.numbers

    @property
    def maxiter(self) -> int:
        """The largest number of checks."""
        return self.grid.maxiter

    def points(self) -> Points:
        """Return the points in float64, shape (samples,)."""
        return self.grid.geometry.points(self.first_row, self.last_row)

    def disc(self) -> Disc:
        """Return a disc in which all points of the grid lie, so that all its chunks share it."""
        geometry = self.grid.geometry
        re, im = map(float, geometry.center)
        return Disc(re, im, 2.0 ** geometry.distance_exponent(geometry.center))

    def roundings_a_sample(self) -> float:
        """Return how many float64 roundings lie between neighbouring samples."""
        return self.grid.geometry.roundings_a_sample()

    def tables(self) -> ReferenceTables:
        """Return the reference orbit and its table, mapped.

        Raises
        ------
        OrbitError
            The orbit has not been computed far enough.
        """
        grid = self.grid
        assert grid.target is not None
        assert grid.arithmetic.error_exponent is not None
        if grid.references is None:
            raise OrbitError("no reference orbits")
        return grid.references.loaded(
            grid.target, grid.maxiter, self._exponent(), grid.arithmetic.error_exponent
        )

    def offsets(self) -> Points:
        """Return the points less the reference, shape (rows, columns), in the table's unit."""
        target = self.grid.target
        assert target is not None
        return self.grid.geometry.points_from(
            target.center, self._exponent(), self.first_row, self.last_row
        )

    def _exponent(self) -> int:
        """Return the exponent of the table that serves views of this size.

        The deeper, the less a table depends on the size: neighbouring octaves share one.
        """
        assert self.grid.target is not None
        exponent = self.grid.geometry.distance_exponent(self.grid.target.center)
        octaves = 1 if exponent > -40 else 4 if exponent > -80 else 16
        return -(-exponent // octaves * octaves)
