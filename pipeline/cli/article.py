"""The article's program, as it was, in the four forms that it takes there.

J. Hobro, "Multiprocessing with Python", The MagPi 57: one Mandelbrot picture, its pixels counted
in a loop, by `map`, by a `multiprocessing.Pool` pixel by pixel, and by the pool row by row.
"""

from multiprocessing import Pool

from numpy import linspace

XMIN, XMAX = -2.0, 0.5
YMIN, YMAX = -1.25, 1.25
NX, NY = 1000, 1000
MAXITER = 50

COUNT_SUM = 15_945_898
"""The sum of all counts of the picture."""


def mandelbrot(z: complex) -> int:
    """Count the steps before |z| exceeds 2."""
    c = z
    for n in range(MAXITER):
        if abs(z) > 2:
            return n
        z = z * z + c
    return MAXITER


def serial_loop() -> list[int]:
    """Count all pixels in two nested loops."""
    counts = []
    for y in _ys():
        for x in _xs():
            counts += [mandelbrot(complex(x, y))]
    return counts


def serial_map() -> list[int]:
    """Count all pixels by `map`."""
    return list(map(mandelbrot, [complex(x, y) for y in _ys() for x in _xs()]))


def pool_by_pixel(processes: int) -> list[int]:
    """Count all pixels by a pool, one call a pixel."""
    with Pool(processes) as pool:
        return pool.map(mandelbrot, [complex(x, y) for y in _ys() for x in _xs()])


def pool_by_row(processes: int) -> list[int]:
    """Count all pixels by a pool, one call a row."""
    with Pool(processes) as pool:
        return [n for row in pool.map(compute_all_x, _ys()) for n in row]


def compute_all_x(y: float) -> list[int]:
    """Count a row."""
    return list(map(mandelbrot, [complex(x, y) for x in _xs()]))


def _xs() -> list[float]:
    return list(linspace(XMIN, XMAX, NX))


def _ys() -> list[float]:
    return list(linspace(YMIN, YMAX, NY))
