"""A graphics processor beside the processes of this machine."""
