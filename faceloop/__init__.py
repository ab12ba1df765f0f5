"""The command that puts the four programs together."""
