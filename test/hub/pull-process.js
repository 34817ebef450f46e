// A process that pulls owner/model once: the settings and the policy come as JSON in argv.
const { pull } = require('../../dist/models/pull.js');

const { settings, policy } = JSON.parse(process.argv[2]);
pull({ repo: 'owner/model', revision: 'main' }, { dtype: 'auto', settings, policy }).then(
  ({ folder }) => process.stdout.write(folder),
  (error) => {
    process.stderr.write(`${error.code}: ${error.message}`);
    process.exitCode = 1;
  },
);
