// Jest takes the CommonJS build, in the globals of jsdom: no fetch, no Response, no TextEncoder, no streams.
const cases = require("./chat.cases.cjs");

cases({
  test,
  expect,
  steadfetch: require("steadfetch"),
  testing: require("steadfetch/testing"),
  element: require("steadfetch/element"),
});
