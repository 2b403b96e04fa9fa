"""Pillow, encoded at level 1: prints name, median milliseconds and bytes of each scene."""

import io
import math
import statistics
import sys
import time

from PIL import Image, ImageDraw, ImageFont

FONTS = "/usr/share/fonts/truetype/dejavu/"
FONT = {size: ImageFont.truetype(FONTS + "DejaVuSans.ttf", size) for size in (12, 25, 33)}
BOLD = {size: ImageFont.truetype(FONTS + "DejaVuSans-Bold.ttf", size) for size in (19, 76)}


def encode(image):
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def ramp(width, height):
    """A diagonal gradient, resized from a few pixels, which is Pillow's fastest way to one."""
    small = Image.new("RGB", (2, 2))
    small.putdata([(79, 70, 229), (46, 118, 231), (46, 118, 231), (14, 165, 233)])
    return small.resize((width, height), Image.Resampling.BILINEAR)


def card(is_flat):
    width, height = 1200, 630
    image = Image.new("RGB", (width, height), "#1e293b") if is_flat else ramp(width, height)
    draw = ImageDraw.Draw(image, "RGBA")
    draw.rounded_rectangle((48, 48, width - 48, height - 48), 28, (255, 255, 255, 244))
    draw.rounded_rectangle((116, 150, 200, 160), 5, "#4f46e5")
    draw.text((116, 185), "Prove a release", "#0f172a", BOLD[76])
    draw.text((116, 280), "before it ships", "#0f172a", BOLD[76])
    draw.text((116, 400), "Load it, break it, and let its objectives decide.", "#475569", FONT[33])
    draw.text((116, 506), "proofmark 0.1", "#64748b", FONT[25])
    return encode(image)


def value(at, shift):
    return (0.02 + shift / 100) * (1 + math.sin(at / 20 + shift) / 3) / 0.06


POINTS = [[(at / 299, value(at, shift)) for at in range(300)] for shift in range(3)]


def chart():
    image = Image.new("RGB", (800, 400), "white")
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = 70, 80, 780, 360
    draw.text((20, 20), "Request latency", "#0f172a", BOLD[19])
    for row in range(7):
        y = bottom - (bottom - top) * row / 6
        draw.line((left, y, right, y), "#e8ecf1")
        draw.text((20, y - 7), f"{row * 10} ms", "#5b677a", FONT[12])
    for column in range(6):
        draw.text((left + (right - left) * column / 6, 370), f"00:{column}0", "#5b677a", FONT[12])
    for at, (name, color) in enumerate((("p50", "#2563eb"), ("p95", "#f97316"), ("p99", "#059669"))):
        draw.rectangle((20 + 80 * at, 58, 34 + 80 * at, 62), color)
        draw.text((40 + 80 * at, 53), name, "#5b677a", FONT[12])
        line = [(left + x * (right - left), bottom - y * (bottom - top)) for x, y in POINTS[at]]
        draw.line(line, color, 2, "curve")
    return encode(image)


def measure(name, draw, rounds):
    times = []
    for _ in range(rounds + 5):
        start = time.perf_counter()
        png = draw()
        times.append((time.perf_counter() - start) * 1e3)
    print(name, f"{statistics.median(times[5:]):.3f}", len(png))


ROUNDS = int(sys.argv[1])
measure("card-gradient", lambda: card(False), ROUNDS)
measure("card-flat", lambda: card(True), ROUNDS)
measure("chart", chart, ROUNDS)
