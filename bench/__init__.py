"""Measurements. Figures are compared with other programs in the same run, because on shared machines milliseconds
vary by a factor of 1.6."""
