"""The upgrade gate, as far as it is pure."""
