"""From frame pictures to an MP4: encoded in segments, joined, and counted."""
