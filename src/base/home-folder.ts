import { homedir } from 'node:os';

/** Undefined where HOME is not set and the system knows no home of this user, as in many containers. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
