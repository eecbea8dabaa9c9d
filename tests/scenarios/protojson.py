# SPDX-License-Identifier: Apache-2.0
"""The rules of ProtoJSON and of the binary format as tables. Each row goes
through one process that answers all rows of its kind."""

import unittest

import harness
from transcoder import ALL, OLD, Refused, Transcoder

ANY = "type.googleapis.com/"
NODE = ANY + "sluice.test.protojson.Node"
AS_IT_IS = object()
ANYTHING = object()     # only that it is taken

# ---- JSON -> binary ---------------------------------------------------------

TO_WIRE = (
    # Integers: any spelling of an integral value in range
    ('{"i32":1}', "08 01"), ('{"i32":"1"}', "08 01"), ('{"i32":1.0}', "08 01"),
    ('{"i32":1e2}', "08 64"), ('{"i32":"1e2"}', "08 64"),
    ('{"i32":100000.000}', "08 a0 8d 06"), ('{"i32":12e-1e0}', None),
    ('{"i32":120e-1}', "08 0c"), ('{"i32":2.147483647e9}',
                                  "08 ff ff ff ff 07"),
    ('{"i32":2147483647}', "08 ff ff ff ff 07"),
    ('{"i32":-2147483648}', "08 80 80 80 80 f8 ff ff ff ff 01"),
    ('{"i32":-0}', ""), ('{"i32":0e99999}', ""), ('{"u32":-0}', ""),
    ('{"i32":2147483648}', None), ('{"i32":-2147483649}', None),
    ('{"i32":"2147483648"}', None), ('{"i32":0.5}', None),
    ('{"i32":"0.5"}', None), ('{"i32":""}', None), ('{"i32":" 1"}', None),
    ('{"i32":"1 "}', None), ('{"i32":"12abc"}', None), ('{"i32":"3x3"}', None),
    ('{"i32":"12,34"}', None), ('{"i32":true}', None), ('{"i32":+1}', None),
    ('{"i32":01}', None), ('{"i32":"01"}', None), ('{"i32":-01}', None),
    ('{"i32":1e536870000}', None), ('{"i32":"0x10"}', None),
    ('{"i32":1.}', None), ('{"i32":.5}', None), ('{"i32":1e}', None),
    ('{"i32":[]}', None), ('{"i32":{}}', None), ('{"i32":--1}', None),
    ('{"u32":4294967295}', "18 ff ff ff ff 0f"), ('{"u32":4294967296}', None),
    ('{"u32":-1}', None), ('{"u64":"-1"}', None),
    ('{"i64":9223372036854775807}', "10 ff ff ff ff ff ff ff ff 7f"),
    ('{"i64":"-9223372036854775808"}', "10 80 80 80 80 80 80 80 80 80 01"),
    ('{"i64":9223372036854775808}', None),
    ('{"i64":-9223372036854775809}', None),
    ('{"i64":9.223372036854774784e18}', "10 80 f8 ff ff ff ff ff ff 7f"),
    ('{"u64":18446744073709551615}', "20 ff ff ff ff ff ff ff ff ff 01"),
    ('{"u64":"18446744073709551616"}', None),
    ('{"s32":-1}', "28 01"), ('{"s64":"-2"}', "30 03"),
    ('{"f32":1}', "3d 01 00 00 00"), ('{"sf32":-1}', "4d ff ff ff ff"),
    ('{"f64":1}', "41 01 00 00 00 00 00 00 00"),
    ('{"sf64":"-1"}', "51 ff ff ff ff ff ff ff ff"),
    # Floating point
    ('{"single":1.5}', "5d 00 00 c0 3f"),
    ('{"single":"1.5"}', "5d 00 00 c0 3f"),
    ('{"single":"NaN"}', "5d 00 00 c0 7f"),
    ('{"single":"Infinity"}', "5d 00 00 80 7f"),
    ('{"single":"-Infinity"}', "5d 00 00 80 ff"),
    ('{"single":3.4028235e38}', "5d ff ff 7f 7f"),
    ('{"single":3.502823e+38}', None), ('{"single":-3.502823e+38}', None),
    ('{"single":1e-60}', ""), ('{"single":1.401298e-45}', "5d 01 00 00 00"),
    ('{"real":-0.0}', "61 00 00 00 00 00 00 00 80"),
    ('{"real":1.7976931348623157e308}', "61 ff ff ff ff ff ff ef 7f"),
    ('{"real":1.89769e+308}', None), ('{"real":-1.89769e+308}', None),
    ('{"real":5e-324}', "61 01 00 00 00 00 00 00 00"),
    ('{"real":NaN}', None), ('{"real":Infinity}', None),
    ('{"real":-Infinity}', None), ('{"real":"inf"}', None),
    ('{"real":"nan"}', None), ('{"real":""}', None), ('{"real":true}', None),
    # bool and string
    ('{"flag":true}', "68 01"), ('{"flag":false}', ""),
    ('{"flag":"true"}', None), ('{"flag":1}', None), ('{"flag":0}', None),
    ('{"flag":True}', None), ('{"text":1}', None), ('{"text":true}', None),
    ('{"text":"\\u00e9\\ud83d\\ude01"}', "72 06 c3 a9 f0 9f 98 81"),
    ('{"text":"\\u00E9"}', "72 02 c3 a9"), ('{"text":"\\u0000"}', "72 01 00"),
    ('{"text":"\\"\\\\\\/\\b\\f\\n\\r\\t"}', "72 08 22 5c 2f 08 0c 0a 0d 09"),
    ('{"text":"\\ud83d"}', None), ('{"text":"\\ude01"}', None),
    ('{"text":"\\ude01\\ud83d"}', None), ('{"text":"\\ud83dx"}', None),
    ('{"text":"\\U00e9"}', None), ('{"text":"\\\'"}', None),
    ('{"text":"\\u00g0"}', None), ('{"text":"a\tb"}', None),
    (b'{"text":"\xff"}', None), (b'{"text":"\xc0\x80"}', None),
    (b'{"text":"\xed\xa0\x80"}', None), (b'{"\xff":1}', None),
    # bytes: either alphabet, padding or none
    ('{"raw":"AQI="}', "7a 02 01 02"), ('{"raw":"AQI"}', "7a 02 01 02"),
    ('{"raw":"-_"}', "7a 01 fb"), ('{"raw":"+/+/"}', "7a 03 fb ff bf"),
    ('{"raw":"-_-_"}', "7a 03 fb ff bf"), ('{"raw":""}', ""),
    ('{"raw":"A"}', None), ('{"raw":"A===" }', None), ('{"raw":"*A=="}', None),
    ('{"raw":1}', None), ('{"raw":[1]}', None),
    # enums
    ('{"tone":"HIGH"}', "80 01 02"), ('{"tone":2}', "80 01 02"),
    ('{"tone":2.0}', "80 01 02"), ('{"tone":"DEEP"}', "80 01 01"),
    ('{"tone":77}', "80 01 4d"), ('{"tone":0}', ""),
    ('{"tone":"BELOW"}', "80 01 fd ff ff ff ff ff ff ff ff 01"),
    ('{"tone":"high"}', None), ('{"tone":"NOPE"}', None),
    ('{"tone":1.5}', None), ('{"tone":true}', None), ('{"tone":[]}', None),
    ('{"tone":2147483648}', None),
    # messages, null
    ('{"node":{}}', "8a 01 00"), ('{"node":null}', ""),
    ('{"node":{"n":1}}', "8a 01 02 08 01"), ('{"node":[]}', None),
    ('{"node":"x"}', None), ('{"node":1}', None),
    ('{"i32":null,"rI32":null,"mText":null,"oneText":null,"maybe":null,'
     '"wI32":null,"timestamp":null,"text":null,"raw":null,"tone":null}', ""),
    ('{"maybe":0}', "a8 04 00"), ('{"maybeText":""}', "b2 04 00"),
    # lists
    ('{"rI32":[1,2]}', "aa 01 02 01 02"), ('{"rI32":[]}', ""),
    ('{"rS32":[-1,1]}', "f0 01 01 f0 01 02"), ('{"rI32":1}', None),
    ('{"rI32":[null]}', None), ('{"rI32":[1,null]}', None),
    ('{"rNode":[null]}', None), ('{"rNode":[{},{}]}', "ea 01 00 ea 01 00"),
    ('{"rText":["",null]}', None), ('{"rTone":["LOW",9]}', "e2 01 02 01 09"),
    ('{"rI32":["1",2.0,3e0]}', "aa 01 03 01 02 03"), ('{"rI32":[[1]]}', None),
    ('{"rI32":[1,"a"]}', None), ('{"rI32":[1,]}', None),
    ('{"rI32":[1 2]}', None), ('{"rI32":{"0":1}}', None),
    # maps
    ('{"mI32":{"-1":1}}', "ca 02 0d 08 ff ff ff ff ff ff ff ff ff 01 10 01"),
    ('{"mU32":{"4294967295":1}}', "da 02 08 08 ff ff ff ff 0f 10 01"),
    ('{"mS32":{"-1":-1}}', "ea 02 04 08 01 10 01"),
    ('{"mFlag":{"true":true}}', "9a 03 04 08 01 10 01"),
    ('{"mText":{"a":"b"}}', "a2 03 06 0a 01 61 12 01 62"),
    ('{"mNode":{"a":{}}}', "ca 03 05 0a 01 61 12 00"), ('{"mI32":{}}', ""),
    ('{"mI32":{"a":1}}', None), ('{"mI32":{"2147483648":1}}', None),
    ('{"mI32":{"":1}}', None), ('{"mI32":{" 1":1}}', None),
    ('{"mI32":{1:1}}', None), ('{"mU64":{"-1":1}}', None),
    ('{"mFlag":{"1":true}}', None), ('{"mFlag":{"True":true}}', None),
    ('{"mFlag":{true:true}}', None), ('{"mI32":{"1":null}}', None),
    ('{"mNode":{"a":null}}', None), ('{"mText":{"a":"b","a":"c"}}', None),
    ('{"mI32":{"1":1,"\\u0031":2}}', None), ('{"mI32":[1]}', None),
    # oneofs
    ('{"oneNumber":0}', "e8 03 00"), ('{"oneText":""}', "f2 03 00"),
    ('{"oneNode":{}}', "fa 03 00"), ('{"oneNull":null}', "98 04 00"),
    ('{"oneText":null,"oneNumber":1}', "e8 03 01"),
    ('{"oneNumber":1,"oneText":null}', "e8 03 01"),
    ('{"oneNull":"NULL_VALUE"}', "98 04 00"), ('{"oneNull":0}', "98 04 00"),
    ('{"oneNumber":1,"oneText":""}', None),
    ('{"oneNumber":1,"oneNull":null}', None),
    # names
    ('{"underScore2":1}', "d0 0c 01"), ('{"under_score2":1}', "d0 0c 01"),
    ('{"Leading3":1}', "d8 0c 01"), ('{"_leading3":1}', "d8 0c 01"),
    ('{"twoInARow4":1}', "e0 0c 01"), ('{"digit7Name8":1}', "f0 0c 01"),
    ('{"Capital10":1}', "80 0d 01"), ('{"mixedCase11":1}', "88 0d 01"),
    ('{"BothWays12":1}', "90 0d 01"), ('{"UPPERCASE13":1}', "98 0d 01"),
    ('{"UPPERLower14":1}', "a0 0d 01"), ('{"TwiceLeading15":1}', "a8 0d 01"),
    ('{"trailing16":1}', "b0 0d 01"), ('{"chosen":1}', "b8 0d 01"),
    ('{"other":1}', "b8 0d 01"), ('{"a\\"b":1}', "c0 0d 01"),
    ('{"underSc\\u006fre2":1}', "d0 0c 01"), ('{"UnderScore2":1}', None),
    ('{"under_Score2":1}', None), ('{"nope":1}', None),
    ('{"nope":null}', None),
    ('{"i32":1,"i32":1}', None), ('{"under_score2":1,"underScore2":1}', None),
    # wrappers
    ('{"wI32":0}', "c2 04 00"), ('{"wText":""}', "f2 04 00"),
    ('{"wFlag":false}', "ba 04 00"), ('{"wI64":"7"}', "ca 04 02 08 07"),
    ('{"wRaw":"AQ"}', "fa 04 03 0a 01 01"), ('{"wI32":{"value":1}}', None),
    ('{"wU32":-1}', None), ('{"rwI32":[0,1]}', "82 05 00 82 05 02 08 01"),
    ('{"rwI32":[null]}', None), ('{"wReal":"NaN"}',
                                 "ea 04 09 09 00 00 00 00 00 00 f8 7f"),
    # Timestamp, Duration, FieldMask
    ('{"timestamp":"1970-01-01T00:00:01.5Z"}',
     "e2 05 08 08 01 10 80 ca b5 ee 01"),
    ('{"timestamp":"1970-01-01T08:00:01+08:00"}', "e2 05 02 08 01"),
    ('{"timestamp":"1969-12-31T23:30:00-00:30"}', "e2 05 00"),
    ('{"timestamp":"0001-01-01T00:00:00+00:01"}', None),
    ('{"timestamp":"10000-01-01T00:00:00Z"}', None),
    ('{"timestamp":"2001-02-29T00:00:00Z"}', None),
    ('{"timestamp":"1970-01-01t00:00:00Z"}', None),
    ('{"timestamp":"1970-01-01T00:00:00z"}', None),
    ('{"timestamp":"1970-01-01T00:00:00"}', None),
    ('{"timestamp":"1970-01-01 00:00:00Z"}', None),
    ('{"timestamp":"1970-01-01T00:00:60Z"}', None),
    ('{"timestamp":"1970-01-01T00:00:00.0123456789Z"}', None),
    ('{"timestamp":1}', None),
    ('{"duration":"1.5s"}', "da 05 08 08 01 10 80 ca b5 ee 01"),
    ('{"duration":"-1.5s"}', "da 05 16 08 ff ff ff ff ff ff ff ff ff 01 "
                             "10 80 b6 ca 91 fe ff ff ff ff 01"),
    ('{"duration":"0s"}', "da 05 00"),
    ('{"duration":"315576000000s"}', "da 05 07 08 80 bc ae ce 97 09"),
    ('{"duration":"315576000000.999999999s"}',
     "da 05 0d 08 80 bc ae ce 97 09 10 ff 93 eb dc 03"),
    ('{"duration":"315576000001s"}', None),
    ('{"duration":"-315576000001s"}', None), ('{"duration":"1"}', None),
    ('{"duration":"1m"}', None), ('{"duration":" 1s"}', None),
    ('{"duration":"1.0123456789s"}', None), ('{"duration":"s"}', None),
    ('{"duration":"+1s"}', None), ('{"duration":"1.s"}', None),
    ('{"mask":"a,bC.d"}', "ea 05 0a 0a 01 61 0a 05 62 5f 63 2e 64"),
    ('{"mask":""}', "ea 05 00"),
    ('{"mask":"a_b"}', None), ('{"mask":[]}', None),
    # Struct, Value, ListValue, NullValue
    ('{"value":null}', "82 06 02 08 00"), ('{"value":"x"}',
                                           "82 06 03 1a 01 78"),
    ('{"value":true}', "82 06 02 20 01"), ('{"value":[]}', "82 06 02 32 00"),
    ('{"value":{}}', "82 06 02 2a 00"),
    ('{"value":1}', "82 06 09 11 00 00 00 00 00 00 f0 3f"),
    ('{"value":"1"}', "82 06 03 1a 01 31"), ('{"value":1e999}', None),
    ('{"list":[null]}', "92 06 04 0a 02 08 00"), ('{"list":{}}', None),
    ('{"structure":{"a":null}}', "f2 05 09 0a 07 0a 01 61 12 02 08 00"),
    ('{"structure":{"a":1,"a":2}}', None), ('{"structure":[]}', None),
    ('{"structure":null}', ""), ('{"rValue":[null]}', "ba 06 02 08 00"),
    ('{"rList":[null]}', None), ('{"rStruct":[null]}', None),
    ('{"null":null}', ""), ('{"null":"NULL_VALUE"}', ""), ('{"null":0}', ""),
    ('{"null":"nope"}', None), ('{"empty":{}}', "9a 06 00"),
    ('{"empty":{"a":1}}', None),
    # Any
    ('{"any":{}}', "fa 05 00"),
    ('{"any":{"@type":"a/google.protobuf.Empty"}}',
     "fa 05 19 0a 17 " + b"a/google.protobuf.Empty".hex()),
    ('{"any":{"@type":"google.protobuf.Empty"}}', None),
    ('{"any":{"@type":"a/no.Such"}}', None), ('{"any":{"@type":1}}', None),
    ('{"any":{"@type":"","value":""}}', None),
    ('{"any":{"\\u0040type":"a/google.protobuf.Empty"}}',
     "fa 05 19 0a 17 " + b"a/google.protobuf.Empty".hex()),
    ('{"any":{"n":1}}', None), ('{"any":{"@type":""}}', None),
    ('{"any":{"@type":"%s","@type":"%s"}}' % (NODE, NODE), None),
    ('{"any":{"@type":"%s","zz":1}}' % NODE, None),
    ('{"any":{"@type":"%sgoogle.protobuf.Duration","value":"1"}}' % ANY, None),
    # JSON itself
    ('', None), (' ', None), ('null', None), ('[]', None), ('1', None),
    ('"x"', None), ('{', None), ('{}}', None), ('{} {}', None),
    ('{"i32":1a}', None), ('{"i32":1,}', None), ('{,}', None),
    ('{"i32" 1}', None),
    ("{'i32':1}", None), ('{i32:1}', None), ('{"i32":1 "i64":1}', None),
    ('{"i32":1}/**/', None), ('\ufeff{}', None), ('{}\0', None),
    (' \t\r\n{ "i32" : 1 } \t\r\n', "08 01"), ('{"i32":tru}', None),
    ('{"value":%s}' % ("[" * 200 + "]" * 200), None),
    ('{"node":' + '{"next":' * 60 + "{}" + "}" * 60 + "}", ANYTHING),
    ('{"zz":' + "[" * 5000, None),
)

