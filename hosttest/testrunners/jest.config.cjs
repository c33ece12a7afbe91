const shared = { transform: {}, injectGlobals: true };

module.exports = {
  projects: [
    { ...shared, displayName: "jsdom", testEnvironment: "jsdom", testMatch: ["<rootDir>/bare.jest.cjs"] },
    {
      ...shared,
      displayName: "jsdom with fetch",
      testEnvironment: "<rootDir>/jsdom-with-fetch.cjs",
      testMatch: ["<rootDir>/chat.jest.cjs"],
    },
  ],
};
