"""What a chart of our own needs beside its SVG."""


def scale_of(values):
    """The end of the scale for these numbers: the next of 1, 2, 4, 6 and 8 with zeros, so that its half is as round."""
    most, step = max(values, default=0), 1
    while step * 10 <= most:
        step *= 10
    return next((times * step for times in (1, 2, 4, 6, 8, 10) if times * step >= most), 1)


WIDE, HIGH = 96, 28  # of a sparkline


def spark_of(points, days):
    """[(x, y)] of (day, value) on a sparkline that ends with the last day and begins `days` - 1 before it; the scale begins at 0."""
    last, top = points[-1][0], max(1, *(value for _, value in points))
    step, edge = (WIDE - 6) / (days - 1), 3
    return [(round(WIDE - edge - (last - day).days * step, 1), round(HIGH - edge - max(0, value) * (HIGH - 2 * edge) / top, 1)) for day, value in points]
