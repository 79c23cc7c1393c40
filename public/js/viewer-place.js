// Where things are on the picture of a frame, and what of it is shown.

export const SVG = 'http://www.w3.org/2000/svg';
const stage = document.getElementById('stage');

/** What of the image is shown, as the page says now. */
export const look = () => {
  const { dataset } = stage;
  const number = (name) => Number(dataset[name]);
  return {
    width: number('width'),
    height: number('height'),
    x: number('x'),
    y: number('y'),
    hdu: dataset.hdu,
    plane: dataset.plane,
    unit: dataset.unit,
    scale: number('scale'),
    query: dataset.look,
    hash: dataset.hash,
    frame: dataset.frame,
    hasGrid: dataset.grid !== '',
  };
};

export const askJson = async (url) => {
  const answer = await fetch(url, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
};

// Places: of the picture from its upper left corner, of the image as FITS counts.

export const toPixel = ({ x, y }) => {
  const { height, x: left, y: bottom } = look();
  return { x: x + left + 0.5, y: height - y + bottom + 0.5 };
};
export const toPicture = ({ x, y }) => {
  const { height, x: left, y: bottom } = look();
  return { x: x - 0.5 - left, y: height - (y - 0.5 - bottom) };
};

/** From the picture to the stage: x' = scale x + left, y' = scale y + top. */
export function frameOf(osd) {
  const item = osd?.world.getItemAt(0);
  if (item !== undefined) {
    const { Point } = globalThis.OpenSeadragon;
    const zero = item.imageToViewerElementCoordinates(new Point(0, 0));
    const one = item.imageToViewerElementCoordinates(new Point(1000, 0));
    return { scale: (one.x - zero.x) / 1000, left: zero.x, top: zero.y };
  }
  const image = document.querySelector('.picture img').getBoundingClientRect();
  const box = stage.getBoundingClientRect();
  return {
    scale: image.width / look().width,
    left: image.left - box.left,
    top: image.top - box.top,
  };
}
