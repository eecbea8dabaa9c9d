/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_stock.h - a service with each cardinality in each mood.
 *
 *   Echo     UU  the request is the response
 *   Count    US  the request is a number, n: "0" to n - 1, as allowance comes
 *   Join     SU  all requests, one after the other
 *   EchoAll  SS  each request is a response
 *   HoldXX       never answers; the context is held in stock.held
 *   FailXX       says FAILED as soon as it is called or given a request
 */
#ifndef FACE_STOCK_H
#define FACE_STOCK_H

#include "tests/rpc/face_fixture.h"

struct stock {
    struct fixture f;
    struct observer o;  /* observing, and released by close_stock() */
    struct observer o2; /* likewise */
    struct sluice_servicer_context *held;
    unsigned n_calls;      /* of any method */
    unsigned n_requests;   /* that stream-request methods were given */
    unsigned n_terminates; /* of their consumers */
    unsigned n_terminated; /* on_termination of held contexts */
    unsigned n_sent;       /* responses of Count */
    unsigned n_to_send;
    char joined[256];
};

/* cmocka's setup and teardown; *state is a struct stock. */
int open_stock(void **state);
int open_grpc_stock(void **state);
int close_stock(void **state);

/* The entries of a test in a table: in process alone, and over both links. */
#define STOCK_TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_stock, close_stock)
#define STOCK_OVER_BOTH(name)                                     \
    STOCK_TEST(name),                                             \
    {                                                             \
#name " (gRPC)", name, open_grpc_stock, close_stock, NULL \
    }

#endif