OLD_TO_WIRE = (
    ('{"data":{"groupNumber":1}}', "2b 08 01 2c"),
    ('{"Data":{}}', None), ('{"item":[{"key":"a"},{}]}',
                            "33 0a 01 61 34 33 34"),
    ('{"onegroup":{"n":1}}', "5b 08 01 5c"), ('{"number":0}', "08 00"),
    ('{"text":""}', "12 00"), ('{"raw":""}', "72 00"),
    ('{"unpacked":[1,2]}', "18 01 18 02"), ('{"packed":[1,2]}',
                                            "22 02 01 02"),
    ('{"closed":"SECOND"}', "38 05"), ('{"closed":"THIRD"}', None),
    ('{"[sluice.test.protojson2.extra]":1}', "a0 06 01"),
    ('{"[sluice.test.protojson2.extras]":["a"]}', "aa 06 01 61"),
    ('{"[sluice.test.protojson2.Scope.scoped]":"FIRST"}', "b8 06 03"),
    ('{"[sluice.test.protojson2.nested]":{"number":1}}', "b2 06 02 08 01"),
    ('{"[sluice.test.protojson2.Other.foreign]":1}', None),
    ('{"[sluice.test.protojson2.nope]":1}', None), ('{"extra":1}', None),
    ('{"[extra]":1}', None), ('{"strict":{}}', None),
    ('{"strict":{"id":null}}', None), ('{"strict":{"id":0}}', "6a 02 08 00"),
    ('{"strict":{"id":1,"next":{}}}', None), ('{"set":{}}', None),
    ('{"set":null}', ""), ('{"[sluice.test.protojson2.extra]":1,'
                           '"[sluice.test.protojson2.extra]":1}', None),
)

