"""What astropy says of Sun, Moon and targets: cases as JSON on standard input, answers on standard output."""
import json
import sys
import warnings

warnings.simplefilter("ignore")

import astropy.units as u
import numpy as np
from astropy.coordinates import AltAz, EarthLocation, HADec, SkyCoord, get_moon, get_sun
from astropy.time import Time
from astropy.utils import iers

# What came with astropy; after its last day UT1 is taken to stay as far from UTC as it was then.
iers.conf.auto_download = False
iers.conf.auto_max_age = None
iers.conf.iers_degraded_accuracy = "ignore"

cases = json.load(sys.stdin)


def column(name):
    return [case[name] for case in cases]


place = EarthLocation.from_geodetic(
    column("longitudeDeg") * u.deg, column("latitudeDeg") * u.deg, column("elevationM") * u.m
)
time = Time([ms / 86400000.0 for ms in column("ms")], 40587.0, format="mjd", scale="utc", location=place)
horizon = AltAz(obstime=time, location=place)  # pressure 0: no refraction
target = SkyCoord(column("raDeg") * u.deg, column("decDeg") * u.deg, frame="icrs").transform_to(horizon)
turned = target.transform_to(HADec(obstime=time, location=place))
hour, declination = turned.ha.rad, turned.dec.rad
latitude = np.radians(column("latitudeDeg"))
parallactic = np.arctan2(
    np.sin(hour), np.tan(latitude) * np.cos(declination) - np.sin(declination) * np.cos(hour)
)
sun_far = get_sun(time)
moon_far = get_moon(time, location=place)
sun = sun_far.transform_to(horizon)
moon = moon_far.transform_to(horizon)

elongation = sun_far.separation(get_moon(time))
distance = get_moon(time).distance
angle = np.arctan2(
    sun_far.distance * np.sin(elongation), distance - sun_far.distance * np.cos(elongation)
)
answers = {
    "altDeg": target.alt.deg,
    "azDeg": target.az.deg,
    "secz": target.secz.value,
    "sunAltDeg": sun.alt.deg,
    "sunAzDeg": sun.az.deg,
    "moonAltDeg": moon.alt.deg,
    "moonAzDeg": moon.az.deg,
    "moonDistanceDeg": target.separation(moon).deg,
    "sunDistanceDeg": target.separation(sun).deg,
    "moonFraction": (1 + np.cos(angle.to(u.rad).value)) / 2,
    "hourAngleDeg": np.degrees(hour),
    "parallacticDeg": np.degrees(parallactic),
    "siderealDeg": time.sidereal_time("apparent").deg,
}
names = list(answers)
rows = zip(*[[float(value) for value in answers[name]] for name in names])
json.dump([dict(zip(names, row)) for row in rows], sys.stdout)
