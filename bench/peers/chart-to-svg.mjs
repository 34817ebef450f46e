import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/** Draws a Vega-Lite specification without a browser. */
export function chartToSvg(specification) {
  return new View(parse(compile(specification).spec), { renderer: 'none' }).toSVG();
}
