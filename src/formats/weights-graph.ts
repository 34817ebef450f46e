import { stat } from 'node:fs/promises';
import { externalPath } from './external-path';
import type { ModelGraph } from './model-graph';
import { readOnnxGraph } from './onnx-graph';
import { readSafetensorsGraph } from './safetensors-graph';

/** What a file of weights says of its model, the weights left out. */
export async function readWeightsGraph(path: string): Promise<ModelGraph> {
  return /\.(safetensors|json)$/.test(path) ? await readSafetensorsGraph(path) : await readOnnxGraph(path);
}

/** Bytes of the file and of its external data. A missing file counts as 0. */
export async function weightBytes(graph: ModelGraph, path: string): Promise<number> {
  const external = graph.initializers.map((tensor) => tensor.external?.location).filter((name) => name !== undefined);
  const outside = [...new Set(external)].map((name) => externalPath(path, name)).filter((each) => each !== undefined);
  const sizes = await Promise.all(
    [path, ...outside].map((each) =>
      stat(each).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
