// Jest loads the CommonJS build.
const cases = require("./chat.cases.cjs");

cases({
  test,
  expect,
  steadfetch: require("steadfetch"),
  testing: require("steadfetch/testing"),
  element: require("steadfetch/element"),
});
