"""Places of a view worth going to: nuclei of minibrots, and Misiurewicz points, at any depth."""
