import { stat } from 'node:fs/promises';
import { isLfsPointer } from '../base/lfs-pointer';
import { externalPath } from '../formats/external-path';
import type { ModelGraph } from '../formats/model-graph';
import { finding, type Finding } from './finding';

/** Every file that the graph keeps weights in, with the bytes it must have. */
function externalFiles({ initializers }: ModelGraph): Map<string, number> {
  const files = new Map<string, number>();
  for (const { external } of initializers) {
    if (!external) continue;
    const end = external.offset + (external.length ?? 0);
    files.set(external.location, Math.max(end, files.get(external.location) ?? 0));
  }
  return files;
}

export async function checkExternalData(graph: ModelGraph, modelPath: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const [location, needed] of externalFiles(graph)) {
    const path = externalPath(modelPath, location);
    if (path === undefined || !Number.isSafeInteger(needed)) {
      const what = path === undefined ? 'outside its folder' : 'at an offset or of a length that is no whole number';
      const message = `The graph keeps weights in '${location}', ${what}`;
      found.push(finding('EXTERNAL_DATA_INVALID', message, 'Do not use this file; export the model again'));
      continue;
    }
    const size = await stat(path).then(
      (file) => file.size,
      () => undefined,
    );
    if (size === undefined) {
      const message = `The graph keeps weights in ${location}, which is not beside it`;
      found.push(finding('EXTERNAL_DATA_MISSING', message, `Put it at ${path}, or pull the model again`));
    } else if (size < needed) {
      const isPointer = await isLfsPointer(path);
      const message = `${path} ${isPointer ? 'is a Git LFS pointer' : `has ${size} bytes, the graph needs ${needed}`}`;
      found.push(
        finding(
          'EXTERNAL_DATA_SHORT',
          message,
          isPointer ? 'Run `git lfs pull` there' : 'Fetch it again: it is cut or of another model',
        ),
      );
    }
  }
  return found;
}
