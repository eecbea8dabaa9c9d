/* SPDX-License-Identifier: Apache-2.0 */
/* examples/explorer/explorer.c - see explorer.h. */
#include "examples/explorer/explorer.h"

#include "examples/explorer/calls.js.embed.h"
#include "examples/explorer/index.html.embed.h"
#include "examples/explorer/methods.js.embed.h"
#include "examples/explorer/page.js.embed.h"
#include "examples/explorer/style.css.embed.h"

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define JAVASCRIPT "text/javascript; charset=utf-8"

const struct explorer_file explorer_files[EXPLORER_FILES] = {
    { "/", HTML, index_html, &index_html_size },
    { "/style.css", CSS, style_css, &style_css_size },
    { "/page.js", JAVASCRIPT, page_js, &page_js_size },
    { "/calls.js", JAVASCRIPT, calls_js, &calls_js_size },
    { "/methods.js", JAVASCRIPT, methods_js, &methods_js_size },
};
