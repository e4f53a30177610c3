"""What `make bench` measures, on real parts on loopback. A target that is missed is said, and nothing more: this is no test."""
