"""What a chart of our own needs beside its SVG."""


def scale_of(values):
    """The end of the scale for these numbers: the next of 1, 2, 4, 6 and 8 with zeros, so that its half is as round."""
    most, step = max(values, default=0), 1
    while step * 10 <= most:
        step *= 10
    return next((times * step for times in (1, 2, 4, 6, 8, 10) if times * step >= most), 1)
