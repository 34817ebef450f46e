// Who is measured. `needs` names what a model must have besides the ONNX file; `options` go to the peer as they are;
// `followsIsa`: it can be kept to an instruction set (--isa).
export const OURS = 'bge-reranker';

/** Where no file has reference logits, they are this peer's. */
export const REFERENCE = 'onnxruntime-node-one';

export const PEERS = [
  { name: OURS, title: 'bge-reranker', module: 'bge-reranker.mjs', followsIsa: true },
  {
    name: 'transformers-js',
    title: 'transformers.js, padded batch',
    module: 'transformers-js.mjs',
    followsIsa: true,
    options: { batch: 'all' },
  },
  {
    name: 'transformers-js-one',
    title: 'transformers.js, one pair a call',
    module: 'transformers-js.mjs',
    followsIsa: true,
    options: { batch: 'one' },
  },
  {
    name: 'onnxruntime-node',
    title: 'onnxruntime-node, padded batch',
    module: 'onnxruntime-node.mjs',
    followsIsa: true,
    options: { batch: 'all' },
  },
  {
    name: REFERENCE,
    title: 'onnxruntime-node, one pair a run',
    module: 'onnxruntime-node.mjs',
    followsIsa: true,
    options: { batch: 'one' },
  },
  { name: 'node-llama-cpp', title: 'node-llama-cpp rankAll', module: 'node-llama-cpp.mjs', needs: 'gguf' },
  {
    name: 'sentence-transformers',
    title: 'sentence-transformers rank',
    python: 'sentence_transformers_peer',
    needs: 'weights',
  },
  {
    name: 'python-onnxruntime',
    title: 'Python onnxruntime, padded batch',
    python: 'onnxruntime_peer',
    options: { batching: 'padded' },
  },
  {
    name: 'python-onnxruntime-sorted',
    title: 'Python onnxruntime, sorted batches of 8',
    python: 'onnxruntime_peer',
    options: { batching: 'sorted' },
  },
  {
    name: 'python-onnxruntime-one',
    title: 'Python onnxruntime, one pair a run',
    python: 'onnxruntime_peer',
    options: { batching: 'one' },
  },
  { name: 'fastembed', title: 'fastembed TextCrossEncoder', python: 'fastembed_peer' },
  {
    name: 'openvino',
    title: 'OpenVINO',
    python: 'openvino_peer',
    options: { precision: 'f32' },
  },
  {
    name: 'openvino-bf16',
    title: 'OpenVINO, bf16',
    python: 'openvino_peer',
    options: { precision: 'bf16' },
    needs: 'weights',
  },
];

export const PEER_NAMES = PEERS.map((peer) => peer.name);
