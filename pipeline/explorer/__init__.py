"""The explorer: a page to find a place, look at it in any colours, and film the way there."""
