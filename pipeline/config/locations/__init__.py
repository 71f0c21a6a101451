"""Locations of other programs, read as our pictures have them; a module is a format.

`any_format.location_from_file` is the one way in; it raises `UsageError` alone.
"""
