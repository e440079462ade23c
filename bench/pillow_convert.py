"""The peer of the `dataset` benchmark in bench/Bench: the loop people write with Pillow to pack images for training.

Usage: pillow_convert.py SOURCE.zip OUT.zip SIDE FILTER

Reads every image of a zip file, makes it RGB (alpha is dropped, the cheapest choice), crops the centred square, resizes
it with Pillow and writes a stored PNG into a stored zip file. Prints one JSON object: images, seconds (without the start
of the interpreter) and Pillow's version.
"""
import io
import json
import sys
import time
import zipfile

import PIL
from PIL import Image


def convert(source, out, side, resample):
    count = 0
    with zipfile.ZipFile(source) as images, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        names = sorted(n for n in images.namelist() if n.lower().endswith((".png", ".jpg", ".jpeg", ".webp")))
        for name in names:
            with Image.open(io.BytesIO(images.read(name))) as encoded:
                picture = encoded.convert("RGB")
            width, height = picture.size
            square = min(width, height)
            if width != height:
                left, top = (width - square) // 2, (height - square) // 2
                picture = picture.crop((left, top, left + square, top + square))
            if square != side:
                picture = picture.resize((side, side), resample)
            png = io.BytesIO()
            picture.save(png, format="png", compress_level=0, optimize=False)
            packed.writestr(f"{count // 1000:05d}/img{count:08d}.png", png.getvalue())
            count += 1
    return count


def main():
    source, out, side, name = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    resample = {"lanczos": Image.LANCZOS, "box": Image.BOX}[name]
    start = time.perf_counter()
    count = convert(source, out, side, resample)
    print(json.dumps({"images": count, "seconds": time.perf_counter() - start, "pillow": PIL.__version__}))


if __name__ == "__main__":
    main()
