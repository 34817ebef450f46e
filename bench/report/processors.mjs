// The picture of docs/benchmarks.md and README.md: `node bench/report/processors.mjs`, after `npm run bench:install`.
// One group of bars for each class of processor, of the figures in bench/results/processors.json, which names the report
// that each comes from.
import { readFileSync, writeFileSync } from 'node:fs';
import { chartToSvg } from '../peers/chart-to-svg.mjs';

const DATA = new URL('../results/processors.json', import.meta.url);
const PICTURE = new URL('../../docs/images/processors.svg', import.meta.url);
/** Ours first, then those that come nearest, then the usual way. */
const COLORS = ['#d9480f', '#5c7080', '#8a9ba8', '#c1ccd3'];

function panel({ title, subtitle }, values, engines) {
  const byEngine = { field: 'engine', type: 'nominal', scale: { domain: engines, range: COLORS }, title: null };
  const position = {
    x: { field: 'processor', type: 'nominal', sort: null, title: null, axis: { labelAngle: 0, ticks: false } },
    xOffset: { field: 'engine', sort: engines },
    y: { field: 'pairsPerSecond', type: 'quantitative', title: 'pairs a second', axis: { grid: true, tickCount: 5 } },
  };
  return {
    title: { text: title, subtitle, anchor: 'start', offset: 14 },
    width: 420,
    height: 260,
    data: { values },
    encoding: position,
    layer: [
      { mark: 'bar', encoding: { color: { ...byEngine, legend: { orient: 'bottom', columns: 2, labelLimit: 300 } } } },
      { mark: { type: 'text', dy: -6, fontSize: 10 }, encoding: { text: { field: 'pairsPerSecond', format: '.1f' } } },
    ],
  };
}

const { engines, models, processors } = JSON.parse(readFileSync(DATA, 'utf8'));
const valuesOf = (model) =>
  processors.flatMap(({ name, figures }) =>
    engines.map((engine, i) => ({ processor: name, engine, pairsPerSecond: figures[model][i] })),
  );
const chart = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  padding: 12,
  hconcat: models.map((model) => panel(model, valuesOf(model.name), engines)),
  bounds: 'flush',
  spacing: 80,
  config: { view: { stroke: null } },
  resolve: { scale: { y: 'independent' } },
};
writeFileSync(PICTURE, await chartToSvg(chart));
