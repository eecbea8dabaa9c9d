/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/cli_version.c - "sluice version". */
#include <config.h>

#include <jansson.h>
#include <microhttpd.h>
#include <nghttp2/nghttp2.h>
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <uv.h>
#include <wslay/wslay.h>
#include <yaml.h>
#include <zlib.h>

#include "gateway/cli.h"

int
cli_version(int argc, char **argv)
{
    if (argc == 2 &&
        (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        printf("Usage: sluice version\n"
               "Print the versions of sluice and its libraries.\n");
        return CLI_OK;
    }
    if (argc > 1) {
        gw_log("%s: unexpected argument %s", argv[0], argv[1]);
        return CLI_USAGE;
    }
    printf("sluice %s\n", PACKAGE_VERSION);
    printf("libmicrohttpd %s\n", MHD_get_version());
    printf("libuv %s\n", uv_version_string());
    printf("nghttp2 %s\n", nghttp2_version(0)->version_str);
    printf("zlib %s\n", zlibVersion());
    printf("wslay %s\n", WSLAY_VERSION);
    printf("jansson %s\n", JANSSON_VERSION);
    printf("libyaml %s\n", yaml_get_version_string());
    printf("protobuf-c %s\n", protobuf_c_version());
    return CLI_OK;
}
