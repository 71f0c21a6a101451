"""Looks to choose from: contents of the config's section `colour`."""

READY_LOOKS = (
    "palette: dusk",
    "palette: lagoon",
    "palette: ember",
    "palette: ink",
    "palette: grove",
    "palette: nocturne",
    "palette: aurora",
    "palette: blossom",
    "palette: twilight, scale: histogram, period: 2",
    "palette: magma, scale: histogram",
    "palette: cubehelix",
    "palette: dusk, light: {azimuth: 135, elevation: 40, strength: 0.8}",
    "palette: nocturne, scale: histogram, light: {strength: 0.6}",
    "palette: ember, light: {elevation: 25, strength: 0.9}",
    "palette: copper, scale: histogram, light: {strength: 0.9}",
    "palette: dusk, layers: [{by: stripes, opacity: 0.6}]",
    "palette: twilight_shifted, light: {}, layers: [{by: stripes, opacity: 0.4}]",
    "by: stripes, palette: ink",
    "by: stripes, stripes: 3, palette: copper, light: {strength: 0.5}",
    'by: distance, palette: ["#0b0205", "#f58a1f", "#fffaf0"]',
    "palette: lagoon, layers: [{by: distance, period: 1, blend: multiply, opacity: 0.9}]",
    'by: trap, palette: ["#02101f", "#1aa6a0", "#f6fbe9"]',
    "palette: dusk, layers: [{by: trap, blend: screen, opacity: 0.8}]",
    'by: decomposition, palette: ["#101820", "#f2efe6"]',
)
"""YAML without its braces, the quietest of each kind first."""
