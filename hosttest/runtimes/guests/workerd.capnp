using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "guest", worker = .guest),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "guest")],
);

const guest :Workerd.Worker = (
  modules = [
    (name = "workerd.mjs", esModule = embed "workerd.mjs"),
    (name = "steadfetch.wasm", wasm = embed "steadfetch.wasm"),
  ],
  compatibilityDate = "COMPATIBILITY_DATE",
);
