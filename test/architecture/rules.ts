import type { Edge } from './imports';
import type { Picture } from './picture';

function describe({ from, to, file }: Edge): string {
  return `${from} -> ${to} (${file})`;
}

/** Imports that the picture has no arrow for. */
export function undrawn(edges: readonly Edge[], { edges: drawn, leaves }: Picture): string[] {
  return edges
    .filter(({ from, to }) => (leaves.has(to) ? false : leaves.has(from) || !drawn.has(`${from} -> ${to}`)))
    .map(describe);
}

/** Arrows that no import goes along. */
export function unused(edges: readonly Edge[], picture: Picture): string[] {
  const real = new Set(edges.map(({ from, to }) => `${from} -> ${to}`));
  return [...picture.edges].filter((edge) => !real.has(edge));
}

/** One round trip of places that import each other, directly or by way of others; empty where there is none. */
export function loop(edges: readonly Edge[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const visit = (place: string, way: readonly string[]): string[] => {
    if (way.includes(place)) return [...way.slice(way.indexOf(place)), place];
    if (done.has(place)) return [];
    for (const to of next.get(place) ?? []) {
      const found = visit(to, [...way, place]);
      if (found.length > 0) return found;
    }
    done.add(place);
    return [];
  };
  return [...next.keys()].map((place) => visit(place, [])).find((found) => found.length > 0) ?? [];
}
