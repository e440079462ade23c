"""Makes lsun_lmdb.mdb.gz, a database as LSUN is published, with the library that LSUN was made with (python3-lmdb).

Keys are 40 hexadecimal digits, values encoded images. Small values lie in the leaves of a tree of two levels, three large
ones on overflow pages, and the second transaction makes the second meta page the newer one. Pixel (x, y) of image i is
(8 x, 8 y, i); image i is PNG, WebP (lossless) or JPEG in turns.
"""
import gzip
import hashlib
import io
import os
import shutil
import sys
import tempfile

import lmdb
from PIL import Image


def encoded(index):
    side = 64 if index % 20 == 7 else 8
    picture = Image.new("RGB", (side, side))
    picture.putdata([(8 * x % 256, 8 * y % 256, index) for y in range(side) for x in range(side)])
    out = io.BytesIO()
    if side == 64:
        picture.save(out, format="png", compress_level=0)
    elif index % 3 == 0:
        picture.save(out, format="png")
    elif index % 3 == 1:
        picture.save(out, format="webp", lossless=True)
    else:
        picture.save(out, format="jpeg", quality=95)
    return out.getvalue()


def main():
    folder = tempfile.mkdtemp()
    with lmdb.open(folder, map_size=1 << 20) as database:
        for part in (range(0, 40), range(40, 60)):
            with database.begin(write=True) as transaction:
                for index in part:
                    transaction.put(hashlib.sha256(b"%d" % index).hexdigest()[:40].encode(), encoded(index))
        print(database.stat())
    with open(os.path.join(folder, "data.mdb"), "rb") as file, open(sys.argv[1], "wb") as out:
        out.write(gzip.compress(file.read(), 9, mtime=0))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
