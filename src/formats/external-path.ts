import { dirname, isAbsolute, join, sep } from 'node:path';

/** Where an ONNX file's external data lies; undefined for a location that leaves the file's folder. */
export function externalPath(modelPath: string, location: string): string | undefined {
  const folder = dirname(modelPath);
  const path = join(folder, location);
  return location === '' || isAbsolute(location) || !path.startsWith(folder + sep) ? undefined : path;
}
