import { ELEMENT, type Initializer } from './onnx-model';

/** The weights' integers: signed around 0, or unsigned around a zero point; one scale a tensor, or one a column. */
export interface QuantisedForm {
  type: 'int8' | 'uint8';
  perColumn: boolean;
}

export interface QuantisedWeight {
  initializers: Initializer[];
  /** Names of initializers; `weight` is [in][out]. */
  weight: string;
  scale: string;
  zeroPoint: string;
}

interface Range {
  scale: number;
  zero: number;
}

/** int8: symmetric; uint8: from the least to the greatest value, 0 among them. */
function rangeOf(values: readonly number[], type: QuantisedForm['type']): Range {
  if (type === 'int8') return { scale: Math.max(...values.map(Math.abs)) / 127, zero: 0 };
  const least = Math.min(0, ...values);
  const scale = (Math.max(0, ...values) - least) / 255;
  return { scale, zero: Math.round(-least / scale) };
}

/** A float32 weight [out][in] as quantize_dynamic stores it. */
export function quantised(
  name: string,
  { shape, bytes }: { shape: number[]; bytes: Buffer },
  { type, perColumn }: QuantisedForm,
): QuantisedWeight {
  const [out = 0, input = 0] = shape;
  const rows = Array.from({ length: out }, (_, o) =>
    Array.from({ length: input }, (_unused, i) => bytes.readFloatLE(4 * (o * input + i))),
  );
  const ranges = perColumn ? rows.map((row) => rangeOf(row, type)) : [rangeOf(rows.flat(), type)];
  const integers = Buffer.alloc(out * input);
  rows.forEach((row, o) => {
    const { scale, zero } = ranges[perColumn ? o : 0]!;
    row.forEach((value, i) => (integers[i * out + o] = (Math.round(value / scale) + zero) & 0xff));
  });
  const dims = perColumn ? [out] : [];
  const dataType = ELEMENT[type];
  const [weight, scale, zeroPoint] = [`${name}.weight_quantized`, `${name}.weight_scale`, `${name}.weight_zero_point`];
  return {
    weight,
    scale,
    zeroPoint,
    initializers: [
      { name: weight, dims: [input, out], dataType, rawData: integers },
      { name: scale, dims, dataType: ELEMENT.float, floatData: ranges.map((range) => range.scale) },
      { name: zeroPoint, dims, dataType, rawData: Buffer.from(ranges.map(({ zero }) => zero)) },
    ],
  };
}
