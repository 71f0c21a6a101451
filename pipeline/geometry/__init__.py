"""Where samples lie: views, bands, and exact decimal numbers."""
