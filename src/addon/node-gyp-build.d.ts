declare module 'node-gyp-build' {
  const nodeGypBuild: {
    /** Path of the .node file for this process below the package folder; throws when there is none. */
    resolve(folder: string): string;
  };
  export = nodeGypBuild;
}
