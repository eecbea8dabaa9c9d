/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as JSON of which the paths are asked. The first byte chooses the
 * type and the options. What comes out has to be paths of that type; and of a
 * text that a reader accepts there have to be paths, one at least for each
 * field that the reader found.
 */
#include "protobuf/json_paths.h"

#include <stdlib.h>

#include "protobuf/wire.h"
#include "tests/fuzz/json_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Lives as long as the process. */
struct fuzz {
    struct pb_json_reader *reader;
    struct pb_buf wire;
    struct pb_buf paths;
};

static struct fuzz *
begin(void)
{
    struct fuzz *f = calloc(1, sizeof *f);

    fuzz_check(f != NULL, "out of memory");
    f->reader = pb_json_reader_new();
    fuzz_check(f->reader != NULL, "out of memory");
    pb_buf_init_heap(&f->wire, 1 << 20);
    pb_buf_init_heap(&f->paths, 1 << 20);
    return f;
}

/* Every part of the path names a field, all but the last one a message. */
static void
check_path(const struct pb_message *m, const char *s, size_t len)
{
    const char *end = s + len;

    for (;;) {
        const char *dot = memchr(s, '.', (size_t)(end - s));
        size_t n = (size_t)((dot != NULL ? dot : end) - s);
        const struct pb_field *f = pb_message_field_by_name(m, s, n);

        fuzz_check(f != NULL, "a path of no field");
        if (dot == NULL)
            return;
        fuzz_check(f->message != NULL && !f->is_repeated,
            "a path through a leaf");
        m = f->message;
        s = dot + 1;
    }
}

/* Goes through the paths; is one of them of f or of something in it? */
static bool
has_path(const struct pb_buf *paths, const struct pb_message *m,
    const struct pb_field *f)
{
    const uint8_t *p = paths->data, *end = p + paths->len;
    bool has = false;

    while (p < end) {
        size_t len;
        const char *s;

        fuzz_check(*p == 0x0a, "another field of the mask");
        p = pb_len_read(p + 1, end, &len);
        fuzz_check(p != NULL, "a broken mask");
        s = (const char *)p;
        check_path(m, s, len);
        has |= f != NULL && len >= f->name_len &&
            memcmp(s, f->name, f->name_len) == 0 &&
            (len == f->name_len || s[f->name_len] == '.');
        p += len;
    }
    return has;
}

static void
compare(const struct fuzz *f, const struct pb_message *m, bool is_closed)
{
    const uint8_t *p = f->wire.data, *end = p + f->wire.len;

    while (p < end) {
        uint32_t number;
        unsigned wire;
        const struct pb_field *field;

        p = pb_tag_read(p, end, &number, &wire);
        fuzz_check(p != NULL, "a broken tag");
        p = pb_skip(p, end, number, wire, 100);
        fuzz_check(p != NULL, "a broken record");
        field = pb_message_field_by_number(m, number, 0);
        fuzz_check(field != NULL || !is_closed, "a field of nowhere");
        if (is_closed || (field != NULL && f->paths.len > 0))
            fuzz_check(has_path(&f->paths, m, field), "a field without a path");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct fuzz *f;
    struct pb_json_options options = { 0 };
    const struct pb_message *m;
    char *text;
    enum pb_err err;

    if (f == NULL)
        f = begin();
    if (len < 1)
        return 0;
    m = fuzz_type(data[0]);
    options.ignore_unknown = data[0] >> 3 & 1;
    text = malloc(len); /* of its own: nothing is readable behind it */
    fuzz_check(text != NULL, "out of memory");
    memcpy(text, data + 1, len - 1);
    f->wire.len = 0;
    f->paths.len = 0;
    err = pb_json_paths(m, &options, text, len - 1, &f->paths);
    fuzz_check(err == PB_OK || f->paths.len == 0,
        "an error that left something");
    if (f->paths.len > 0)
        (void)has_path(&f->paths, m, NULL);
    if (pb_json_to_wire(f->reader, m, &options, text, len - 1, &f->wire,
            NULL) == PB_OK) {
        fuzz_check(err == PB_OK, "a reader accepts it");
        if (f->wire.len > 0)
            compare(f, m, data[0] % FUZZ_TYPES < FUZZ_EXTENDED_TYPE);
    }
    free(text);
    return 0;
}
