// biome-ignore lint/style/noDefaultExport: vitest requires it
export default {
  test: {
    projects: ["jsdom", "happy-dom"].map((environment) => ({
      test: { name: environment, environment, include: ["*.vitest.mjs"] },
    })),
  },
};
