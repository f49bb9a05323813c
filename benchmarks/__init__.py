"""What we measure, against what, always as a ratio of two ways in one run."""
