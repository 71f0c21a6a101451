"""Mandelbrot zooms: one YAML file in, one MP4 out."""

__version__ = "0.1.0"
