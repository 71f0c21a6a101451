"""From YAML text to a config whose every value is known to be usable."""
