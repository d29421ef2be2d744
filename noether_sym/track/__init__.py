"""From video to numbers: follow one moving object, and fit the path that it takes."""
