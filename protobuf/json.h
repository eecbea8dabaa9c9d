/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/json.h - ProtoJSON to wire format and back, in one pass, driven by
 * the schema's tables. Rules: "ProtoJSON Format" and "Encoding" of
 * protobuf.dev.
 *
 * Thread      None of its own: one object, one user at a time.
 * Memory      Readers and writers are made once and used for many messages;
 *             neither allocates per field.
 */
#ifndef PB_JSON_H
#define PB_JSON_H

#include "protobuf/schema.h"

struct pb_json_options {
    bool emit_defaults;    /* out: implicit-presence defaults, [] and {} too */
    bool proto_names;      /* out: names as in the .proto */
    bool enum_numbers;     /* out: enums as numbers */
    bool int64_numbers;    /* out: 64-bit integers as numbers */
    bool ignore_unknown;   /* in: unknown fields and enum names are skipped */
    bool pretty;           /* out: indented */
    bool raw_anys;         /* out: an Any of a type that nobody knows keeps its
                          * bytes: {"@type", "value": base64} */
    const char *hidden;    /* out: full name of a type of which an Any shows its
                          * "@type" only, or NULL */
    unsigned max_depth;    /* nested containers, both ways; 0: 100 */
    unsigned max_elements; /* in: fields, elements and map entries of one text,
                            * those that are skipped too; 0: any number */
};

/* ---- JSON -> wire ---------------------------------------------------------- */
/*
 * Stricter than some: a field or map key given twice and two fields of a oneof
 * are errors (PB_EDUPLICATE). Limits beside max_depth and out->max: a number
 * has at most 2,048 characters; a name, an enum value, a number in quotes, a
 * timestamp, duration or field mask 65,535 bytes; an Any keeps at most out->max
 * bytes of text until its "@type" comes, and 16 such Anys may be nested. All
 * are PB_ELIMIT. More than max_elements is PB_EMANY; what stands in an Any before
 * its "@type" counts twice, as it is read twice. Results and errors do not depend on how the text is cut.
 */

struct pb_json_reader;

enum pb_json_state {
    PB_JSON_MORE, /* the value has not ended; feed more */
    PB_JSON_DONE, /* the value has ended; *used says where */
    PB_JSON_ERROR /* see the error; the reader must be started anew */
};

/* NULL when memory is short. */
struct pb_json_reader *pb_json_reader_new(void);
void pb_json_reader_free(struct pb_json_reader **r);

/* Starts a value: a message (its fields are appended to out without a length),
 * or the value of one field (appended with its tag, an array for a repeated
 * one, an object for a map). options and out are borrowed until the value has
 * ended; out->max bounds the result (PB_EFULL). Nothing of out before its
 * present len is touched. */
void pb_json_reader_start(struct pb_json_reader *r,
    const struct pb_message *message, const struct pb_json_options *options,
    struct pb_buf *out);
void pb_json_reader_start_field(struct pb_json_reader *r,
    const struct pb_field *field, const struct pb_json_options *options,
    struct pb_buf *out);

/* After start: required fields may be missing in this value, at any depth; more
 * of the message comes from elsewhere, and who puts it together asks for them. */
void pb_json_reader_allow_missing(struct pb_json_reader *r);

/* Bytes of the JSON text, in pieces of any size; a piece may end anywhere, in
 * the middle of a number, an escape or a UTF-8 sequence. *used (may be NULL) is
 * how many were taken: all of them unless DONE, when it is up to the end of the
 * value (a top-level number ends only at the byte after it or at finish). */
enum pb_json_state pb_json_reader_feed(struct pb_json_reader *r,
    const char *text, size_t len, size_t *used, struct pb_error *error);

/* The text has ended. DONE or ERROR ("unexpected end"). An input of nothing but
 * white space is an error here; whoever allows an empty body does not ask. */
enum pb_json_state pb_json_reader_finish(struct pb_json_reader *r,
    struct pb_error *error);

/* What follows a value that is DONE, from *used on, and further pieces: DONE
 * while it is white space, else ERROR. */
