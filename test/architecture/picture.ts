import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './imports';

/** What docs/architecture.md draws. */
export interface Picture {
  /** Paths from the root. */
  places: Set<string>;
  /** Places that every other one may import, and that import no place but these. */
  leaves: Set<string>;
  /** `from -> to`. */
  edges: Set<string>;
}

const NODE = /^(\w+)\["([^"]+)"\](:::leaf)?$/;
const ARROWS = /^(\w+(?: & \w+)*) (?:-->|==>|-\.->)(?:\|[^|]*\|)? (\w+(?: & \w+)*)$/;

/** Reads the one Mermaid flowchart of a page. A label is a path; an arrow may have several ends, joined by `&`. */
export function readPicture(markdown: string): Picture {
  const [, chart] = /```mermaid\n([^]*?)```/.exec(markdown) ?? [];
  if (chart === undefined) throw new Error('the page has no Mermaid picture');
  const names = new Map<string, string>();
  const picture: Picture = { places: new Set(), leaves: new Set(), edges: new Set() };
  const lines = chart.split('\n').map((line) => line.trim());
  for (const line of lines) {
    const [, id, label, leaf] = NODE.exec(line) ?? [];
    if (id === undefined || label === undefined) continue;
    names.set(id, label);
    picture.places.add(label);
    if (leaf) picture.leaves.add(label);
  }
  const named = (ids: string) =>
    ids.split(' & ').map((id) => {
      const name = names.get(id);
      if (name === undefined) throw new Error(`the picture has an arrow at ${id}, which it does not name`);
      return name;
    });
  for (const line of lines) {
    const [, froms, tos] = ARROWS.exec(line) ?? [];
    if (froms === undefined || tos === undefined) continue;
    for (const from of named(froms)) for (const to of named(tos)) picture.edges.add(`${from} -> ${to}`);
  }
  return picture;
}

export function readArchitecture(): Picture {
  return readPicture(readFileSync(path.join(root, 'docs/architecture.md'), 'utf8'));
}
