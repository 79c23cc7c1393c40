"""What sep, SExtractor and photutils say of pictures, for the suite quality.test.ts.

Standard input: JSON list of {"path", "hdu", "taps", "noiseFactor", "fwhm"}: the first plane of an
image; the width of the filter that stars are looked for with (1, 2 .. taps .. 2, 1 along both axes);
how much more the filtered picture scatters than independent pixels would; the width of a star.
Standard output: JSON list with an answer for each. Positions are FITS counts.
"""
import json
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import sep
from astropy.io import fits
from scipy.optimize import least_squares

warnings.simplefilter("ignore")
sep.set_extract_pixstack(5_000_000)
sep.set_sub_object_limit(8192)

THRESHOLD = 5
FITTED = 16


def read_plane(path, hdu):
    with fits.open(path) as hdus:
        data = hdus[hdu].data
        while data.ndim > 2:
            data = data[0]
        values = np.ascontiguousarray(data.astype(float))
    if data.dtype.kind in "iu":
        # Medians of whole numbers are whole, and 2.5 x median - 1.5 x mean is off by up to 1.25 of them.
        values += np.random.default_rng(1).uniform(-0.5, 0.5, values.shape)
    return values


def filter_of(taps):
    line = np.concatenate([np.arange(1, taps + 1), np.arange(taps - 1, 0, -1)]).astype(float)
    return np.outer(line, line)


def cell_of(shape):
    return min(64, max(32, int(np.floor(min(shape) / 6 + 0.5))))


def threshold_of(job):
    """In sigma of single pixels, which is what sep and SExtractor ask for."""
    kernel = filter_of(job["taps"])
    return THRESHOLD * job["noiseFactor"] * np.sqrt((kernel**2).sum()) / kernel.sum()


def extract(data, bad, job):
    cell = cell_of(data.shape)
    background = sep.Background(data, mask=bad, bw=cell, bh=cell)
    rest = data - background.back()
    kernel = filter_of(job["taps"])
    found = sep.extract(
        rest,
        threshold_of(job),
        err=background.rms(),
        mask=bad,
        filter_kernel=kernel,
        filter_type="conv",
        minarea=3,
    )
    return background, rest, found[~is_sharp(found, kernel, job["fwhm"])]


def is_sharp(found, kernel, fwhm):
    """Hot pixels and cosmic rays: the highest pixel is too high for the filtered peak."""
    reach = len(kernel) // 2
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    star = (kernel * np.exp(-4 * np.log(2) * (rows**2 + columns**2) / fwhm**2)).sum() / kernel.sum()
    point = kernel.max() / kernel.sum()
    return found["cpeak"] / found["peak"] < np.sqrt(star * point)


def fit_moffat(rest, x, y, radius):
    """Full width at half maximum and ellipticity of the elliptical Moffat profile of least squares."""
    column, row = int(round(x)), int(round(y))
    cut = rest[max(0, row - radius) : row + radius + 1, max(0, column - radius) : column + radius + 1]
    rows, columns = np.mgrid[: cut.shape[0], : cut.shape[1]]
    x0, y0 = x - max(0, column - radius), y - max(0, row - radius)

    def model(p):
        dx, dy = columns - p[1], rows - p[2]
        square = p[3] * dx * dx + 2 * p[4] * dx * dy + p[5] * dy * dy
        return p[0] * (1 + np.maximum(square, 0)) ** -p[6] + p[7]

    start = [cut.max(), x0, y0, 0.3, 0, 0.3, 3, 0]
    limits = ([0, -1, -1, 1e-4, -9, 1e-4, 1.05, -np.inf], [np.inf, 999, 999, 9, 9, 9, 20, np.inf])
    fit = least_squares(lambda p: (model(p) - cut).ravel(), start, bounds=limits, max_nfev=60)
    values = np.linalg.eigvalsh([[fit.x[3], fit.x[4]], [fit.x[4], fit.x[5]]])
    if not fit.success or values[0] <= 0:
        return None
    short, long = 2 * np.sqrt((2 ** (1 / fit.x[6]) - 1) / values[::-1])
    return np.sqrt(long * short), 1 - short / long


