import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { OnnxGraph } from '../formats/onnx-graph';
import { finding, type Finding } from './finding';

/** Every file that the graph keeps weights in, with the bytes it must have. */
function externalFiles({ initializers }: OnnxGraph): Map<string, number> {
  const files = new Map<string, number>();
  for (const { external } of initializers) {
    if (!external) continue;
    const end = external.offset + (external.length ?? 0);
    files.set(external.location, Math.max(end, files.get(external.location) ?? 0));
  }
  return files;
}

export async function checkExternalData(graph: OnnxGraph, modelPath: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const [location, needed] of externalFiles(graph)) {
    const path = join(dirname(modelPath), location);
    const size = await stat(path).then(
      (file) => file.size,
      () => undefined,
    );
    if (size === undefined) {
      const message = `The graph keeps weights in ${location}, which is not beside it`;
      found.push(finding('EXTERNAL_DATA_MISSING', message, `Put it at ${path}, or pull the model again`));
    } else if (size < needed) {
      const message = `${path} has ${size} bytes, the graph needs ${needed}`;
      found.push(finding('EXTERNAL_DATA_SHORT', message, 'Fetch it again: it is cut or of another model'));
    }
  }
  return found;
}
