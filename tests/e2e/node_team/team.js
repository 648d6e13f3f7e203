// A program of a team that writes Node: @grpc/grpc-js with a client that protobuf-ts generated from the protos.
// It calls what each line of its input asks for, and writes what came of it, a line each:
//   {"id": 1, "service": "meetings", "rpc": "getMeeting", "request": {…}, "cancelAfterMs": 100}
//   {"id": 1, "response": {…}}, for a stream many of them and {"id": 1, "end": true}
//   {"id": 1, "code": "NOT_FOUND", "reason": "MEETING_NOT_FOUND", "metadata": {…}}
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { createInterface } = require("node:readline");
const grpc = require("@grpc/grpc-js");

const { generated, tls, targets } = JSON.parse(process.argv[2]);
const load = (path) => require(join(generated, path));
const { Status } = load("google/rpc/status.js");
const { ErrorInfo } = load("google/rpc/error_details.js");
const file = (name) => readFileSync(join(tls, name));
const credentials = tls
  ? grpc.credentials.createSsl(file("ca.crt"), file("tls.key"), file("tls.crt"))
  : grpc.credentials.createInsecure();

function serviceOf(name) {
  const title = name[0].toUpperCase() + name.slice(1);
  const path = `zoomslack/${name}/v1/${name}_service`;
  const { [`${title}ServiceClient`]: Client } = load(`${path}.grpc-client.js`);
  const { [`${title}Service`]: description } = load(`${path}.js`);
  return { client: new Client(targets[name], credentials), description };
}
const services = Object.fromEntries(Object.keys(targets).map((name) => [name, serviceOf(name)]));

const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

function failure(error) {
  const [raw] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = raw ? Status.fromBinary(raw).details : [];
  const info = details.find((one) => one.typeUrl.endsWith("/google.rpc.ErrorInfo"));
  const { reason = "", metadata = {} } = info ? ErrorInfo.fromBinary(info.value) : {};
  return { code: grpc.status[error.code], reason, metadata };
}

function call({ id, service, rpc, request, cancelAfterMs }) {
  const { client, description } = services[service];
  const method = description.methods.find((one) => one.localName === rpc);
  const input = method.I.fromJson(request);
  const toJson = (message) => method.O.toJson(message);
  const deadline = { deadline: Date.now() + 20_000 };
  let running;
  if (method.serverStreaming) {
    running = client[rpc](input, deadline);
    running.on("data", (message) => write({ id, response: toJson(message) }));
    running.on("end", () => write({ id, end: true }));
    running.on("error", (error) => write({ id, ...failure(error) }));
  } else {
    running = client[rpc](input, deadline, (error, message) =>
      write(error ? { id, ...failure(error) } : { id, response: toJson(message) }),
    );
  }
  if (cancelAfterMs) {
    setTimeout(() => running.cancel(), cancelAfterMs);
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => call(JSON.parse(line)));
lines.on("close", () => process.exit(0));
