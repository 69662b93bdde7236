"""How bytes get here and away, over real sockets."""
