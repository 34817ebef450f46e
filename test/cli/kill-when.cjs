// Preloaded into a run of the command line: kills it once a file has so many bytes. From within, since another process
// may get its turn too late to kill one that is quick. KILL_WHEN is {file, bytes}.
const { statSync } = require('node:fs');

const { file, bytes } = JSON.parse(process.env.KILL_WHEN);
const size = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
setInterval(() => size() >= bytes && process.kill(process.pid, 'SIGKILL'), 1).unref();
