"""What a video is made of, what is there of it, and what is still to be made."""
