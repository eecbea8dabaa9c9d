// SPDX-License-Identifier: Apache-2.0
// The official gRPC-Web client in Node, in both of its modes. It is made for
// browsers, whose XMLHttpRequest Node does not have: xmlhttprequest shows text
// while it arrives, as browsers do, and xhr2 knows bytes.
import { declare } from "./grpc_web_calls.mjs";
import { npm, run } from "./kit.mjs";
import { report } from "./node.mjs";

declare("grpcwebtext", "text", npm("xmlhttprequest").XMLHttpRequest);
declare("grpcweb", "binary", npm("xhr2"));
report(await run(1)); // XMLHttpRequest is a global, and not the same one
