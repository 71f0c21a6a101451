"""The operating system: files, memory, cores, temperature, terminal."""
