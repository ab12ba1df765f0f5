"""From confirmations to an evaluated classifier."""
