"""From counts and traces to light: palettes, colour spaces, and the look of a picture."""
