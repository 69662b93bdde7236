"""Server doubles: the synthetic municipality as real servers on loopback, each behaving, and misbehaving, like its model."""
