"""From frame pictures to a video: encoded in segments, joined, its frames counted."""