# With ignore_unknown: (text, wire)
IGNORED = (
    ('{"nope":1,"i32":1}', "08 01"), ('{"nope":{"a":[1,{"b":null}]}}', ""),
    ('{"tone":"NOPE"}', ""), ('{"rTone":["LOW","NOPE","HIGH"]}',
                              "e2 01 02 01 02"),
    ('{"mTone":{"a":"NOPE","b":"LOW"}}', "c2 03 05 0a 01 62 10 01"),
    ('{"nope":[1,}', None), ('{"nope":"\\ud83d"}', None),
    ('{"nope":tru}', None), ('{"[no.ext]":1}', ""), ('{"i32":"x"}', None),
    ('{"oneTone":"NOPE"}', ""), ('{"node":{"zz":1,"n":1}}',
                                 "8a 01 02 08 01"),
    ('{"nope":1,"nope":2}', ""), ('{"a":%s}' % ("[" * 200 + "]" * 200), None),
)

# ---- binary -> JSON ---------------------------------------------------------

FROM_WIRE = (
    ("", "{}"), ("08 00", "{}"), ("08 01 08 02", '{"i32":2}'),
    ("08 ff ff ff ff ff ff ff ff ff 01", '{"i32":-1}'),
    ("08 81 80 80 80 10", '{"i32":1}'), ("68 02", '{"flag":true}'),
    ("10 80 80 80 80 80 80 80 80 80 01", '{"i64":"-9223372036854775808"}'),
    ("20 ff ff ff ff ff ff ff ff ff 01", '{"u64":"18446744073709551615"}'),
    ("28 01 30 03", '{"s32":-1,"s64":"-2"}'),
    ("5d cd cc cc 3d", '{"single":0.1}'), ("5d 01 00 c0 ff",
                                           '{"single":"NaN"}'),
    ("5d 00 00 80 ff", '{"single":"-Infinity"}'),
    ("61 9a 99 99 99 99 99 b9 3f", '{"real":0.1}'),
    ("61 00 00 00 00 00 00 00 80", '{"real":-0.0}'),
    ("61 ff ff ff ff ff ff ef 7f", '{"real":1.7976931348623157e+308}'),
    ("72 03 22 5c 0a", '{"text":"\\"\\\\\\n"}'), ("72 01 00",
                                                '{"text":"\\u0000"}'),
    ("72 01 ff", None), ("7a 01 fb", '{"raw":"+w=="}'),
    ("80 01 02", '{"tone":"HIGH"}'), ("80 01 01", '{"tone":"LOW"}'),
    ("80 01 4d", '{"tone":77}'), ("8a 01 00", '{"node":{}}'),
    # split submessages merge
    ("8a 01 02 08 01 8a 01 03 22 01 61", '{"node":{"n":1,"s":"a"}}'),
    ("8a 01 02 1a 00 8a 01 04 1a 02 08 01", '{"node":{"list":[{},{"n":1}]}}'),
    ("fa 03 02 08 01 fa 03 03 22 01 61", '{"oneNode":{"n":1,"s":"a"}}'),
    ("fa 03 02 08 01 e8 03 00 fa 03 03 22 01 61", '{"oneNode":{"s":"a"}}'),
    # packed, unpacked and mixed
    ("aa 01 02 01 02", '{"rI32":[1,2]}'), ("a8 01 01 a8 01 02",
                                           '{"rI32":[1,2]}'),
    ("a8 01 01 aa 01 02 02 03 a8 01 04", '{"rI32":[1,2,3,4]}'),
    ("f2 01 02 01 02", '{"rS32":[-1,1]}'), ("aa 01 00", "{}"),
    ("aa 01 01 80", None), ("fa 01 03 01 02 03", None),
    # maps: missing parts, the last of equal keys, submessages in pieces
    ("ca 02 00", '{"mI32":{"0":0}}'), ("a2 03 00", '{"mText":{"":""}}'),
    ("ca 03 02 0a 00", '{"mNode":{"":{}}}'),
    ("ca 02 04 08 01 10 02 ca 02 04 08 01 10 03", '{"mI32":{"1":3}}'),
    ("ca 02 04 10 02 08 01", '{"mI32":{"1":2}}'),
    ("ca 03 08 12 02 08 01 12 02 22 00", '{"mNode":{"":{"n":1}}}'),
    ("9a 03 04 08 01 10 01", '{"mFlag":{"true":true}}'),
    # oneofs: the last one
    ("e8 03 01 f2 03 01 61", '{"oneText":"a"}'), ("e8 03 00",
                                                  '{"oneNumber":0}'),
    ("98 04 00", '{"oneNull":null}'), ("a8 04 00", '{"maybe":0}'),
    # unknown fields and wrong wire types
    ("f8 7f 01 08 01", '{"i32":1}'), ("fb 7f 08 01 fc 7f 08 01", '{"i32":1}'),
    ("0d 01 02 03 04", "{}"), ("0a 01 01", "{}"), ("fa 7f 02 ff ff", "{}"),
    # well-known types
    ("e2 05 08 08 01 10 80 ca b5 ee 01",
     '{"timestamp":"1970-01-01T00:00:01.500Z"}'),
    ("e2 05 02 10 01", '{"timestamp":"1970-01-01T00:00:00.000000001Z"}'),
    ("e2 05 00", '{"timestamp":"1970-01-01T00:00:00Z"}'),
    ("e2 05 0b 10 ff ff ff ff ff ff ff ff ff 01", None),
    ("e2 05 06 10 80 94 eb dc 03", None),
    ("e2 05 07 08 80 83 d1 ff af 07",
     None),
    ("da 05 0b 10 80 b6 ca 91 fe ff ff ff ff 01", '{"duration":"-0.500s"}'),
    ("da 05 07 08 01 10 80 ad e2 04", '{"duration":"1.010s"}'),
    ("da 05 0d 08 01 10 ff ff ff ff ff ff ff ff ff 01", None),
    ("da 05 07 08 81 bc ae ce 97 09", None),
    ("ea 05 0a 0a 01 61 0a 05 62 5f 63 2e 64", '{"mask":"a,bC.d"}'),
    ("ea 05 05 0a 03 61 42 63", None), ("ea 05 06 0a 04 61 5f 5f 62", None),
    ("ea 05 05 0a 03 61 5f 31", None), ("ea 05 04 0a 02 61 5f", None),
    ("82 06 02 08 00", '{"value":null}'),
    ("82 06 09 11 00 00 00 00 00 00 f0 3f", '{"value":1}'),
    ("82 06 09 11 00 00 00 00 00 00 f8 7f", None),
    ("82 06 09 11 00 00 00 00 00 00 f0 7f", None),
    ("f2 05 09 0a 07 0a 01 61 12 02 08 00", '{"structure":{"a":null}}'),
    ("f2 05 00 92 06 00", '{"structure":{},"list":[]}'),
    ("c2 04 00 ca 04 02 08 07", '{"wI32":0,"wI64":"7"}'), ("fa 05 00",
                                                          '{"any":{}}'),
    ("fa 05 19 0a 17 " + b"a/google.protobuf.Empty".hex(),
     '{"any":{"@type":"a/google.protobuf.Empty"}}'),
    ("fa 05 0b 0a 09 " + b"a/no.Such".hex(), None),
    ("fa 05 03 12 01 00", None),
    # broken
    ("08", None), ("0a", None), ("72 02 61", None), ("00", None),
    ("07", None), ("0e", None), ("0c", None), ("fb 7f", None),
    ("fb 7f f4 7f", None), ("08 ff ff ff ff ff ff ff ff ff ff 01", None),
    ("88 80 80 80 80 00 01", None), ("8a 01 01 08", None),
    ("72 ff ff ff ff 0f", None), ("3d 01 02", None), ("41 01", None),
)

