"""Plans: what frames are drawn from, what is stored already, what must still be made."""
