"""Networks: a file each, and `encoders.build`, which makes any of them from its name."""