OLD_FROM_WIRE = (
    ("2b 08 01 2c", '{"data":{"groupNumber":1}}'),
    ("2b 08 01 2c 2b 12 02 08 03 2c",
     '{"data":{"groupNumber":1,"old":{"number":3}}}'),
    ("33 0a 01 61 34 33 34", '{"item":[{"key":"a"},{}]}'),
    ("2b 08 01", None), ("2b 34", None), ("2c", None),
    ("18 01 1a 01 02", '{"unpacked":[1,2]}'),
    ("20 01 22 01 02", '{"packed":[1,2]}'), ("08 00", '{"number":0}'),
    ("38 05", '{"closed":"SECOND"}'), ("38 63", "{}"),
    ("4a 05 0a 01 61 10 63", "{}"), ("4a 05 0a 01 61 10 01",
                                  '{"mClosed":{"a":"ON"}}'),
    ("50 01 60 63", '{"oneNumber":1}'), ("38 05 38 63",
                                         '{"closed":"SECOND"}'),
    ("40 03 40 63 40 05", '{"rClosed":["FIRST","SECOND"]}'),
    ("a0 06 01", '{"[sluice.test.protojson2.extra]":1}'),
    ("b8 06 03", '{"[sluice.test.protojson2.Scope.scoped]":"FIRST"}'),
    ("6a 00", None), ("6a 02 08 00", '{"strict":{"id":0}}'),
    ("6a 02 08 01 6a 02 12 00", None),
    ("6a 02 08 01 6a 04 12 02 08 02", '{"strict":{"id":1,"next":{"id":2}}}'),
    ("82 01 00", None), ("8a 19 01 61", "{}"),
)

