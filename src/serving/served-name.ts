import path from 'node:path';

const HUB_ID = /^(?:@cf\/)?[\w.-]+\/[\w.-]+$/;

/** The name to tell clients: a hub id as it is, of a folder only its last part, as paths of this machine are not theirs. */
export function servedName(model: string): string {
  return HUB_ID.test(model) && !model.startsWith('.') ? model : path.basename(model);
}
