"""Resizes pictures with Pillow, for ResamplerTests: lines of JSON in, lines of JSON out.

A line in is [width, height, target width, target height, filter, [left, top, right, bottom], hex of RGB pixels]; a line
out is the hex of the resized pixels of the cropped picture.
"""
import json
import sys

from PIL import Image

for line in sys.stdin:
    width, height, target_width, target_height, name, box, pixels = json.loads(line)
    picture = Image.frombytes("RGB", (width, height), bytes.fromhex(pixels)).crop(box)
    resized = picture.resize((target_width, target_height), {"lanczos": Image.LANCZOS, "box": Image.BOX}[name])
    print(json.dumps(resized.tobytes().hex()))