# ---- JSON -> JSON -----------------------------------------------------------

TO_JSON = (
    ('{"any":{"n":1,"@type":"%s","s":"a"}}' % NODE,
     '{"any":{"@type":"%s","n":1,"s":"a"}}' % NODE),
    ('{"any":{"value":"1.50s","@type":"%sgoogle.protobuf.Duration"}}' % ANY,
     '{"any":{"@type":"%sgoogle.protobuf.Duration","value":"1.500s"}}' % ANY),
    ('{"any":{"@type":"%sgoogle.protobuf.Any","value":{"@type":"%s"}}}'
     % (ANY, NODE), AS_IT_IS),
    ('{"any":{"@type":"%sgoogle.protobuf.Int32Value","value":"5"}}' % ANY,
     '{"any":{"@type":"%sgoogle.protobuf.Int32Value","value":5}}' % ANY),
    ('{"any":{"@type":"%sgoogle.protobuf.Value","value":[null,{}]}}' % ANY,
     AS_IT_IS),
    ('{"any":{"@type":"%sgoogle.protobuf.Struct","value":{"a":1}}}' % ANY,
     AS_IT_IS),
    ('{"any":{"@type":"%sgoogle.protobuf.FieldMask","value":"a,bC"}}' % ANY,
     AS_IT_IS),
    ('{"any":{"@type":"%sgoogle.protobuf.Timestamp",'
     '"value":"1970-01-01T00:00:00Z"}}' % ANY, AS_IT_IS),
    ('{"real":1e0,"single":16777216}', '{"single":16777216,"real":1}'),
    ('{"real":1e21}', '{"real":1e+21}'), ('{"real":123456789012345680}',
                                          AS_IT_IS),
    ('{"real":1e-7}', '{"real":1e-7}'), ('{"value":1.0}', '{"value":1}'),
    ('{"timestamp":"9999-12-31T23:59:59.999999999Z"}', AS_IT_IS),
    ('{"timestamp":"0001-01-01T00:00:00Z"}', AS_IT_IS),
    ('{"duration":"-315576000000.999999999s"}', AS_IT_IS),
    ('{"mText":{"b":"1","a":"2"}}', AS_IT_IS),
    ('{"mValue":{"a":null,"b":[1]}}', AS_IT_IS),
    ('{"oneNull":null}', AS_IT_IS), ('{"null":null}', "{}"),
    ('{"chosen":1,"a\\"b":2}', AS_IT_IS),
)