def sep_stars(rest, bad, found):
    found = found[np.isfinite(found["theta"]) & (found["b"] > 0.1)]
    # Angles of single precision can lie beyond a right angle, which sep then refuses.
    theta = np.clip(found["theta"], -1.5707, 1.5707)
    shape = [found["x"], found["y"], found["a"], found["b"], theta]
    kron, _ = sep.kron_radius(rest, *shape, 6, mask=bad)
    kron = np.clip(np.nan_to_num(kron), 1.5, 6)
    total, _, _ = sep.sum_ellipse(rest, *shape, 2.5 * kron, mask=bad)
    radii, flags = sep.flux_radius(
        rest, *shape[:2], 6 * found["a"], 0.5, normflux=total, mask=bad, subpix=5
    )
    sigma = np.sqrt(found["a"] * found["b"])
    order = np.argsort(-found["flux"])
    good = [i for i in order if found["flag"][i] == 0 and flags[i] == 0]
    stars = [
        {
            "x": float(found["x"][i]) + 1,
            "y": float(found["y"][i]) + 1,
            "hfr": float(radii[i]),
            "ellipticity": float(1 - found["b"][i] / found["a"][i]),
            "peak": float(found["peak"][i]),
            "flux": float(found["flux"][i]),
        }
        for i in good
    ]
    for star, i in list(zip(stars, good))[:FITTED]:
        fit = fit_moffat(rest, found["x"][i], found["y"][i], int(np.ceil(4 * max(1, sigma[i]))) + 1)
        if fit is not None:
            star["fwhm"], star["fitEllipticity"] = map(float, fit)
    return stars


CONFIG = """CATALOG_NAME stars.cat
CATALOG_TYPE ASCII
PARAMETERS_NAME stars.param
FILTER Y
FILTER_NAME stars.conv
DETECT_MINAREA 3
DETECT_THRESH {threshold}
ANALYSIS_THRESH {threshold}
BACK_SIZE {cell}
SATUR_LEVEL 1e10
VERBOSE_TYPE QUIET
"""


def source_extractor(data, job):
    """FWHM_IMAGE and FLUX_RADIUS by the program itself, and how many it finds."""
    kernel = filter_of(job["taps"])
    with tempfile.TemporaryDirectory() as folder:
        write = lambda name, text: open(os.path.join(folder, name), "w").write(text)
        write("stars.sex", CONFIG.format(threshold=threshold_of(job), cell=cell_of(data.shape)))
        write("stars.param", "X_IMAGE\nY_IMAGE\nFWHM_IMAGE\nFLUX_RADIUS\nFLAGS\nBACKGROUND\n")
        rows = "\n".join(" ".join(map(str, row)) for row in kernel)
        write("stars.conv", f"CONV NORM\n{rows}\n")
        fits.PrimaryHDU(np.nan_to_num(data).astype("float32")).writeto(f"{folder}/stars.fits")
        command = ["source-extractor", "stars.fits", "-c", "stars.sex"]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"source-extractor: {run.stderr}")
        table = np.loadtxt(os.path.join(folder, "stars.cat"), ndmin=2)
    columns = ["x", "y", "fwhm", "hfr", "flags", "background"]
    return [dict(zip(columns, map(float, row))) for row in table]


def photutils_background(data, bad):
    from astropy.stats import SigmaClip
    from photutils.background import Background2D, SExtractorBackground

    cell = cell_of(data.shape)
    made = Background2D(
        data,
        cell,
        mask=bad,
        sigma_clip=SigmaClip(3),
        bkg_estimator=SExtractorBackground(),
        exclude_percentile=50,
    )
    return {"level": float(made.background_median), "noise": float(made.background_rms_median)}


def answer(job):
    data = read_plane(job["path"], job["hdu"])
    bad = ~np.isfinite(data)
    data[bad] = 0
    background, rest, found = extract(data, bad, job)
    return {
        "level": float(background.globalback),
        "noise": float(background.globalrms),
        "found": int(len(found)),
        "stars": sep_stars(rest, bad, found),
        "sextractor": source_extractor(data, job),
        "photutils": photutils_background(data, bad),
    }


json.dump([answer(job) for job in json.load(sys.stdin)], sys.stdout)
