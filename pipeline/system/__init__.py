"""What the operating system gives: files, memory, cores, a terminal."""
