"""From keyframes to the frame list: one view and maxiter for every picture of the video."""
