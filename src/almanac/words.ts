import type { Place } from './look.js';

/** `−3.2°` */
export function degreesText(value: number): string {
  return `${value.toFixed(1).replace('-', '−')}°`;
}

/** `51.56° N, 9.94° E` */
export function placeText({ latitudeDeg, longitudeDeg }: Omit<Place, 'elevationM'>): string {
  const [north, east] = [latitudeDeg < 0 ? 'S' : 'N', longitudeDeg < 0 ? 'W' : 'E'];
  return `${Math.abs(latitudeDeg).toFixed(2)}° ${north}, ${Math.abs(longitudeDeg).toFixed(2)}° ${east}`;
}
