/** Tensors by name. */
export type NamedValues = Record<string, { shape: number[]; values: Float32Array }>;

/** A safetensors file of float32 tensors. */
export function safetensors(tensors: NamedValues): Buffer {
  const header: Record<string, object> = {};
  let at = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, (at += values.byteLength)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const data = Object.values(tensors).map(({ values }) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  return Buffer.concat([length, json, ...data]);
}
