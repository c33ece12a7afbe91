// biome-ignore lint/style/noDefaultExport: it is what vitest looks for
export default {
  test: {
    projects: ["jsdom", "happy-dom"].map((environment) => ({
      test: { name: environment, environment, include: ["*.vitest.mjs"] },
    })),
  },
};
