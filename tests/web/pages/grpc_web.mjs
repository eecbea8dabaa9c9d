// SPDX-License-Identifier: Apache-2.0
// The official gRPC-Web client where it is at home.
import { declare } from "../grpc_web_calls.mjs";

declare("grpcwebtext", "text", XMLHttpRequest);
declare("grpcweb", "binary", XMLHttpRequest);
