import { Format, SingleBar } from 'cli-progress';

export interface Progress {
  update(done: number, note: string): void;
  stop(): void;
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const digits = power < 2 ? 0 : 1;
  return `${(bytes / 1000 ** power).toFixed(digits)} ${UNITS[power] ?? 'B'}`;
}

/** A bar on stderr where that is a terminal, else nothing: stdout and log files stay clean. Counts bytes. */
export function startProgress(totalBytes: number, alreadyBytes = 0): Progress {
  if (!process.stderr.isTTY) return SILENT;
  const started = performance.now();
  const bar = new SingleBar({
    stream: process.stderr,
    // The terminal is left as it is, so that Ctrl-C needs no repair.
    linewrap: true,
    clearOnComplete: true,
    etaBuffer: 50,
    format: (options, params, payload: { note?: string }) => {
      const seconds = (performance.now() - started) / 1000;
      const rate = (params.value - alreadyBytes) / Math.max(seconds, 0.001);
      const eta = rate > 0 ? `${Math.ceil((params.total - params.value) / rate)} s left` : '';
      const percent = Math.floor(params.progress * 100);
      const size = `${bytesText(params.value)} of ${bytesText(params.total)}`;
      return `${Format.BarFormat(params.progress, options)} ${percent} %  ${size}  ${payload.note ?? ''}  ${eta}`;
    },
  });
  bar.start(totalBytes, alreadyBytes, { note: '' });
  return { update: (done, note) => bar.update(done, { note }), stop: () => bar.stop() };
}
