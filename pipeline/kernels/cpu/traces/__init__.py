"""What an escaping orbit tells beyond its count, in float64 and by perturbation."""
