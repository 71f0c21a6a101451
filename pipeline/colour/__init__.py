"""From stored counts to light: palettes, perceptual spaces, and the look of a picture."""