enum pb_json_state pb_json_reader_rest(struct pb_json_reader *r,
    const char *text, size_t len, struct pb_error *error);

/* True after start while nothing but white space has been seen. */
bool pb_json_reader_is_blank(const struct pb_json_reader *r);

/* How many leading bytes of what was appended to out are final: they may be
 * taken away by the owner (who then shifts the rest down and says so). */
size_t pb_json_reader_settled(const struct pb_json_reader *r);
void pb_json_reader_shifted(struct pb_json_reader *r, size_t taken);

/* The whole of it for one text that lies in memory; anything but white space
 * after the value is an error. */
enum pb_err pb_json_to_wire(struct pb_json_reader *r,
    const struct pb_message *message, const struct pb_json_options *options,
    const char *text, size_t len, struct pb_buf *out, struct pb_error *error);

/* ---- wire -> JSON ---------------------------------------------------------- */

struct pb_json_writer;

/* NULL when memory is short. */
struct pb_json_writer *pb_json_writer_new(void);
void pb_json_writer_free(struct pb_json_writer **w);

/* Writes a message as JSON. wire is the whole message; out may be a drained
 * buffer of any size (its grow empties it), so output leaves in pieces of any
 * size. options may be NULL: none.
 *
 * Fields come in the order of their numbers, the entries of a map in that of
 * the wire, of equal keys the last one. Fields split or out of order on the
 * wire are merged as the specification says; that takes scratch memory of
 * about twice the message, which the writer keeps while it is small.
 *
 * Errors: what was written before is then to be thrown away. offset counts in
 * wire (for what had to be merged, the first byte of the level that was).
 *   PB_ESYNTAX   broken wire format
 *   PB_EVALUE    text that is not UTF-8, a required field that is missing
 *                (not asked for inside an Any), a well-known type that has no
 *                JSON: out of range, a Value that holds nothing, ...
 *   PB_EUNKNOWN  an Any of a type that the message's schema does not have
 *                (raw_anys: none)
 *   PB_EFULL     out->max
 *   PB_ELIMIT    more than 2 GiB of wire, or messages and groups nested over
 *                max_depth, the outermost one counted, a Value not (max_depth
 *                over 1000 counts as 1000: it is C stack) */
enum pb_err pb_wire_to_json(struct pb_json_writer *w,
    const struct pb_message *message, const struct pb_json_options *options,
    const uint8_t *wire, size_t len, struct pb_buf *out,
    struct pb_error *error);

/* Only one top-level field of the message (response_body): its value, or the
 * JSON of its default when it is not there: "", 0, [], {}; of a message that of
 * an empty one if it is an object or an array, else null. */
enum pb_err pb_wire_field_to_json(struct pb_json_writer *w,
    const struct pb_field *field, const struct pb_json_options *options,
    const uint8_t *wire, size_t len, struct pb_buf *out,
    struct pb_error *error);

/* Writes s as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD. For
 * texts that are not part of a message (error messages). */
enum pb_err pb_json_quote(struct pb_buf *out, const char *s, size_t len);

/* ---- text -> wire ----------------------------------------------------------- */

/* One scalar, enum or string-like well-known type (Timestamp, Duration,
 * FieldMask, wrappers; Value and Struct as JSON text) from the text of a path
 * variable or query parameter (google/api/http.proto), appended to out with the
 * field's tag; for a repeated field one element. Already percent-decoded. Empty
 * text is a value for strings, bytes and field masks only. Booleans may also be
 * 1, 0, t, f and the like; field masks may be in snake case; a NullValue may be
 * null. Defaults are written too, as they replace what stood before. options
 * bound what is JSON. PB_EVALUE says what was expected; PB_EUNKNOWN likewise,
 * of an enum that has no such value, also with ignore_unknown: it is the caller
 * who leaves a field out. After an error out is as it was. */
enum pb_err pb_text_to_wire(const struct pb_field *field,
    const struct pb_json_options *options, const char *text, size_t len,
    struct pb_buf *out, struct pb_error *error);

#endif
