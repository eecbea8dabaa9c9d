// SPDX-License-Identifier: Apache-2.0

// grpc-gateway in front of bench/backend, as its own documentation has it: a
// mux, the handlers that protoc-gen-grpc-gateway made, one connection. What
// they write is made like Sluice's: fields without a value are left out.
//
//	grpc-gateway PORT BACKEND-PORT ROUTES
//
// ROUTES more are registered, GET /v1/r0000/{name} and so on; all of them call
// Echo.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	"sluice.bench/grpc-gateway/bench"
)

const maxMessage = 4 << 20

// echo answers GET /v1/rNNNN/{name} as a generated handler would.
func echo(mux *runtime.ServeMux, client bench.BenchClient) runtime.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request, path map[string]string) {
		_, marshaler := runtime.MarshalerForRequest(mux, r)
		ctx, err := runtime.AnnotateContext(r.Context(), mux, r,
			"/sluice.bench.v1.Bench/Echo")
		if err == nil {
			var answer *bench.Item
			answer, err = client.Echo(ctx, &bench.Item{Name: path["name"]})
			if err == nil {
				runtime.ForwardResponseMessage(ctx, mux, marshaler, w, r,
					answer)
				return
			}
		}
		runtime.HTTPError(r.Context(), mux, marshaler, w, r, err)
	}
}

func newMux() *runtime.ServeMux {
	return runtime.NewServeMux(runtime.WithMarshalerOption(
		runtime.MIMEWildcard, &runtime.JSONPb{
			MarshalOptions: protojson.MarshalOptions{
				EmitUnpopulated: false,
			},
		}))
}

func serve(port, backend string, routes int) error {
	connection, err := grpc.NewClient("127.0.0.1:"+backend,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return err
	}
	mux := newMux()
	client := bench.NewBenchClient(connection)
	err = bench.RegisterBenchHandlerClient(context.Background(), mux, client)
	if err != nil {
		return err
	}
	handler := echo(mux, client)
	for i := 0; i < routes; i++ {
		path := fmt.Sprintf("/v1/r%04d/{name}", i)
		if err = mux.HandlePath("GET", path, handler); err != nil {
			return err
		}
	}
	return http.ListenAndServe("127.0.0.1:"+port, mux)
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: grpc-gateway PORT BACKEND-PORT ROUTES")
	}
	routes, err := strconv.Atoi(os.Args[3])
	if err == nil {
		err = serve(os.Args[1], os.Args[2], routes)
	}
	log.Fatal(err)
}
