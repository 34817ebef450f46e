// The report as a chart: pairs a second by peer, one panel per model and case.
import { chartToSvg } from '../peers/chart-to-svg.mjs';
import { OURS } from '../peers/index.mjs';
import { groupsOf } from './summary.mjs';

const COLOR_OURS = '#d9480f';
const COLOR_PEER = '#8a9ba8';
const PANELS_A_ROW = 2;

function panel({ model, caseName, load, tokensPerPair, rows }, titles) {
  const sort = rows.map((row) => titles.peers[row.peer]);
  const y = { field: 'peer', type: 'nominal', sort, title: null, axis: { labelLimit: 320 } };
  const x = { field: 'pairsPerSecond', type: 'quantitative', title: 'pairs a second' };
  return {
    title: {
      text: titles.models[model],
      subtitle: `${caseName}, ${load}: ${tokensPerPair.toFixed(0)} tokens a pair`,
      anchor: 'start',
    },
    width: 340,
    height: { step: 20 },
    data: {
      values: rows.map((row) => ({
        peer: titles.peers[row.peer],
        pairsPerSecond: row.pairsPerSecond,
        label: row.pairsPerSecond.toFixed(2),
        color: row.peer === OURS ? COLOR_OURS : COLOR_PEER,
      })),
    },
    encoding: { x, y },
    layer: [
      { mark: 'bar', encoding: { color: { field: 'color', type: 'nominal', scale: null } } },
      { mark: { type: 'text', align: 'left', dx: 4 }, encoding: { text: { field: 'label', type: 'nominal' } } },
    ],
  };
}

/** @returns {Promise<string>} SVG. Loads with constant arrival are not in it: their rate is each peer's own. */
export function chartReport(report) {
  const groups = groupsOf(report.rows).filter((group) => !group.load.startsWith('open'));
  return chartToSvg({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    columns: PANELS_A_ROW,
    spacing: 40,
    concat: groups.map((group) => panel(group, report.titles)),
    resolve: { scale: { x: 'independent', y: 'independent' } },
  });
}
