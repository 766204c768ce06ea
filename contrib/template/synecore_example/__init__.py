"""Local search for synecore."""
