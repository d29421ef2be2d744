"""Laws as sums of simple terms: the null space of a library, made sparse."""
