"""A structural fuzzer of all that is read from files of others: configs, locations, palettes."""