class Tables(unittest.TestCase):
    def rows(self, rows, check, *args, **kwargs):
        ask = Transcoder(*args, **kwargs)
        for given, expected in rows:
            with self.subTest(given):
                data = given if isinstance(given, bytes) else given.encode()
                check(ask, data, expected)
        ask.close()

    def refused(self, ask, data):
        with self.assertRaises(Refused) as caught:
            ask(data)
        self.assertNotEqual(str(caught.exception), "")

    def check_wire(self, ask, text, expected):
        if expected is None:
            self.refused(ask, text)
        elif expected is ANYTHING:
            ask(text)
        else:
            self.assertEqual(ask(text).hex(" "),
                             bytes.fromhex(expected).hex(" "))

    def check_json(self, ask, data, expected):
        data = bytes.fromhex(data.decode())
        if expected is None:
            self.refused(ask, data)
        else:
            self.assertEqual(ask(data).decode(), expected)

    def check_same(self, ask, text, expected):
        if expected is AS_IT_IS:
            expected = text.decode()
        self.assertEqual(ask(text).decode(), expected)

    def to_wire(self, rows, *more, **kwargs):
        self.rows(rows, self.check_wire, "json", "binary", *more, **kwargs)

    def from_wire(self, rows, **kwargs):
        self.rows(rows, self.check_json, "binary", "json", **kwargs)

    def test_JSON_to_binary(self):
        self.to_wire(TO_WIRE)

    def test_JSON_to_binary_of_proto2(self):
        self.to_wire(OLD_TO_WIRE, type=OLD)

    def test_what_is_unknown_is_ignored_on_request(self):
        self.to_wire(IGNORED, "--option", "ignore_unknown")

    def test_binary_to_JSON(self):
        self.from_wire(FROM_WIRE)

    def test_binary_to_JSON_of_proto2(self):
        self.from_wire(OLD_FROM_WIRE, type=OLD)

    def test_JSON_as_it_is_written(self):
        self.rows(TO_JSON, self.check_same, "json", "json")


if __name__ == "__main__":
    harness.main()
